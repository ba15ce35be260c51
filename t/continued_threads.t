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
my $queued = submit($t, 'And this?', threadId => $thread);
is $queued->{status}, 202, 'and the one after it';
my @order;
my @both = finish($t, [$running, $queued], seen => sub {
    my ($job) = @_;
    push @order, "$job->{id} $job->{status}" if !grep { $_ eq "$job->{id} $job->{status}" } @order;
});
is_deeply [ map { $_->{status} } @both ], [qw(COMPLETED COMPLETED)], 'both complete';
my %seen = map { $order[$_] => $_ } 0 .. $#order;
my ($ended, $began) = ("$both[0]{id} COMPLETED", "$both[1]{id} RUNNING");
ok !exists $seen{$began} || $seen{$began} > $seen{$ended}, 'the second one begins when the first has ended';

is scalar @{ $t->emulator->log(call => 'delete_thread') }, 0, 'no thread is deleted';
is scalar(grep { ($_->{status} // 0) >= 400 } @{ $t->emulator->log }), 0,
    'the provider refused nothing';

# Three at once: one after another, or answers would mix.
my $wire = Edgerun::Http::format_request(
    'POST', '/jobs',
    json  => { query => 'At once. [[duration=500]]', threadId => $thread },
    token => $t->token({ sub => 'alice' }),
);
my $pipe = $t->connect;
$pipe->write($wire x 3);
my @answers = map { $pipe->read_response(method => 'POST') } 1 .. 3;
is join(' ', map { $_->{status} } @answers), '202 202 202', 'jobs of a thread that come at once are accepted';
my @three = finish($t, \@answers);
is join(' ', map { $_->{status} } @three), 'COMPLETED COMPLETED COMPLETED', 'and complete';
my @runs = sort { $a->{created_ms} <=> $b->{created_ms} } map { runs_of($t, $_) } @three;
is scalar @runs, 3, 'with a run each';
ok $runs[$_]{created_ms} >= $runs[$_ - 1]{final_at_ms}, 'one after another' for 1, 2;
is scalar(grep { ($_->{status} // 0) >= 400 } @{ $t->emulator->log }), 0,
    'the provider had to refuse nothing';

# Without keep_threads a job's thread is gone: no job can be paid for in it.
$t->write_conf(jobs_conf());
$t->reload;
$first = run_job($t, 'My name is Ada.');
ok wait_until { grep { !$_->{thread_exists} } runs_of($t, $first) }, 'without keep_threads a thread goes with its job';
my $late = submit($t, 'What is my name?', threadId => $first->{threadId});
is $late->{status}, 404, 'and is unknown from then on';

# Two jobs of different users, in one thread each, do not meet.
my @jobs = finish($t, [ map { submit($t, 'Hi!', user => 'alice') } 1 .. 2 ]);
isnt $jobs[0]{threadId}, $jobs[1]{threadId}, 'jobs without a thread get one each';

done_testing;
