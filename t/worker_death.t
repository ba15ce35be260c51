#!/usr/bin/env perl
# Workers that die, or stand still for long: others carry their jobs on, and no
# run is started twice.
use FindBin;
use lib "$FindBin::Bin/lib";
use Edgerun::Test;
use Edgerun::Dialects;
use Edgerun::Jobs;

my $t = Edgerun::Test->new;
$t->start_emulator(duration => 1500, jitter => 1200);
my $emulator = $t->emulator;
$t->write_conf(
    jobs_conf(
        provider => { poll_interval => '200ms', run_timeout => '5m' },
        server   => 'add_header X-Worker $pid always;'
    )
);
$t->run;

# Jobs in all states: some begin while it happens. It happens to the worker that
# took them.
sub jobs_under {
    my ($name, $happens) = @_;
    my $connection = $t->connect;
    my @answers = map { submit($t, "Job $_", on => $connection) } 1 .. 60;
    undef $connection;
    $happens->($answers[0]{headers}{'x-worker'});
    my (%last, @backwards);
    my @jobs = finish(
        $t,
        \@answers,
        seen => sub {
            my ($job) = @_;
            my $before = $last{ $job->{id} };
            push @backwards, "$before->{status} $job->{status}"
                if $before && $before->{version} > $job->{version};
            $last{ $job->{id} } = $job;
        }
    );
    is ended_badly($t, @jobs), '', "$name: all jobs complete, each by one run";
    is join(', ', @backwards), '', "$name: none goes back";
    # A thread that was being created when its worker died is nobody's.
    ok wait_until { !grep { $_->{thread_exists} } @{ $emulator->runs } },
        "$name: no thread of a run is left behind";
    return;
}

jobs_under(
    'a killed worker',
    sub {
        my ($pid) = @_;
        $t->kill_worker($pid);
    }
);

jobs_under(
    'all workers killed at once',
    sub {
        my @pids = $t->worker_pids;
        $t->allow_log(map { (qr/worker process $_ exited on signal 9/, qr/was locked by $_/) } @pids);
        kill 'KILL', @pids;
        wait_until { my %new = map { $_ => 1 } $t->worker_pids; keys %new == 2 && !grep { $new{$_} } @pids };
    }
);

# Its jobs go on elsewhere after the lease. Then it wakes up, in the midst of
# calls that had been under way, and must keep its hands off.
$emulator->settings({ delay => 400 });
my $before = @{ $emulator->runs };
jobs_under(
    'a worker that stood still',
    sub {
        my ($pid) = @_;
        wait_until { @{ $emulator->runs } > $before };
        my $from = length $t->error_log;
        kill 'STOP', $pid;
        wait_until { substr($t->error_log, $from) =~ /jobs in "jobs" go on in this worker/ };
        kill 'CONT', $pid;
        ok wait_until { $t->error_log =~ /\Q$pid#$pid\E: edgerun: this worker was away for long/ },
            'a worker that stood still: notices that';
    }
);
$emulator->settings({ delay => 0 });
is run_job($t, 'Hello.')->{status}, 'COMPLETED', 'afterwards jobs run as ever' for 1 .. 4;

done_testing;
