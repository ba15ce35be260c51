#!/usr/bin/env perl
# A worker dies at each point where a job and its quotas could come apart: when it has taken and
# the job is not there, when the job is there and nobody knows, when it has ended and is not
# settled, in the midst of changing a counter. In the end exactly what was accepted is counted.
use FindBin;
use lib "$FindBin::Bin/lib";
use Edgerun::Test;
use Edgerun::Dialects qw(responses);
use Edgerun::Jobs;
use Edgerun::Process;
use Edgerun::Quotas;
use List::Util qw(sum0 uniq);

# Points of others at which quotas are in question.
my @NEIGHBOURS = qw(submit_reserved submit_published step_committed);
my @OF_JOURNALS = qw(submit_published quota_written);
my $TOKENS = 30;

sub points {
    my %points = map { $_ => 1 } @NEIGHBOURS;
    for my $path (glob "$Edgerun::Test::TOP/src/{store,engine}/*.{h,cpp}") {
        my @all = Edgerun::Process::slurp($path) =~ /EDGERUN_CRASH_POINT\((\w+)\)/g;
        $points{$_} = 1 for grep { /^quota_/ || $path =~ /quota_/ } @all;
    }
    return sort keys %points;
}

for my $journals (0, 1) {
    my %passed_by = map { $_ => !$journals } @OF_JOURNALS;
    my @points = grep { !$passed_by{$_} } points();
    die_at($journals ? 'with journals' : 'in memory', $journals, @points);
}

# Three jobs for each point, and as many as are accepted then.
sub die_at {
    my ($name, $journals, @points) = @_;
    my $limit = 3 * @points + 4;
    my $t = Edgerun::Test->new(crashing => 1);
    $t->start_emulator(duration => 20);
    $t->write_conf(quota_conf(
        ["limit=$limit period=month", 'unit=tokens limit=unlimited period=month reserve=100'],
        zone     => 'zone=jobs:8m' . ($journals ? ' journal=%%TESTDIR%%/journal sync=off' : ''),
        quotas   => $journals ? 'journal=%%TESTDIR%%/quotas' : undef,
        provider => { poll_interval => '100ms', run_timeout => '60s', start_grace => '1s' },
    ), main => 'env EDGERUN_CRASH_FILE;');
    $t->allow_log(qr/worker process \d+ exited on signal 9/, qr/zone "[^"]*" was locked by \d+/);
    $t->run;

    my @accepted;
    for my $point (@points) {
        $t->crash_at($point);
        push @accepted, map { job($t) } 1 .. 3;
        ok wait_until { $t->has_crashed }, "$name: a worker dies at $point";
        $t->forget_crash;
        ok wait_until { $t->worker_pids == 2 }, '... and is replaced';
    }
    push @accepted, dies_at_the_end($t, $name);
    is join(' ', uniq map { $_->{status} =~ s/200/202/r } @accepted), '202', "$name: all jobs are accepted in the end";
    is settled($t, scalar @accepted), @accepted . '/0', "$name: each is counted once";

    push @accepted, grep { $_->{status} == 202 } map { job($t) } 1 .. 5;
    is scalar @accepted, $limit, "$name: exactly as many are accepted as the quota says";
    is settled($t, $limit), "$limit/0", "$name: ... and counted";
    my @ids = uniq map { $_->{json}{id} } @accepted;
    is_deeply [ sort map { $_->{id} } all_jobs($t) ], [ sort @ids ], "$name: there are no other jobs";

    my @jobs = finish($t, \@accepted);
    is join(' ', uniq map { $_->{status} } @jobs), 'COMPLETED', "$name: all of them complete";
    my $tokens = sum0 map { $_->{tokensUsed} } @jobs;
    is settled($t, $tokens, name => 'month-tokens'), "$tokens/0", "$name: and have cost what they used";
    $t->stop;
    return;
}

# Between the last step of a job and what becomes of its quotas.
sub dies_at_the_end {
    my ($t, $name) = @_;
    my $job = insist($t, "[[duration=1000]] [[usage=$TOKENS,0]] Hello.");
    await_run($t, $job);
    $t->crash_at('step_committed');
    ok wait_until { $t->has_crashed }, "$name: a worker dies when a job has ended";
    return $job;
}

sub job { my ($t) = @_; return insist($t, "[[usage=$TOKENS,0]] Hello.") }

done_testing;
