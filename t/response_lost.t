#!/usr/bin/env perl
# A provider forgets a response before its job has read it.
use FindBin;
use lib "$FindBin::Bin/lib";
use Edgerun::Test;
use Edgerun::Dialects qw(responses);
use Edgerun::Jobs;

my $auth = 'edgerun_auth_jwt "jobs"; edgerun_auth_jwt_secret env:EDGERUN_JWT_SECRET;';
my $t = Edgerun::Test->new;
$t->start_emulator;
my $emulator = $t->emulator;
my %slow = (poll_interval => '2s', run_timeout => '5m');
$t->write_conf(
    jobs_conf(
        http => join("\n", map { block(@$_) }
            [ slow => %slow ],
            [ lone => %slow, conversations => 'off' ],
            [ kept => conversations => 'off', keep_threads => 'on' ]),
        server => join("\n", 'edgerun_start_guarantee lookup;',
            map({ "location /$_ { $auth edgerun_jobs zone=jobs provider=$_; }" } qw(slow lone kept)),
            "location /once { $auth edgerun_jobs zone=jobs provider=slow; edgerun_start_guarantee at_most_once; }")
    )
);
$t->run;

sub block {
    my ($name, %directives) = @_;
    return Edgerun::Jobs::provider_block($name,
        { %{ dialect('provider') }, base_url => '%%EMULATOR%%', api_key => 'env:OPENAI_API_KEY',
            poll_interval => '100ms', %directives });
}

sub ask {
    my ($path, $query, %options) = @_;
    my $answer = submit($t, $query, path => $path, %options);
    my $last = $t->wait_for_job($answer->{headers}{location}, token => Edgerun::Jobs::token_of($t, 'alice'));
    return $last->{json};
}

sub is_left {
    my ($job, $responses, $name) = @_;
    is scalar(runs_of($t, $job)), $responses, "$name: $responses in all";
    ok wait_until { !grep { $_->{thread_exists} } runs_of($t, $job) }, "$name: their conversation is deleted";
    return;
}

# Once it was shown, it was there.
my $job;
wait_until {
    $job = ask('/jobs', 'Forget. [[duration=10000]] [[lost_after=700]]');
    my ($run) = runs_of($t, $job);
    return grep { $_->{path} =~ /$run->{id}/ && $_->{status} == 200 } @{ $emulator->log(call => 'poll_response') };
};
is error_of($job), '502 ProviderError: the provider does not have the response any more',
    'a response that was shown is not shown any more: the job fails';
is_left($job, 1, 'a response that was shown');

# What was never shown may be in its conversation.
$job = ask('/slow', 'Forget. [[lost_after=300]] [[answer=Found.]]');
is "$job->{status} $job->{answer}", 'COMPLETED Found.', 'a response that was never shown is found in its conversation';
is_left($job, 1, 'a response that was found');
$job = ask('/slow', 'Forget. [[duration=5000]] [[lost_after=300]] [[answer=Found.]]');
is "$job->{status} $job->{answer}", 'COMPLETED Found.', 'also when it is not over yet';
is_left($job, 1, 'a response that was waited for');

# Where there is none, the provider may not know of background work.
$job = ask('/lone', 'Forget. [[lost_after=300]]');
is $job->{status}, 'COMPLETED', 'without a conversation, another one is held';
is scalar(runs_of($t, $job)), 2, 'which makes two';
ok !(runs_of($t, $job))[1]{background}, 'of which the second is in foreground';

$job = ask('/once', 'Forget. [[lost_after=300]]');
like error_of($job), qr/^502 StartOutcomeUnknown: could not poll the run: the provider answered 404/,
    'at_most_once: there is no second one';
is_left($job, 1, 'at_most_once');

# The last response of a thread is forgotten.
my $first = ask('/kept', 'My name is Ada.');
is $first->{status}, 'COMPLETED', 'a thread without a conversation begins';
my $second = ask('/kept', 'What is my name?', threadId => $first->{threadId});
is $second->{status}, 'COMPLETED', 'and goes on';
is((runs_of($t, $second))[0]{previous}, $first->{runId}, 'from its last response');
$second = ask('/kept', 'And yours? [[lost_after=1]]', threadId => $first->{threadId});
my $third = ask('/kept', 'What is my name?', threadId => $first->{threadId});
like error_of($third), qr/^502 ProviderError: could not start the run: the provider answered 40[04]/,
    'from a response that is not there it cannot'
    if $second->{status} eq 'COMPLETED';

done_testing;
