#!/usr/bin/env perl
# Servers of Responses that take no background work, or do not show what they do: the call
# is held for as long as the run.
use FindBin;
use lib "$FindBin::Bin/lib";
use Edgerun::Test;
use Edgerun::Dialects qw(responses);
use Edgerun::Jobs;
use List::Util qw(uniq);

my %alice;

# A server of this kind, and jobs of a provider with these directives.
sub start {
    my ($emulator, %provider) = @_;
    my $t = Edgerun::Test->new;
    $t->start_emulator(%$emulator);
    $t->write_conf(jobs_conf(provider => { request_timeout => '2s', run_timeout => '5m', %provider }));
    $t->run;
    %alice = (token => Edgerun::Jobs::token_of($t, 'alice'));
    return $t;
}

sub calls {
    my ($t, $call) = @_;
    return scalar @{ $t->emulator->log(call => $call) };
}

sub is_held {
    my ($t, $name) = @_;
    my $answer = submit($t, 'Think. [[duration=600000]] [[answer=So.]]');
    is await_running($t, $answer)->{runId}, undef, "$name: while the call is held, its run has no id";
    my $since = time;
    wait_until { time - $since > 3 };
    $t->emulator->finish;
    my ($job) = finish($t, [$answer]);
    is "$job->{status} $job->{answer}", 'COMPLETED So.', "$name: a run may take longer than a request";
    like $job->{runId}, dialect('run'), "$name: in the end its id is known";
    is scalar(runs_of($t, $job)), 1, "$name: there is one";
    ok wait_until { !(runs_of($t, $job))[0]{thread_exists} && (runs_of($t, $job))[0]{deleted} },
        "$name: nothing of it is left";
    return;
}

sub await_running {
    my ($t, $answer) = @_;
    my $job;
    wait_until { $job = job_of($t, $answer); $job->{status} eq 'RUNNING' && runs_of($t, $job) };
    return $job;
}

sub is_cancelled {
    my ($t, $name) = @_;
    my $answer = submit($t, 'Think. [[duration=60000]]');
    await_running($t, $answer);
    is $t->post("$answer->{headers}{location}/cancel", %alice)->{json}{status}, 'CANCELLED', "$name: a job is cancelled";
    ok wait_until { (runs_of($t, $answer->{json}))[0]{status} eq 'cancelled' }, "$name: with its connection ends the run";
    is calls($t, 'cancel_response'), 0, "$name: nothing else is asked for";
    return;
}

# -------------------------------------------------------------- background off

my $t = start({ no_background => 1, no_responses_get => 1 }, background => 'off');
is_held($t, 'background off');
is_cancelled($t, 'background off');
is calls($t, 'poll_response'), 0, 'background off: nobody polls';
my @sent = map { JSON::PP::decode_json($_->{body}) } @{ $t->emulator->log(call => 'create_response') };
ok !(grep { $_->{background} } @sent), 'background off: nor asks for background work';
my $job = run_job($t, 'Call. [[tools=weather]] [[status=requires_action]]', until => qr/REQUIRES_ACTION/);
my @outputs = map { { toolCallId => $_->{id}, output => 'rain' } } @{ $job->{requiredAction}{toolCalls} };
$t->post("/jobs/$job->{id}/tool_outputs", %alice, json => { toolOutputs => \@outputs });
is((finish($t, [$job]))[0]{status}, 'COMPLETED', 'background off: tools work as ever');

# A worker that leaves carries the calls that it holds to their end.
my $answer = submit($t, 'Go on. [[duration=3000]] [[answer=So.]]');
await_running($t, $answer);
ok $t->reload(old => 'stay'), 'background off: a reload while a call is held';
($job) = finish($t, [$answer]);
is "$job->{status} $job->{answer}", 'COMPLETED So.', 'background off: the job is carried to its end';
is scalar(runs_of($t, $job)), 1, 'background off: by one run';
ok wait_until { $t->worker_pids(1) == 2 }, 'background off: then the old worker leaves';

# What a dead one held is looked for in the conversation, before it is asked for again.
$answer = submit($t, 'Go on. [[duration=600000]] [[answer=So.]]');
await_running($t, $answer);
$t->kill_worker($_) for $t->worker_pids;
wait_until { join(' ', map { $_->{status} } runs_of($t, $answer->{json})) eq 'cancelled in_progress' };
$t->emulator->finish;
($job) = finish($t, [$answer]);
is "$job->{status} $job->{answer}", 'COMPLETED So.', 'background off: so it is when the worker dies' or diag error_of($job);
is join(' ', map { $_->{status} } runs_of($t, $job)), 'cancelled completed', 'background off: by another run, after that one';
$t->stop('TERM');

# --------------------------------------------------------- a server without it

# It holds what it should not: good as long as a request may take.
$t = start({ no_background => 1 }, request_timeout => '60s');
$job = run_job($t, 'Quick. [[duration=500]] [[answer=So.]]');
is "$job->{status} $job->{answer}", 'COMPLETED So.', 'a server that ignores background answers at the end';
is calls($t, 'poll_response'), 0, 'then there is nothing to poll';
is scalar(runs_of($t, $job)), 1, 'nor to start again';
$t->stop;

# ------------------------------------------------- a server that shows no runs

# The first one runs in the background, where only its conversation tells of it.
$t = start({ no_responses_get => 1 }, retries => 1, request_timeout => '30s');
my @jobs = finish($t, [ map { submit($t, "Think. [[duration=$_]] [[answer=So.]]") } 50, 1500, 3000 ]);
is join(' ', uniq map { "$_->{status} $_->{answer}" } @jobs), 'COMPLETED So.', 'no GET: jobs complete';
is join(' ', run_counts($t, @jobs)), '1 1 1', 'no GET: each by one run';
$t->stop;

# Where there is no conversation either, the second one is held.
$t = start({ no_responses_get => 1 }, conversations => 'off', request_timeout => '6s');
$job = run_job($t, 'Think. [[duration=8000]] [[answer=So.]]');
is "$job->{status} $job->{answer}", 'COMPLETED So.', 'no GET, no conversations: a job completes';
is_deeply [ map { $_->{background} ? 'background' : 'held' } runs_of($t, $job) ], [qw(background held)],
    'no GET, no conversations: by a call that is held';

done_testing;
