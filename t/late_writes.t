#!/usr/bin/env perl
# A worker stands still for longer than its lease, just when a step is in the journal
# and not yet in the zone: another one carries the job on. Then it goes on where it was, and
# must neither write that step nor make the call that it was for.
use FindBin;
use lib "$FindBin::Bin/lib";
use Edgerun::Test;
use Edgerun::Jobs;
use Edgerun::Process;
use Edgerun::Storm;
use Time::HiRes qw(time);

my $t = Edgerun::Test->new(crashing => 1);
my $emulator = $t->start_emulator(duration => 100);
$t->write_conf(storm_conf(), main => 'env EDGERUN_CRASH_FILE;');
$t->run;
my $ready = wait_until { my $got = submit($t, 'Ready?'); $got->{status} == 202 && $got };
finish($t, [$ready]);
wait_until { $emulator->stats->{threads} == 0 };

sub calls { my ($call) = @_; return scalar @{ $emulator->log(call => $call) } }

sub poll {
    my ($answer) = @_;
    return $t->get("/jobs/$answer->{json}{id}", token => Edgerun::Jobs::token_of($t, 'alice'));
}

# The worker that stands still before what comes of the call that is under way now.
my $since;
sub stopped_in_next_step {
    $t->crash_at('stop step_journaled');
    my $worker = wait_until { (Edgerun::Process::stopped($t->worker_pids))[0] };
    $since = time;
    return $worker;
}

# When its lease is over.
sub goes_on {
    my ($worker) = @_;
    wait_until { time - $since > 3.5 };
    kill 'CONT', $worker;
    return wait_until { $t->error_log =~ /\Q$worker#$worker\E: edgerun: this worker was away for long/ };
}

# It was about to start the run. Its successor starts it, and waits for the answer; so the job's
# status is still the same.
$emulator->reset;
$emulator->fault([
    { on => 'add_message', action => 'delay', ms => 2000 },
    { on => 'create_run',  action => 'delay', ms => 4000 },
]);
my $answer = submit($t, 'Once, please.');
wait_until { calls('add_message') };
my $worker = stopped_in_next_step();
ok $worker, 'a worker stands still before it starts a run';
ok wait_until { @{ $emulator->runs } == 1 && $emulator->runs->[0]{status} eq 'completed' }, 'another one starts it';
ok goes_on($worker), 'the first one goes on';
my ($job) = finish($t, [$answer]);
is "$job->{status} " . scalar(runs_of($t, $job)), 'COMPLETED 1', 'and does not start it once more';

# It was about to write that the job is completed. The job was cancelled meanwhile.
$emulator->reset;
$emulator->fault({ on => 'list_messages', action => 'delay', ms => 3000 });
$answer = submit($t, 'Cancel me.');
wait_until { calls('list_messages') };
$worker = stopped_in_next_step();
ok $worker, 'a worker stands still before it completes a job';
my $cancelled = wait_until {
    my $got = eval {
        $t->post("/jobs/$answer->{json}{id}/cancel", token => Edgerun::Jobs::token_of($t, 'alice'), timeout => 3);
    };
    return $got && $got->{status} == 200 && $got;
};
is $cancelled->{json}{status}, 'CANCELLED', 'the job is cancelled by another one';
ok goes_on($worker), 'the first one goes on';
is poll($answer)->{body}, $cancelled->{body}, 'and the job stays as it is';
$t->kill_all;
$t->run;
wait_until { poll($answer)->{status} == 200 };
is poll($answer)->{body}, $cancelled->{body}, 'after a restart too, though the journal holds both ends';

done_testing;
