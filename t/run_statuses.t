#!/usr/bin/env perl
# However a run ends, the job says so.
use utf8;
use FindBin;
use lib "$FindBin::Bin/lib";
use Edgerun::Test;
use Edgerun::Dialects;
use Edgerun::Jobs;
use List::Util qw(uniq);

my $t = Edgerun::Test->new;
$t->start_emulator(cancel => 300);
$t->write_conf(jobs_conf());
$t->run;

my $ends_as = dialect('ends_as');
my $reason  = dialect('reason');

my $job = run_job($t, 'What is the answer? [[answer=Forty-two.]] [[usage=30,12]]');
is $job->{status}, 'COMPLETED', 'a completed run completes its job';
is $job->{answer}, 'Forty-two.', 'with the run\'s answer';
is_deeply $job->{usage}, { promptTokens => 30, completionTokens => 12, totalTokens => 42 },
    'its usage';
is $job->{tokensUsed}, 42, 'and the sum of its tokens';
like $job->{threadId}, dialect('thread'), 'the job shows its thread' if dialect('thread');
ok !exists $job->{threadId}, 'there is no thread to show' if !dialect('thread');
like $job->{runId}, dialect('run'), 'and its run';
my $time = qr/^20\d\d-\d\d-\d\dT\d\d:\d\d:\d\d\.\d\d\dZ$/;
like $job->{$_}, $time, "$_ is a time" for qw(createdAt updatedAt startedAt completedAt expiresAt);
ok !(grep { exists $job->{$_} } qw(error incompleteReason requiredAction)), 'and no error';
ok wait_until { !(runs_of($t, $job))[0]{thread_exists} }, 'its thread is deleted afterwards';

is run_job($t, 'Hm. [[usage=none]]')->{tokensUsed}, undef, 'without usage there is none to show';

# ---------------------------------------------------------------- what fails

my $failure = dialect('failure');
$job = run_job($t, 'Fail! [[error=invalid_prompt:The cat sat on the server.]]');
is $job->{status}, 'FAILED', 'a failed run fails its job';
like error_of($job), qr/^502 $failure: .*: The cat sat on the server\.$/, 'with the run\'s last error';
ok wait_until { !(runs_of($t, $job))[0]{thread_exists} }, 'its thread is deleted too';

$job = run_job($t, 'Too much! [[error=rate_limit_exceeded:Slow down.]]');
like error_of($job), qr/^502 RateLimited: .*: Slow down\.$/, 'a run that hit a rate limit says so';

for my $why ($reason, 'content_filter') {
    $job = run_job($t, "Long! [[status=incomplete]] [[reason=$why]] [[answer=Once upon]]");
    is $job->{status}, 'COMPLETED', 'an incomplete run completes its job';
    is "$job->{answer}/$job->{incompleteReason}", "Once upon/$why",
        'with what there is of the answer, and the reason';
}
$job = run_job($t, 'Long! [[status=incomplete]] [[messages=0]]');
is error_of($job), "502 ProviderError: the run ended with no answer (incomplete: $reason)",
    'but without any answer it fails it';
is error_of(run_job($t, 'Nothing! [[messages=0]]')), '502 ProviderError: the run ended with no answer',
    'no answer is an error';

is error_of(run_job($t, 'Late! [[status=expired]]')), '502 RunExpired: the run expired at the provider',
    'an expired run fails its job'
    if $ends_as->{expired};

# ------------------------------------------------------- cancelled upstream

if ($ends_as->{cancelled}) {
    $job = run_job($t, 'Stop! [[status=cancelled]]');
    is $job->{status}, 'CANCELLED', 'a run that was cancelled upstream cancels its job';
    is error_of($job), '', 'which is no error';

    $job = run_job($t, 'Stop! [[duration=30000]] [[cancel_after=400]]', until => qr/RUNNING/);
    Edgerun::Http->new($t->emulator->port)->post(
        dialect('path')->($job) . '/cancel',
        token   => $Edgerun::Test::API_KEY,
        headers => { 'OpenAI-Beta' => 'assistants=v2' }
    );
    my @seen = $job->{status};
    ($job) = finish($t, [$job], seen => sub { push @seen, $_[0]{status} });
    is $job->{status}, 'CANCELLED', 'a run that somebody else cancels, cancels its job';
    is join(' ', uniq @seen), 'RUNNING CANCELLED', 'which runs while that is cancelling';
}

# ------------------------------------------------------------------ answers

if ($ends_as->{failed}) {    # a completion has one message
    $job = run_job($t, 'Talk! [[messages=3]] [[answer=So.]]');
    is scalar(() = $job->{answer} =~ /So\./g), 3, 'several messages make one answer';
    like $job->{answer}, qr/\n\n/, 'each a paragraph';
}
$job = run_job($t, 'Cite! [[annotations]] [[answer=See the book]]');
like $job->{answer}, qr/^See the book/, 'an answer with annotations is text';
$job = run_job($t, 'Draw! [[image]] [[answer=This is it]]');
is $job->{answer}, 'This is it', 'an image leaves no trace in the answer';
$job = run_job($t, 'Bad! [[refusal]]');
ok $job->{status} eq 'COMPLETED' && length $job->{answer}, 'a refusal is an answer';
$job = run_job($t, 'Ünïcödé 漢字 🎉 \\" [[answer=Ωμέγα 🦉 "quoted"]]');
is $job->{answer}, 'Ωμέγα 🦉 "quoted"', 'text of all scripts comes through';

# ------------------------------------------------------------- odd statuses

if (call('poll')) {
    my $answer = submit($t, 'Odd! [[status=dreaming]]', user => 'bob');
    wait_until { $t->error_log =~ /unknown status/ };
    is job_of($t, $answer, user => 'bob')->{status}, 'RUNNING', 'a run of unknown status is running';
    wait_until { @{ $t->emulator->log(call => call('poll')) } > 0 };
    my @who = $t->error_log =~ /(\d+)#\d+: .*unknown status: dreaming/g;
    is scalar @who, scalar(uniq @who), 'error.log says it once';    # for each worker that carries the job on
}
else {
    is run_job($t, 'Odd! [[status=dreaming]] [[answer=So.]]')->{answer}, 'So.',
        'a completion that ended for an unknown reason has ended';
}

my @refused = grep { ($_->{status} // 0) >= 400 && $_->{body} !~ /\[\[error=/ } @{ $t->emulator->log };
is_deeply \@refused, [], 'the provider refused nothing';

done_testing;
