#!/usr/bin/env perl
# A job may go on in the thread of an earlier job of the same user.
use FindBin;
use lib "$FindBin::Bin/lib";
use Edgerun::Test;
use Edgerun::Jobs;

my $t = Edgerun::Test->new;
$t->start_emulator;
$t->write_conf(jobs_conf(provider => { keep_threads => 'on' }));
$t->run;

my $first = run_job($t, 'My name is Ada.');
my $thread = $first->{threadId};
my $second = run_job($t, 'What is my name?', threadId => $thread);
is $second->{status}, 'COMPLETED', 'a job with the thread of an earlier one completes';
is $second->{threadId}, $thread, 'in that thread';
isnt $second->{runId}, $first->{runId}, 'as a run of its own';
is scalar @{ $t->emulator->log(call => 'create_thread') }, 1, 'no other thread is created';
is_deeply [ map { "$_->{thread} $_->{job} $_->{thread_exists}" } @{ $t->emulator->runs } ],
    [ map { "$thread $_->{id} 1" } $first, $second ], 'and keep_threads keeps this one';

is submit($t, 'Whose?', threadId => $thread, user => 'eve')->{status}, 404,
    'another user\'s thread is not found';
is submit($t, 'Which?', threadId => 'thread_unknown')->{status}, 404, 'nor is an unknown one';
is submit($t, 'Which?', threadId => $_)->{status}, 400, 'what cannot be an id is refused'
    for '', '../files', "thread\n", 'a' x 95;

my $running = submit($t, 'Think. [[duration=1500]]', threadId => $thread);
is $running->{status}, 202, 'a thread whose jobs are final takes the next one';
my $refused = submit($t, 'And this?', threadId => $thread);
is $refused->{status}, 409, 'but one at a time';
is $refused->{json}{message}, 'a job of this thread is still running', 'as the refusal says';
my ($job) = finish($t, [$running]);
is $job->{status}, 'COMPLETED', 'which does not touch the running one';
is run_job($t, 'And this?', threadId => $thread)->{status}, 'COMPLETED', 'afterwards it is free';

is scalar @{ $t->emulator->log(call => 'delete_thread') }, 0, 'no thread is deleted';
is scalar(grep { ($_->{status} // 0) >= 400 } @{ $t->emulator->log }), 0,
    'the provider refused nothing';

# Three at once: only the first may have the thread, or answers would mix.
my $wire = Edgerun::Http::format_request(
    'POST', '/jobs',
    json  => { query => 'At once. [[duration=500]]', threadId => $thread },
    token => $t->token({ sub => 'alice' }),
);
my $pipe = $t->connect;
$pipe->write($wire x 3);
is join(' ', map { $pipe->read_response(method => 'POST')->{status} } 1 .. 3), '202 409 409',
    'jobs that come at once do not share a thread';

# Without keep_threads a job's thread is gone: no job can be paid for in it.
$t->write_conf(jobs_conf());
$t->reload;
$first = run_job($t, 'My name is Ada.');
my $late = submit($t, 'What is my name?', threadId => $first->{threadId});
is $late->{status}, 404, 'a thread that is not kept is unknown at once';

# Two jobs of different users, in one thread each, do not meet.
my @jobs = finish($t, [ map { submit($t, 'Hi!', user => 'alice') } 1 .. 2 ]);
isnt $jobs[0]{threadId}, $jobs[1]{threadId}, 'jobs without a thread get one each';

done_testing;
