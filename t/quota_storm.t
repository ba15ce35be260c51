#!/usr/bin/env perl
# 64 clients of one user at once, and workers that are killed between: exactly as many jobs are
# accepted as the quota says, whether or not anybody heard of it at the first try.
#
# EDGERUN_QUOTA_LIMIT: of the quota (1000).
use FindBin;
use lib "$FindBin::Bin/lib";
use Edgerun::Test;
use Edgerun::Calendar;
use Edgerun::Dialects qw(responses);
use Edgerun::QuotaStorm;
use Edgerun::Quotas;
use Edgerun::Storm qw(rounds);
use List::Util qw(uniq);

my $LIMIT = $ENV{EDGERUN_QUOTA_LIMIT} // 1000;

sub storm_over {
    my ($name, $journals, @nemesis) = @_;
    begin_within('month');
    my $t = Edgerun::Test->new(workers => 4);
    $t->start_emulator(duration => 50);
    $t->write_conf(quota_conf(
        ["limit=$LIMIT period=month"],
        zone     => 'zone=jobs:64m' . ($journals ? ' journal=%%TESTDIR%%/journal sync=off' : ''),
        quotas   => $journals ? 'journal=%%TESTDIR%%/quotas' : undef,
        provider => { poll_interval => '200ms', run_timeout => '5m', start_grace => '1s' },
    ));
    $t->run;

    my $storm = Edgerun::QuotaStorm->new($t);
    my $rounds = rounds(4);
    $storm->start;
    for my $round (1 .. $rounds) {
        $storm->await_used($LIMIT * $round / ($rounds + 1));
        $nemesis[ $round % @nemesis ]->($storm);
    }
    $storm->await_used($LIMIT);
    $nemesis[0]->($storm);
    end_of($storm);

    my $answers = $storm->answers;
    my @accepted = sort keys %{ $answers->{jobs} };
    is scalar @accepted, $LIMIT, "$name: exactly as many jobs are accepted as the quota says"
        or diag join ', ', map { "$_: $answers->{$_}" } grep { $_ ne 'jobs' } sort keys %$answers;
    is settled($t, $LIMIT), "$LIMIT/0", "$name: which is what was used";
    is use_of($t)->{remaining}, 0, "$name: nothing remains";
    cmp_ok $storm->highest, '<=', $LIMIT, "$name: it was never more";
    is_deeply [ sort map { $_->{id} } all_jobs($t) ], \@accepted, "$name: there are no other jobs";
    $storm->keeps_promises("$name: all promises are kept");
    is_deeply [ sort +uniq map { $_->{job} } @{ $t->emulator->runs } ], \@accepted, "$name: only these were run";
    $t->stop;
    return;
}

# When all have had a chance to get what others gave back.
sub end_of {
    my ($storm) = @_;
    wait_until { keys %{ $storm->answers->{jobs} } >= $LIMIT && $storm->used == $LIMIT } 120;
    my $refused = $storm->answers->{spent} // 0;
    wait_until { ($storm->answers->{spent} // 0) >= $refused + 128 };
    $storm->stop;
    return;
}

my $one = sub { $_[0]->kill_worker };
my $all = sub { $_[0]->kill_workers };
storm_over('in memory', 0, $one, $all);
storm_over('with journals', 1, $one, sub { $_[0]->kill_everything }, sub { $_[0]->reload }, $all);

done_testing;
