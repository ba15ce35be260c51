#!/usr/bin/env perl
# How a thread ends, and what is known in it, when two workers have jobs of it at the same moment.
use FindBin;
use lib "$FindBin::Bin/lib";
use Edgerun::Test;
use Edgerun::Dialects;
use Edgerun::Jobs;
use Edgerun::Process;

use JSON::PP;

my $t = Edgerun::Test->new(crashing => 1);
$t->start_emulator;
my %alice = (token => Edgerun::Jobs::token_of($t, 'alice'));

sub begin_with {
    my (%provider) = @_;
    $t->stop if $t->pid;
    $t->write_conf(
        jobs_conf(provider => { poll_interval => '5s', %provider }, zone => 'zone=jobs:8m journal=%%TESTDIR%%/journal sync=off'),
        main => 'env EDGERUN_CRASH_FILE;'
    );
    $t->run;
    wait_until { $t->get('/jobs', %alice)->{status} == 200 };
    return;
}

# The worker that stands still.
sub stopped_worker {
    my ($timeout) = @_;
    return wait_until { (Edgerun::Process::stopped($t->worker_pids))[0] } $timeout;
}

sub goes_on { kill 'CONT', @_; return }

# A request whose answer is read later.
sub asked {
    my ($path, %request) = @_;
    my $connection = $t->connect;
    $connection->write(Edgerun::Http::format_request('POST', $path, %alice, close => 1, %request));
    return $connection;
}

sub has_thread { my ($job) = @_; return (runs_of($t, $job))[0]{thread_exists} }

# ------------------------------------------------- each leaves it to the other

if (call('forget')) {
    begin_with(keep_threads => 'off');
    for my $number (1, 2) {
        my $first = submit($t, 'First. [[duration=60000]]');
        my $thread = await_run($t, $first)->{threadId};
        my $second = submit($t, 'Second.', threadId => $thread);
        $t->crash_at('stop step_decided');
        my $answer = asked("$second->{headers}{location}/cancel");
        my $worker = stopped_worker() or die "no worker decides the end\n";
        is $t->post("$first->{headers}{location}/cancel", %alice)->{json}{status}, 'CANCELLED',
            "$number: the job ahead is cancelled while that of the one behind is decided";
        goes_on($worker);
        is $answer->read_response->{json}{status}, 'CANCELLED', '... which is cancelled as well';
        ok wait_until { !has_thread($first->{json}) }, '... and their thread is deleted';
    }
}

# -------------------------------------------- one comes while it is being deleted

begin_with(keep_threads => '3s', poll_interval => '100ms');
for my $number (1, 2) {
    my ($job, $deleting) = thread_at_its_end();
    my $next = submit($t, 'Go on.', threadId => $job->{threadId});
    goes_on($deleting);
    my $end = $next->{status} == 202 ? (finish($t, [$next]))[0]{status} : $next->{status};
    is $end, 404, "$number: a thread that is about to be deleted is not continued";
    wait_until { !has_thread($job) } if call('forget');
}

# The job, and the worker that has decided to delete its thread.
sub thread_at_its_end {
    for (1 .. 5) {
        my $job = run_job($t, 'Hello.');
        $t->crash_at('stop step_decided');
        my $worker = stopped_worker(15);
        return ($job, $worker) if $worker;
        $t->forget_crash;    # it was deleted before
    }
    die "no thread is deleted\n";
}

# ------------------------------------------------------- accepted at once, in any order

begin_with(keep_threads => 'on', poll_interval => '100ms', dialect() eq 'responses' ? (conversations => 'off') : ());
my $begun = run_job($t, 'Begun.');
$t->crash_at('stop quota_taken');
my $request = asked('/jobs', json => { query => 'Older.', threadId => $begun->{threadId} });
my $accepting = stopped_worker() or die "no worker accepts a job\n";
my $younger = run_job($t, 'Younger.', threadId => $begun->{threadId});
goes_on($accepting);
my ($older) = finish($t, [ $request->read_response ]);
is "$younger->{status} $older->{status}", 'COMPLETED COMPLETED', 'two jobs are accepted at once, and the younger goes first';
my $last = run_job($t, 'Last.', threadId => $begun->{threadId});
is $last->{status}, 'COMPLETED', '... and another after them';
is +(goes_on_from($older))[0], $younger->{runId}, '... the older knows of the younger' if dialect() eq 'responses';
is +(goes_on_from($last))[0], $older->{runId}, '... the last of both' if dialect() eq 'responses';
is join(' ', grep { /^(?:Begun|Younger|Older|Last)/ } told_to('Last.')), 'Begun. Younger. Older. Last.', '... of all'
    if dialect() eq 'chat';

sub starts { return map { JSON::PP->new->decode($_->{body}) } @{ $t->emulator->log(call => call('start')) } }

sub goes_on_from {
    my ($job) = @_;
    my ($run) = runs_of($t, $job);
    return map { $_->{previous_response_id} } grep { JSON::PP->new->encode($_) =~ /\Q$run->{question}\E/ } starts();
}

# What users said, in the call that asks this last.
sub told_to {
    my ($question) = @_;
    my ($call) = grep { $_->{messages}[-1]{content} =~ /^\Q$question\E/ } starts();
    return map { $_->{content} =~ s/ .*//sr } grep { $_->{role} eq 'user' } @{ $call->{messages} };
}

done_testing;
