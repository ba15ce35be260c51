#!/usr/bin/env perl
# A worker is killed, or stands still: its jobs go on in another worker, within 3
# seconds as promised. The time is reported, not judged: this machine may be busy.
use FindBin;
use lib "$FindBin::Bin/lib";
use Edgerun::Test;
use Edgerun::Jobs;
use List::Util qw(max min);
use Time::HiRes qw(time);

use constant JOBS => 40;

my @journals = ('', ' journal=%%TESTDIR%%/journal sync=always');
for my $journal (@journals) {
    my $t = Edgerun::Test->new;
    $t->start_emulator(duration => 600_000);
    $t->write_conf(
        jobs_conf(
            provider => { poll_interval => undef, run_timeout => '10m' },
            zone     => "zone=jobs:4m$journal",
            server   => 'add_header X-Worker $pid always;',
        )
    );
    $t->run;
    wait_until { submit($t, 'Ready?')->{status} == 202 };

    my $how = $journal ? 'with a journal' : 'without a journal';
    for my $case ([ 'KILL', 'is killed' ], [ 'STOP', 'stands still' ]) {
        my ($signal, $what) = @$case;
        my ($worker, @jobs) = worker_with_jobs($t);
        my $since = time;
        kill $signal, $worker;
        my %again;
        ok wait_until { %again = first_polls($t, $since * 1000, @jobs); keys %again == JOBS },
            "$how, a worker $what: all its jobs are polled again";
        diag sprintf "%s, a worker %s: all its jobs went on within %.2f s", $how, $what,
            max(map { $_ / 1000 - $since } values %again);
        kill 'CONT', $worker if $signal eq 'STOP';
        $t->allow_log(qr/worker process $worker exited on signal 9/, qr/was locked by $worker/);
        wait_until { $t->worker_pids == 2 };
    }
    $t->stop;
}

# JOBS more jobs, all of one worker's, and running; its pid, and they.
sub worker_with_jobs {
    my ($t) = @_;
    my $connection = $t->connect;
    my @answers = map { submit($t, "Job $_", on => $connection) } 1 .. JOBS;
    my @jobs;
    wait_until {
        @jobs = map { job_of($t, $_, on => $connection) } @answers;
        return !grep { $_->{status} ne 'RUNNING' || !$_->{runId} } @jobs;
    };
    return ($answers[0]{headers}{'x-worker'}, @jobs);
}

# When the run of each of these jobs was first polled since then, Unix ms.
sub first_polls {
    my ($t, $since, @jobs) = @_;
    my %is_asked = map { ("/v1/threads/$_->{threadId}/runs/$_->{runId}" => 1) } @jobs;
    my %first;
    for my $entry (@{ $t->emulator->log(call => 'poll_run') }) {
        next if $entry->{time_ms} < $since || !$is_asked{ $entry->{path} };
        $first{ $entry->{path} } = min($first{ $entry->{path} } // $entry->{time_ms}, $entry->{time_ms});
    }
    return %first;
}

done_testing;
