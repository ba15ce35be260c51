#!/usr/bin/env perl
# With chat completions a run is a call that is held: it ends when its connection does, and
# is carried to its end by the worker that has it.
use FindBin;
use lib "$FindBin::Bin/lib";
use Edgerun::Test;
use Edgerun::Dialects qw(chat);
use Edgerun::Jobs;

my $t = Edgerun::Test->new;
$t->start_emulator;
my $emulator = $t->emulator;
my %provider = (run_timeout => '5m', request_timeout => '1s');
my $auth = 'edgerun_auth_jwt "jobs"; edgerun_auth_jwt_secret env:EDGERUN_JWT_SECRET;';

sub write_conf {
    my (%more) = @_;
    $t->write_conf(
        jobs_conf(
            provider => { %provider, %more },
            server   => "add_header X-Worker \$pid always;
                location /often { $auth edgerun_jobs zone=jobs provider=main; edgerun_start_guarantee at_least_once; }"
        )
    );
    return;
}
write_conf();
$t->run;
my %alice = (token => Edgerun::Jobs::token_of($t, 'alice'));

sub status_of { return join ' ', map { $_->{status} } runs_of($t, $_[0]{json} // $_[0]) }
sub worker_of { return $_[0]{headers}{'x-worker'} }

# A connection to another worker than this answer's.
sub other_worker {
    my ($answer) = @_;
    return wait_until {
        my $connection = $t->connect;
        my $poll = $connection->get($answer->{headers}{location}, %alice);
        return worker_of($poll) ne worker_of($answer) && $connection;
    };
}

# ---------------------------------------------------------------- how long

my $job = run_job($t, 'Think. [[duration=2500]] [[answer=So.]]');
is "$job->{status} $job->{answer}", 'COMPLETED So.', 'a run may take longer than request_timeout';
is scalar @{ $emulator->log }, 1, 'it is one call';

# ----------------------------------------------------------------- cancelled

my $answer = submit($t, 'Stop me. [[duration=600000]]');
await_run($t, $answer);
is $t->post("$answer->{headers}{location}/cancel", %alice)->{json}{status}, 'CANCELLED', 'a job is cancelled';
ok wait_until { status_of($answer) eq 'cancelled' }, 'with its connection ends the run';

$answer = submit($t, 'Stop me elsewhere. [[duration=600000]]');
await_run($t, $answer);
my $other = other_worker($answer);
my $cancelled = $other->post("$answer->{headers}{location}/cancel", %alice);
isnt worker_of($cancelled), worker_of($answer), 'a worker that does not hold the call';
is $cancelled->{json}{status}, 'CANCELLED', 'cancels the job as well';
ok wait_until { status_of($answer) eq 'cancelled' }, 'and the one that holds it ends it';

$answer = submit($t, 'Erase me elsewhere. [[duration=600000]]');
await_run($t, $answer);
is other_worker($answer)->request('DELETE', $answer->{headers}{location}, %alice)->{status}, 204, 'another worker erases a job';
ok wait_until { status_of($answer) eq 'cancelled' }, 'and its run ends';

# ------------------------------------------------------------------- reloads

$answer = submit($t, 'Go on. [[duration=600000]] [[answer=So.]]');
await_run($t, $answer);
ok $t->reload(old => 'stay'), 'a reload while a call is held';
is job_of($t, $answer)->{status}, 'RUNNING', 'the job runs on';
$emulator->finish;
($job) = finish($t, [$answer]);
is "$job->{status} $job->{answer}", 'COMPLETED So.', 'and is carried to its end';
is status_of($job), 'completed', 'by one run';
ok wait_until { $t->worker_pids(1) == 2 }, 'then the old worker leaves';

$answer = submit($t, 'Stop me. [[duration=600000]]');
await_run($t, $answer);
ok $t->reload(old => 'stay'), 'another reload';
is $t->post("$answer->{headers}{location}/cancel", %alice)->{json}{status}, 'CANCELLED', 'a new worker cancels the job';
ok wait_until { status_of($answer) eq 'cancelled' }, 'the old one ends the call';
ok wait_until { $t->worker_pids(1) == 2 }, 'and leaves';

# The new configuration does not concern what began under the old one.
$answer = submit($t, 'Go on. [[duration=3000]] [[answer=So.]]');
await_run($t, $answer);
write_conf(run_timeout => '1s');
ok $t->reload(old => 'stay'), 'a reload with a shorter run_timeout';
is((finish($t, [$answer]))[0]{status}, 'COMPLETED', 'the job has the time that it began with');
is error_of(run_job($t, 'Think long. [[duration=600000]]')), '504 RunTimeout: the run did not end within 1 s',
    'a new one has the new time';
ok wait_until { !grep { $_->{status} eq 'in_progress' } @{ $emulator->runs } }, 'and its run ends with it';
write_conf();
$t->reload;

# -------------------------------------------------------------------- deaths

for my $case ([ '/jobs', 'FAILED StartOutcomeUnknown: cancelled' ], [ '/often', 'COMPLETED : cancelled completed' ]) {
    my ($path, $expected) = @$case;
    $answer = submit($t, 'Die. [[duration=600000]]', path => $path);
    wait_until { runs_of($t, $answer->{json}) };
    $t->kill_worker(worker_of($answer));
    wait_until { status_of($answer) eq ($path eq '/jobs' ? 'cancelled' : 'cancelled in_progress') };
    $emulator->finish if $path eq '/often';
    my $last = $t->wait_for_job($answer->{headers}{location}, %alice)->{json};
    is "$last->{status} " . ($last->{error}{error} // '') . ': ' . status_of($last), $expected,
        "$path: the worker that holds the call is killed";
}

$answer = submit($t, 'Wait. [[duration=600000]]');
await_run($t, $answer);
my $worker = worker_of($answer);
$other = other_worker($answer);
kill 'STOP', $worker;
wait_until { $job = job_of($t, $answer, on => $other); Edgerun::Jobs::is_final($job) };
is $job->{error}{error}, 'StartOutcomeUnknown', 'a worker that stands still loses its job';
is status_of($job), 'in_progress', 'whose run goes on';
kill 'CONT', $worker;
ok wait_until { status_of($job) eq 'cancelled' }, 'until it comes back, and ends the call';
is_deeply job_of($t, $answer), $job, 'which changes nothing for the job';

done_testing;
