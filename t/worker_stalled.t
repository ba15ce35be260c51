#!/usr/bin/env perl
# A worker is away longer than its lease while calls of its jobs wait for a
# connection: when it comes back, it sends none of them.
use FindBin;
use lib "$FindBin::Bin/lib";
use Edgerun::Test;
use Edgerun::Dialects qw(assistants responses);
use Edgerun::Jobs;

my $kJobs = 4;

my $t = Edgerun::Test->new(workers => 2);
$t->start_emulator(duration => 200, delay => 400);
$t->write_conf(jobs_conf(provider => {
    max_transfers => 1, poll_interval => '1s', keep_threads => 'on', run_timeout => '90s',
}));
$t->run;

# All of one worker: the one that has accepted the connection.
my $emulator = $t->emulator;
my $connection = $t->connect;
my @jobs = map { submit($t, "Question $_.", on => $connection) } 1 .. $kJobs;
wait_until { @{ $emulator->log(call => call('start')) } >= 1 };

my ($stalled) = grep { holds_connection_to($_, $emulator->port) } $t->worker_pids;
ok $stalled, 'one worker has the jobs';
kill 'STOP', $stalled;
wait_until { @{ $emulator->runs } >= $kJobs } 60;
kill 'CONT', $stalled;

my @ended = finish($t, \@jobs, timeout => 90);
is "$_->{status} " . scalar(runs_of($t, $_)), 'COMPLETED 1', 'a job ends well, with one run'
    for @ended;

# holds_connection_to(PID, PORT): is a socket of the process connected there?
sub holds_connection_to {
    my ($pid, $port) = @_;
    my %inodes = map { m{socket:\[(\d+)\]} ? ($1 => 1) : () }
        map { readlink($_) // '' } glob "/proc/$pid/fd/*";
    open my $table, '<', "/proc/$pid/net/tcp" or return 0;
    my $remote = sprintf ':%04X', $port;
    return scalar grep { (split)[2] =~ /$remote$/ && $inodes{ (split)[9] } } <$table>;
}

done_testing;
