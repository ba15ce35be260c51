#!/usr/bin/env perl
# Five hundred jobs at once over two workers.
use FindBin;
use lib "$FindBin::Bin/lib";
use Edgerun::Test;
use Edgerun::Dialects;
use Edgerun::Jobs;
use List::Util qw(uniq);

use constant JOBS => 500;

my $t = Edgerun::Test->new;
$t->start_emulator(duration => 1500, jitter => 700);
$t->write_conf(jobs_conf(zone => 'zone=jobs:16m', provider => { poll_interval => '400ms', run_timeout => '2m' }));
$t->run;

my @connections = map { $t->connect } 1 .. 4;
my @answers = map { submit($t, "Job <$_> [[answer=Answer <$_>]]", on => $connections[ $_ % 4 ]) } 1 .. JOBS;
is scalar(grep { $_->{status} == 202 } @answers), JOBS, 'all are accepted';

my %RANK = (PENDING => 0, RUNNING => 1, COMPLETED => 2);
my (%last, @backwards);
my @jobs = finish($t, \@answers, timeout => 120, seen => sub {
    my ($job) = @_;
    my $before = $last{ $job->{id} };
    push @backwards, [ $before, $job ]
        if !defined $RANK{ $job->{status} }
        || $before && ($RANK{ $job->{status} } < $RANK{ $before->{status} } || $job->{version} < $before->{version});
    $last{ $job->{id} } = $job;
});
is scalar(grep { $_->{status} eq 'COMPLETED' } @jobs), JOBS, 'all complete';
is_deeply \@backwards, [], 'no poll shows a status or a version that goes back';
is_deeply [ map { $_->{answer} } @jobs ], [ map { "Answer <$_>" } 1 .. JOBS ], 'each has its own answer';

is join(' ', uniq run_counts($t, @jobs)), '1', 'each has one run';
ok wait_until { !grep { $_->{thread_exists} } @{ $t->emulator->runs } }, 'no thread is left behind';
is scalar(grep { ($_->{status} // 0) >= 400 } @{ $t->emulator->log }), 0,
    'the provider refused nothing';

done_testing;
