#!/usr/bin/env perl
# Tests see what the provider emulator saw, and change how it behaves.
use strict;
use warnings;

use File::Temp qw(tempdir);
use FindBin;
use HTTP::Tiny;
use JSON::PP;
use Test::More;
use Time::HiRes qw(time);

use lib "$FindBin::Bin/lib";
use Edgerun::EmulatorClient;

my $dir = tempdir(CLEANUP => 1);
start_default('--log', "$dir/log");

sub last_seq { return (control('GET', 'log')->[-1] // {})->{seq} // 0 }

subtest 'Log' => sub {
    new_thread();
    my $since = last_seq();
    local $client{http} = HTTP::Tiny->new(timeout => 30, keep_alive => 1);
    my $thread = new_thread();
    add_message($thread, 'Logged');
    my $log = control('GET', "log?since=$since");
    is(join(' ', map { $_->{call} } @$log), 'create_thread add_message', 'the log shows new calls');
    my $entry = $log->[1];
    is($entry->{path}, "/v1/threads/$thread/messages", 'with path');
    is($entry->{headers}{'openai-beta'}, 'assistants=v2', 'headers');
    is(decode_json($entry->{body})->{content}, 'Logged', 'body');
    is($entry->{status}, 200, 'status');
    is($entry->{connection}, $log->[0]{connection}, 'and connection');
    is(scalar @{ control('GET', "log?since=$since&call=add_message") }, 1, 'or those of one kind');
    open my $file, '<', "$dir/log" or die $!;
    my @lines = <$file>;
    is_deeply(decode_json($lines[-1]), $entry, 'the file has the same lines');
};

subtest 'Settings' => sub {
    is(control('POST', 'settings', { duration => 0, poll_after => 250 })->{duration}, 0,
        'settings change');
    my ($run) = final_run('Hello', 'completed');
    is($run->{status}, 'completed', 'a run of no duration is done at once');
    my (undef, $path) = new_run('[[duration=60000]]');
    is(get($path)->{headers}{'openai-poll-after-ms'}, 250, 'polls get the hint');
    refused(post('/_emulator/settings', { speed => 1 }), 400, 'unknown_parameter', qr/'speed'/,
        'an unknown setting');
    control('POST', 'settings', { delay => 100 });
    my $start = time;
    new_thread();
    cmp_ok(time - $start, '>=', 0.09, 'every answer may be late');
    control('POST', 'settings', { log => JSON::PP::false, delay => 0 });
    my $since = last_seq();
    new_thread();
    is_deeply(control('GET', "log?since=$since"), [], 'the log can be switched off');
};

subtest 'The usual answer' => sub {
    control('POST', 'reset');
    my $words = "## Summary\n\nOne, two.";
    is(control('POST', 'settings', { answer => $words })->{answer}, $words, 'is a setting');
    my ($run, $thread) = final_run('Hello', 'completed');
    is(answers($thread, $run)->[0]{content}[0]{text}{value}, $words, 'a run answers so');
    ($run, $thread) = final_run('[[answer=Three.]]', 'completed');
    is(answers($thread, $run)->[0]{content}[0]{text}{value}, 'Three.', 'unless its marker says otherwise');
    my $response = post('/responses', { model => 'gpt-4o', input => 'Hello' }, { 'openai-beta' => undef })->{json};
    is($response->{output}[0]{content}[0]{text}, $words, 'so does a response');
    my $completion = post('/chat/completions',
        { model => 'gpt-4o', messages => [ { role => 'user', content => 'Hello' } ] }, { 'openai-beta' => undef })->{json};
    is($completion->{choices}[0]{message}{content}, $words, 'and a completion');
    control('POST', 'settings', { answer => '' });
    ($run, $thread) = final_run('Hello', 'completed');
    like(answers($thread, $run)->[0]{content}[0]{text}{value}, qr/You asked/, 'an empty one is none');
    refused(post('/_emulator/settings', { answer => undef }), 400, 'invalid_type', qr/'answer'/, 'one that is no text');
};

subtest 'Statistics' => sub {
    control('POST', 'reset');
    new_thread();
    post('/threads', [], { authorization => undef });
    new_run('[[duration=60000]]');
    my $stats = control('GET', 'stats');
    is($stats->{calls}{create_thread}{succeeded}, 2, 'calls are counted');
    is($stats->{calls}{create_thread}{refused}, 1, 'and refusals');
    is("@$stats{qw(requests threads runs active_runs)}", '5 2 1 1', 'requests, threads and runs');
    cmp_ok($stats->{connections}{peak}, '>=', 1, 'and connections');
    control('POST', 'reset');
    $stats = control('GET', 'stats');
    is("@$stats{qw(requests threads runs)}", '0 0 0', 'a reset forgets everything');
    is(control('GET', 'settings')->{duration}, 150, 'and takes the first settings back');
};

subtest 'An end before its time' => sub {
    control('POST', 'reset');
    my %path = (thread => undef);
    (undef, $path{run}, my $run) = new_run('[[duration=60000]][[answer=Soon.]]');
    (undef, $path{asking}) = new_run('[[duration=60000]][[tools=lookup]]');
    my $response = post('/responses', { model => 'm', input => '[[duration=60000]]', background => JSON::PP::true },
        { 'openai-beta' => undef })->{json};
    my $body = encode_json({ model => 'm', messages => [ { role => 'user', content => '[[duration=60000]]' } ] });
    my $held = connect_raw();
    print $held "POST /v1/chat/completions HTTP/1.1\r\n" . request_head() . "Connection: close\r\nContent-Length: "
        . length($body) . "\r\n\r\n$body";
    faults({ on => 'create_thread', action => 'late', ms => 60_000 });
    post('/threads', {});
    ok(wait_until { @{ control('GET', 'runs') } == 4 }, 'runs go on');
    my $threads = control('GET', 'stats')->{threads};
    is(scalar(grep { $_->{status} !~ /\A(?:queued|in_progress)\z/ } @{ control('GET', 'runs') }), 0, 'for a minute');
    my %status = map { $_->{id} => $_->{status} } @{ control('POST', 'finish', {}) };
    is(join(' ', sort values %status), 'completed completed completed requires_action', 'and end when told');
    is(get($path{run})->{json}{status}, 'completed', 'as polls show');
    is(get("/responses/$response->{id}", undef, { 'openai-beta' => undef })->{json}{status}, 'completed', 'of responses, too');
    my $all = do { local $/; <$held> };
    like($all, qr{\AHTTP/1\.1 200 .*"object":"chat\.completion"}s, 'a held call is answered');
    is(control('GET', 'stats')->{threads}, $threads + 1, 'what was to land late has landed');
    (undef, my $next) = new_run('[[duration=60000]]');
    like(get($next)->{json}{status}, qr/\A(?:queued|in_progress)\z/, 'what comes later takes its time');
};

subtest 'Keys and assistants of the command line' => sub {
    local $client{server} = start_emulator('--key', 'sk-one', '--key', 'sk-two', '--assistant', 'asst_other');
    for my $key (qw(sk-one sk-two)) {
        is(post('/threads', {}, { authorization => "Bearer $key" })->{status}, 200, "$key is known");
    }
    refused(post('/threads', {}), 401, 'invalid_api_key', qr/Incorrect/, 'the key of the default');
    is(get('/assistants/asst_other', undef, { authorization => 'Bearer sk-one' })->{status}, 200,
        'the assistant is known');
};

done_testing();
