#!/usr/bin/env perl
# A job may go on in the thread of an earlier job of the same user.
use FindBin;
use lib "$FindBin::Bin/lib";
use Edgerun::Test;
use Edgerun::Dialects;
use Edgerun::Jobs;

use JSON::PP;

my $t = Edgerun::Test->new;
$t->start_emulator;
my $emulator = $t->emulator;
$t->write_conf(jobs_conf(provider => { keep_threads => 'on' }));
$t->run;

# What the model was told in the run of a job: "ROLE: TEXT", where the call says it.
sub told_in {
    my ($job) = @_;
    my ($run) = runs_of($t, $job);
    my ($sent) = grep { $_->{body} =~ /\Q$run->{question}\E/ } @{ $emulator->log(call => call('start')) };
    return map { "$_->{role}: $_->{content}" } @{ JSON::PP->new->decode($sent->{body})->{messages} };
}

my $first = run_job($t, 'My name is Ada. [[answer=Hello, Ada.]]');
my $thread = $first->{threadId};
like $thread, dialect('kept_thread'), 'a thread that is kept has an id';
my $second = run_job($t, 'What is my name?', threadId => $thread);
is $second->{status}, 'COMPLETED', 'a job with the thread of an earlier one completes';
is $second->{threadId}, $thread, 'in that thread';
isnt $second->{runId}, $first->{runId}, 'as a run of its own';
my @runs = (runs_of($t, $first), runs_of($t, $second));
is scalar @runs, 2, 'each has one';

if (call('thread')) {
    is scalar @{ $emulator->log(call => call('thread')) }, 1, 'no other thread is created';
    is_deeply [ map { "$_->{thread} $_->{thread_exists}" } @runs ], [ ("$thread 1") x 2 ], 'and keep_threads keeps this one';
    is scalar @{ $emulator->log(call => call('forget')) }, 0, 'no thread is deleted';
}
else {
    my @told = told_in($second);
    is scalar @told, 3, 'the model is told what was said before';
    like $told[0], qr/^user: My name is Ada/, 'the question';
    is $told[1], 'assistant: Hello, Ada.', 'the answer';
    like $told[2], qr/^user: What is my name/, 'and the new question';
}

# ---------------------------------------------------------------- refusals

is submit($t, 'Whose?', threadId => $thread, user => 'eve')->{status}, 404,
    'another user\'s thread is not found';
is submit($t, 'Which?', threadId => $_)->{status}, 404, 'nor is an unknown one' for 'thread_unknown', "${thread}x";
is submit($t, 'Which?', threadId => $_)->{status}, 400, 'what cannot be an id is refused'
    for '', '../files', "thread\n", 'a' x 95;
is run_job($t, 'Mine!', threadId => $thread)->{status}, 'COMPLETED', 'its own user has it as before';
is scalar(grep { ($_->{status} // 0) >= 400 && $_->{body} !~ /\[\[error=/ } @{ $emulator->log }), 0,
    'the provider refused nothing';

# -------------------------------------------------------- jobs that ended badly

my $failed = run_job($t, 'Fail! [[error=invalid_prompt:No.]]', threadId => $thread);
is $failed->{status}, 'FAILED', 'a job in a thread fails';
my $cancelled = submit($t, 'Stop! [[duration=60000]]', threadId => $thread);
await_run($t, $cancelled);
my %alice = (token => Edgerun::Jobs::token_of($t, 'alice'));
is $t->post("$cancelled->{headers}{location}/cancel", %alice)->{json}{status}, 'CANCELLED', 'another is cancelled';
my $after = run_job($t, 'And now?', threadId => $thread);
is $after->{status}, 'COMPLETED', 'the thread goes on';
is((told_in($after))[-2], 'assistant: ' . run_job_in_between($after), 'from the last answer') if !call('thread');

# What was said last before this job, by the model.
sub run_job_in_between {
    my ($job) = @_;
    my @list = @{ $t->get('/jobs?status=COMPLETED', %alice)->{json}{jobs} };
    my ($before) = grep { $_->{id} ne $job->{id} } @list;
    return job_of($t, $before)->{answer};
}

# --------------------------------------------------------------- other threads

my @jobs = finish($t, [ map { submit($t, 'Hi!') } 1 .. 2 ]);
isnt $jobs[0]{threadId}, $jobs[1]{threadId}, 'jobs without a thread get one each';

# ------------------------------------------------------------------ who erases

is $t->request('DELETE', "/jobs/$jobs[0]{id}", %alice)->{status}, 204, 'the only job of a thread is erased';
is submit($t, 'Where?', threadId => $jobs[0]{threadId})->{status}, 404, 'and with it goes its thread';
is $t->request('DELETE', "/jobs/$first->{id}", %alice)->{status}, 204, 'one job of several is erased';
is run_job($t, 'Still there?', threadId => $thread)->{status}, 'COMPLETED', 'and the thread goes on';

done_testing;
