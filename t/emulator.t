#!/usr/bin/perl
# The provider emulator refuses what OpenAI refuses, lives a run as OpenAI does, and fails on demand.
use strict;
use warnings;

use File::Temp qw(tempdir);
use FindBin;
use HTTP::Tiny;
use IO::Select;
use IO::Socket::INET;
use JSON::PP;
use Test::More;
use Time::HiRes qw(sleep time);

my $binary = $ENV{EDGERUN_EMULATOR} // "$FindBin::Bin/../build/bin/emulator";
plan skip_all => "no emulator at $binary: build it first" if !-x $binary;

$SIG{ALRM} = sub { die "an answer did not come\n" };
alarm 120;

my $dir = tempdir(CLEANUP => 1);
my @started;
my @outputs;    # closing a pipe waits for its process: they stay open until the end

sub start_emulator {
    my @options = @_;
    my $pid = open my $output, '-|', $binary, '--port', 0, @options;
    defined $pid or die "cannot start $binary: $!";
    push @started, $pid;
    my ($port) = <$output> =~ /\Aemulator listening on 127\.0\.0\.1:(\d+)\n\z/ or die 'no port';
    push @outputs, $output;
    return { port => $port, pid => $pid, output => $output };
}

END {
    my $status = $?;
    kill TERM => $_ for @started;
    waitpid $_, 0 for @started;
    $? = $status;
}

our $server = start_emulator('--duration', 150, '--queued', 50, '--cancel', 100, '--log', "$dir/log");
our $http = HTTP::Tiny->new(timeout => 5, keep_alive => 0);
my %normal = (
    'authorization' => 'Bearer sk-emulator',
    'openai-beta'   => 'assistants=v2',
    'content-type'  => 'application/json',
);

# One request; undef in $headers takes a header away. The answer has status, headers, and json.
sub request {
    my ($method, $path, $body, $headers) = @_;
    my %all = (%normal, %{ $headers // {} });
    delete $all{$_} for grep { !defined $all{$_} } keys %all;
    my %options = (headers => \%all);
    delete $all{'content-type'} if !defined $body;
    $options{content} = ref $body ? encode_json($body) : $body if defined $body;
    my $url = $path =~ m{\A/_} ? $path : "/v1$path";
    my $answer = $http->request($method, "http://127.0.0.1:$server->{port}$url", \%options);
    $answer->{json} = eval { decode_json($answer->{content}) };
    return $answer;
}

sub get     { return request('GET', @_) }
sub post    { return request('POST', @_) }
sub control { return request($_[0], "/_emulator/$_[1]", $_[2])->{json} }
sub faults  { return control('POST', 'faults', [@_]) }

sub new_thread { return post('/threads', {})->{json}{id} }

sub add_message {
    my ($thread, $text) = @_;
    return post("/threads/$thread/messages", { role => 'user', content => $text });
}

sub new_run {
    my ($text, %more) = @_;
    my $thread = new_thread();
    add_message($thread, $text);
    my $run = post("/threads/$thread/runs", { assistant_id => 'asst_demo', %more })->{json};
    return ("/threads/$thread", "/threads/$thread/runs/$run->{id}", $run);
}

sub wait_for {
    my ($path, $status) = @_;
    my $until = time + 5;
    my $run;
    while (time < $until) {
        $run = get($path)->{json};
        return $run if $run->{status} eq $status;
        sleep 0.02;
    }
    return $run;
}

sub final_run {
    my ($text, $status, %more) = @_;
    my ($thread, $path) = new_run($text, %more);
    return (wait_for($path, $status), $thread, $path);
}

sub answers {
    my ($thread, $run) = @_;
    return get("$thread/messages?run_id=$run->{id}&order=asc")->{json}{data};
}

sub refused {
    my ($answer, $status, $code, $message, $what) = @_;
    my $error = $answer->{json}{error} // {};
    my $is_envelope = join(',', sort keys %$error) eq 'code,message,param,type';
    my $fits = $answer->{status} == $status && $is_envelope
        && ($error->{code} // '') eq ($code // '') && $error->{message} =~ $message;
    ok($fits, "it refuses $what")
        or diag "$answer->{status} " . ($answer->{content} // '');
    return $error;
}

subtest 'Keys, versions, paths and methods' => sub {
    my $path = '/threads';
    refused(post($path, {}, { authorization => undef }),
        401, 'invalid_api_key', qr/provide an API key/, 'a request without a key');
    my $error = refused(post($path, {}, { authorization => 'Bearer sk-somebody-else' }),
        401, 'invalid_api_key', qr/\AIncorrect API key provided: sk-someb\*+else\./, 'a wrong key');
    is($error->{type}, 'invalid_request_error', 'the refusal has the type OpenAI gives it');
    refused(post($path, {}, { authorization => 'sk-emulator' }),
        401, 'invalid_api_key', qr/provide an API key/, 'a key without Bearer');
    refused(post($path, {}, { 'openai-beta' => undef }),
        400, 'invalid_beta', qr/'OpenAI-Beta: assistants=v2'/, 'a request without OpenAI-Beta');
    refused(post($path, {}, { 'openai-beta' => 'assistants=v1' }),
        400, 'invalid_beta', qr/OpenAI-Beta/, 'the old version of the API');
    refused(get('/thread'), 404, undef, qr{\AInvalid URL \(GET /v1/thread\)\z}, 'an unknown path');
    refused(get('/threads/'), 404, undef, qr/thread|URL/, 'a path that ends too early');
    refused(get('/_emulator/nothing'), 404, undef, qr/Invalid URL/, 'an unknown control endpoint');
    refused(request('PUT', '/threads', {}), 405, 'method_not_supported',
        qr{\ANot allowed to PUT on /v1/threads}, 'a wrong method');
};

subtest 'Bodies' => sub {
    my $thread   = new_thread();
    my $messages = "/threads/$thread/messages";
    my %message  = (role => 'user', content => 'Hello');
    refused(post($messages, encode_json(\%message), { 'content-type' => 'text/plain' }),
        400, 'unsupported_content_type', qr/'text\/plain'/, 'a body that is not called JSON');
    refused(post($messages, encode_json(\%message), { 'content-type' => 'application/jsonp' }),
        400, 'unsupported_content_type', qr/jsonp/, 'a type that only begins like JSON');
    for my $text ('{"role":', '[]', '"text"', '{"role":"user","role":"user"}', '{} {}', '') {
        refused(post($messages, $text), 400, undef, qr/could not parse the JSON body/,
            "the body '$text'");
    }
    refused(get("/threads/$thread", '{}'), 400, undef, qr/must not have a body/, 'a GET with a body');

    my @cases = (
        [ 'an unknown member', { %message, text => 'x' },
            'unknown_parameter', qr/\AUnknown parameter: 'text'\.\z/, 'text' ],
        [ 'a message without a role', { content => 'x' },
            'missing_required_parameter', qr/\AMissing required parameter: 'role'\.\z/, 'role' ],
        [ 'a message without content', { role => 'user' },
            'missing_required_parameter', qr/\AMissing required parameter: 'content'\.\z/, 'content' ],
        [ 'a role that is a number', { %message, role => 7 }, 'invalid_type',
            qr/\AInvalid type for 'role': expected a string, but got an integer instead\.\z/, 'role' ],
        [ 'an unknown role', { %message, role => 'system' },
            'invalid_value', qr/'user' and 'assistant'/, 'role' ],
        [ 'content that is an object', { %message, content => { a => 1 } },
            'invalid_type', qr/Invalid type for 'content'/, 'content' ],
        [ 'empty content', { %message, content => '' }, undef, qr/non-empty/, 'content' ],
        [ 'content that is too long', { %message, content => 'x' x 256_001 },
            'string_above_max_length', qr/maximum length 256000, but got a string with length 256001/,
            'content' ],
        [ 'an unknown member of a part', { %message, content => [ { type => 'text', value => 'x' } ] },
            'unknown_parameter', qr/'content\[0\]\.value'/, 'content[0].value' ],
        [ 'an unknown kind of part', { %message, content => [ { type => 'sound' } ] },
            'invalid_value', qr/'sound'/, 'content[0].type' ],
        [ '17 pairs of metadata', { %message, metadata => { map { $_ => 'x' } 1 .. 17 } },
            'object_above_max_properties', qr/at most 16 properties, but got an object with 17/,
            'metadata' ],
        [ 'a long name in metadata', { %message, metadata => { 'k' x 65 => 'x' } },
            'property_name_above_max_length', qr/maximum length 64/, 'metadata' ],
        [ 'a long value in metadata', { %message, metadata => { key => 'x' x 513 } },
            'string_above_max_length', qr/maximum length 512/, 'metadata.key' ],
        [ 'a number in metadata', { %message, metadata => { key => 1 } },
            'invalid_type', qr/'metadata.key': expected a string/, 'metadata.key' ],
        [ 'attachments that are no array', { %message, attachments => 'file' },
            'invalid_type', qr/'attachments'/, 'attachments' ],
    );
    for my $case (@cases) {
        my ($what, $body, $code, $message, $param) = @$case;
        my $error = refused(post($messages, $body), 400, $code, $message, $what);
        is($error->{param}, $param, "and names $param");
    }
    is(post($messages, { %message, content => "\x{e9}" x 256_000 })->{status}, 200,
        'lengths are counted in code points');
    is(post($messages, { role => 'user', content => [ { type => 'text', text => 'part' } ] })
            ->{json}{content}[0]{text}{value}, 'part', 'a text part is a text');
    is(post('/threads')->{status}, 200, 'a thread needs no body');
};

subtest 'Runs that cannot start' => sub {
    my $thread = new_thread();
    my $runs   = "/threads/$thread/runs";
    my %run    = (assistant_id => 'asst_demo');
    refused(post($runs, {}), 400, 'missing_required_parameter', qr/'assistant_id'/,
        'a run without an assistant');
    refused(post($runs, { assistant_id => 'asst_nobody' }), 404, undef,
        qr/\ANo assistant found with id 'asst_nobody'\.\z/, 'an unknown assistant');
    refused(post($runs, { assistant_id => 'demo' }), 400, 'invalid_value',
        qr/Expected an ID that begins with 'asst'/, 'an id that is not one of an assistant');
    refused(post($runs, { %run, temperature => 3 }), 400, 'integer_above_max_value',
        qr/<= 2, but got 3/, 'a temperature above 2');
    refused(post($runs, { %run, max_completion_tokens => 10 }), 400, 'integer_below_min_value',
        qr/>= 256/, 'too few completion tokens');
    refused(post($runs, { %run, job => 'x' }), 400, 'unknown_parameter', qr/'job'/,
        'an unknown parameter of a run');
    refused(post($runs, { %run, additional_messages => [ { role => 'user' } ] }), 400,
        'missing_required_parameter', qr/'additional_messages\[0\]\.content'/,
        'a bad additional message');
    refused(post("$runs?model=x", \%run), 400, 'unknown_parameter', qr/'model'/,
        'an unknown query argument');
    refused(post('/threads/thread_gone/runs', \%run), 404, undef,
        qr/\ANo thread found with id 'thread_gone'\.\z/, 'an unknown thread');
};

subtest 'Things that are not there' => sub {
    my ($thread, $path) = new_run('Hello');
    my $other = new_thread();
    my ($id) = $path =~ m{([^/]+)\z};
    refused(get('/threads/thread_gone'), 404, undef,
        qr/\ANo thread found with id 'thread_gone'\.\z/, 'an unknown thread');
    refused(get('/threads/gone'), 400, 'invalid_value', qr/begins with 'thread'/,
        'an id that is not one of a thread');
    refused(get("$thread/runs/run_gone"), 404, undef, qr/\ANo run found with id 'run_gone'\.\z/,
        'an unknown run');
    refused(get("/threads/$other/runs/$id"), 404, undef, qr/No run found/, 'a run of another thread');
    refused(get("$thread/messages/msg_gone"), 404, undef,
        qr/\ANo message found with id 'msg_gone'\.\z/, 'an unknown message');
    refused(get('/assistants/asst_gone'), 404, undef,
        qr/\ANo assistant found with id 'asst_gone'\.\z/, 'an unknown assistant');
    is(get('/assistants/asst_demo')->{json}{object}, 'assistant', 'the demo assistant is there');
};

subtest 'A thread with an active run is locked' => sub {
    my ($thread, $path, $run) = new_run('[[duration=600]]');
    my ($id) = $thread =~ m{([^/]+)\z};
    my $error = refused(post("$thread/runs", { assistant_id => 'asst_demo' }), 400, undef,
        qr/active run/, 'a second run');
    is($error->{message}, "Thread $id already has an active run $run->{id}.",
        'in the words that clients match');
    $error = refused(add_message($id, 'More'), 400, undef, qr/add messages/, 'a message');
    is($error->{message}, "Can't add messages to $id while a run $run->{id} is active.",
        'in the words that clients match');
    wait_for($path, 'completed');
    is(add_message($id, 'More')->{status}, 200, 'after the run a message is welcome');
};

subtest 'The life of a run' => sub {
    my ($thread, $path, $run) = new_run('What is NGINX?', metadata => { edgerun_job => 'job1' });
    is($run->{status}, 'queued', 'a run begins in the queue');
    like($thread, qr{\A/threads/thread_[0-9A-Za-z]{24}\z}, 'threads are named as at OpenAI');
    like($run->{id}, qr/\Arun_[0-9A-Za-z]{24}\z/, 'and runs');
    my @required = qw(id object created_at thread_id assistant_id status required_action last_error
        expires_at started_at cancelled_at failed_at completed_at incomplete_details model
        instructions tools metadata usage max_prompt_tokens max_completion_tokens
        truncation_strategy tool_choice parallel_tool_calls response_format);
    is(join(' ', grep { !exists $run->{$_} } @required), '', 'a run has every required field');
    is($run->{metadata}{edgerun_job}, 'job1', 'and its metadata');
    is($run->{usage}, undef, 'its usage is not known yet');
    my $working = wait_for($path, 'in_progress');
    ok($working->{started_at}, 'then it is in progress');
    my $done = wait_for($path, 'completed');
    ok($done->{completed_at}, 'then it is completed');
    is($done->{expires_at}, undef, 'and expires no more');
    my $usage = $done->{usage};
    is($usage->{total_tokens}, $usage->{prompt_tokens} + $usage->{completion_tokens},
        'its usage adds up');
    my $list = answers($thread, $done);
    is(scalar @$list, 1, 'it wrote one message');
    is($list->[0]{role}, 'assistant', 'as the assistant');
    like($list->[0]{content}[0]{text}{value}, qr/\AYou asked: "What is NGINX\?"\. This is the emulator/,
        'that restates the question');
    my $steps = get("$path/steps")->{json}{data};
    is($steps->[0]{step_details}{message_creation}{message_id}, $list->[0]{id},
        'its step names that message');
    my ($record) = grep { $_->{id} eq $run->{id} } @{ control('GET', 'runs') };
    is($record->{job}, 'job1', 'the control endpoint knows the job of the run');
    ok($record->{final_at_ms} - $record->{created_ms} == 150, 'it ended exactly when it should');
    ok($record->{first_seen_final_ms} >= $record->{final_at_ms}, 'and when that was first seen');
    is(request('DELETE', $thread)->{json}{deleted}, JSON::PP::true, 'its thread can be deleted');
    refused(get($path), 404, undef, qr/No thread found/, 'to show the run of a deleted thread');
};

subtest 'Markers' => sub {
    my ($run, $thread) = final_run('[[status=failed]] Hello', 'failed');
    is($run->{last_error}{code}, 'server_error', 'a run fails');
    is_deeply(answers($thread, $run), [], 'without an answer');
    ($run) = final_run('[[error=rate_limit_exceeded:Too much.]]', 'failed');
    is_deeply($run->{last_error}, { code => 'rate_limit_exceeded', message => 'Too much.' },
        'a run fails with a given error');
    ($run, $thread) = final_run('[[status=incomplete]]', 'incomplete');
    is($run->{incomplete_details}{reason}, 'max_completion_tokens', 'a run ends incomplete');
    is(answers($thread, $run)->[0]{status}, 'incomplete', 'with an incomplete message');
    for my $status (qw(expired cancelled)) {
        ($run) = final_run("[[status=$status]]", $status);
        is($run->{status}, $status, "a run ends $status");
    }
    ($run) = final_run('[[status=paused]]', 'paused');
    is($run->{status}, 'paused', 'a run has a status that OpenAI does not have');
    ($run, $thread) = final_run('[[answer=Forty two.]][[usage=100,23]]', 'completed');
    is(answers($thread, $run)->[0]{content}[0]{text}{value}, 'Forty two.', 'an answer is given');
    is($run->{usage}{total_tokens}, 123, 'the usage is given');
    ($run, $thread) = final_run('[[answer_size=5000]][[usage=none]]', 'completed');
    is(length answers($thread, $run)->[0]{content}[0]{text}{value}, 5000, 'an answer has a size');
    is($run->{usage}, undef, 'a run has no usage');
    ($run, $thread) = final_run('[[messages=3]]', 'completed');
    is(scalar @{ answers($thread, $run) }, 3, 'a run writes several messages');
    ($run, $thread) = final_run('[[annotations]][[image]]', 'completed');
    my $parts = answers($thread, $run)->[0]{content};
    is($parts->[0]{type}, 'image_file', 'an answer has an image');
    my ($mark) = @{ $parts->[1]{text}{annotations} };
    is(substr($parts->[1]{text}{value}, $mark->{start_index}, $mark->{end_index} - $mark->{start_index}),
        $mark->{text}, 'an annotation stands where it says');
    ($run, $thread) = final_run('[[refusal]]', 'completed');
    is(answers($thread, $run)->[0]{content}[0]{type}, 'refusal', 'the model refuses');
    ($run) = final_run('[[expires=100]][[duration=5000]]', 'expired');
    is($run->{status}, 'expired', 'a run runs out of time');
    my (undef, $path) = new_run('[[garbage]][[duration=0]]');
    is(get($path)->{json}, undef, 'a finished run is garbage');
    (undef, $path) = new_run('[[poll_after=300]][[duration=2000]]');
    is(get($path)->{headers}{'openai-poll-after-ms'}, 300, 'a run gives a poll interval');
    ($run, $thread) = final_run('[[nothing]] [[code_interpreter]]', 'completed');
    like(answers($thread, $run)->[0]{content}[0]{text}{value}, qr/"\[\[nothing\]\]"/,
        'what is no marker stays in the question');
    my $steps = get("$thread/runs/$run->{id}/steps?order=asc")->{json}{data};
    is($steps->[0]{step_details}{tool_calls}[0]{code_interpreter}{outputs}[0]{logs}, "42\n",
        'the code interpreter ran');
};

subtest 'Cancelling' => sub {
    my ($thread, $path) = new_run('[[duration=5000]]');
    is(post("$path/cancel")->{json}{status}, 'cancelling', 'a run is being cancelled');
    refused(post("$path/cancel"), 400, undef, qr/\ACannot cancel run with status 'cancell(?:ing|ed)'\.\z/,
        'to cancel twice');
    ok(wait_for($path, 'cancelled')->{cancelled_at}, 'then it is cancelled');
    my ($run, undef, $done) = final_run('Hello', 'completed');
    refused(post("$done/cancel", {}), 400, undef, qr/status 'completed'/, 'to cancel what is done');
    (undef, $path) = new_run('[[cancel=ignored]]');
    post("$path/cancel");
    is(wait_for($path, 'completed')->{status}, 'completed', 'a cancellation may come to nothing');
    ($thread, $path) = new_run('[[duration=5000]]');
    is(request('DELETE', $thread)->{status}, 200, 'a thread goes although its run is active');
    my ($record) = grep { $path =~ /$_->{id}/ } @{ control('GET', 'runs') };
    like($record->{status}, qr/\A(?:queued|in_progress)\z/, 'and the run goes on') if ok($record, 'the run is known');
};

subtest 'Tool outputs' => sub {
    my ($run, $thread, $path) = final_run('[[tools=weather,time]][[tool_arguments={"city":"Bonn"}]]',
        'requires_action');
    my @calls = @{ $run->{required_action}{submit_tool_outputs}{tool_calls} };
    is(join(',', map { $_->{function}{name} } @calls), 'weather,time', 'a run asks for its tools');
    is($calls[0]{function}{arguments}, '{"city":"Bonn"}', 'with arguments');
    my @outputs = map { { tool_call_id => $_->{id}, output => "out $_->{function}{name}" } } @calls;
    my $submit = "$path/submit_tool_outputs";
    refused(post($submit, { tool_outputs => [ $outputs[0] ] }), 400, undef,
        qr/\AExpected tool outputs for call_ids \['call_\w+', 'call_\w+'\], got \['call_\w+'\]\z/,
        'some of the outputs');
    refused(post($submit, { tool_outputs => [ { tool_call_id => 'x' } ] }), 400,
        'missing_required_parameter', qr/'tool_outputs\[0\]\.output'/, 'a call without an output');
    is(post($submit, { tool_outputs => \@outputs })->{json}{status}, 'queued',
        'all of them put the run back into the queue');
    refused(post($submit, { tool_outputs => \@outputs }), 400, undef,
        qr/\ARuns in status "\w+" do not accept tool outputs\.\z/, 'outputs that nobody waits for');
    is(wait_for($path, 'completed')->{status}, 'completed', 'and it completes');
    my $steps = get("$path/steps?order=asc")->{json}{data};
    is($steps->[0]{step_details}{tool_calls}[1]{function}{output}, 'out time',
        'its step keeps the outputs');
    ($run, undef, $path) = final_run('[[tool_rounds=2]]', 'requires_action');
    my ($call) = @{ $run->{required_action}{submit_tool_outputs}{tool_calls} };
    my %output = (tool_call_id => $call->{id}, output => '');
    post("$path/submit_tool_outputs", { tool_outputs => [ \%output ] });
    is(wait_for($path, 'requires_action')->{status}, 'requires_action', 'a run may ask again');
    is(post("$path/cancel")->{json}{status}, 'cancelling', 'a run that waits can be cancelled');
    ($run) = final_run('[[status=requires_action]][[expires=300]]', 'expired');
    is($run->{status}, 'expired', 'a run that waits too long expires');
};

subtest 'Lists' => sub {
    my $thread = new_thread();
    my $path   = "/threads/$thread/messages";
    my @ids    = map { add_message($thread, "Message $_")->{json}{id} } 1 .. 25;
    my $ids_of = sub { join ' ', map { $_->{id} } @{ $_[0]{data} } };
    my $page   = get($path)->{json};
    is($ids_of->($page), join(' ', reverse @ids[5 .. 24]), 'a page has 20 items, newest first');
    is_deeply([ @$page{qw(object first_id last_id has_more)} ],
        [ 'list', $ids[24], $ids[5], JSON::PP::true ], 'and says where it begins and ends');
    $page = get("$path?after=$page->{last_id}")->{json};
    is($ids_of->($page), join(' ', reverse @ids[0 .. 4]), 'the next page follows');
    is($page->{has_more}, JSON::PP::false, 'and is the last one');
    $page = get("$path?order=asc&limit=3&after=$ids[1]")->{json};
    is($ids_of->($page), join(' ', @ids[2 .. 4]), 'a list may be ascending');
    $page = get("$path?order=asc&limit=2&before=$ids[5]")->{json};
    is($ids_of->($page), join(' ', @ids[3 .. 4]), 'and go backwards');
    $page = get("$path?limit=100")->{json};
    is(scalar @{ $page->{data} }, 25, 'a page has up to 100 items');
    $page = get("$path?run_id=run_none")->{json};
    is_deeply([ @$page{qw(data first_id has_more)} ], [ [], undef, JSON::PP::false ],
        'a list may be empty');
    refused(get("$path?limit=0"), 400, 'integer_below_min_value', qr/>= 1/, 'a limit of 0');
    refused(get("$path?limit=101"), 400, 'integer_above_max_value', qr/<= 100/, 'a limit of 101');
    refused(get("$path?limit=ten"), 400, 'invalid_type', qr/'limit'/, 'a limit in words');
    refused(get("$path?order=up"), 400, 'invalid_value', qr/'asc' and 'desc'/, 'an unknown order');
    refused(get("$path?limit=1&limit=2"), 400, 'duplicate_parameter', qr/'limit'/,
        'an argument given twice');
    refused(get("$path?page=2"), 400, 'unknown_parameter', qr/'page'/, 'an unknown argument');
    refused(get("$path?after=msg_gone"), 404, undef, qr/No message found/, 'an unknown place');
    my ($run, $other) = final_run('Hello', 'completed');
    is($ids_of->(get("$other/runs")->{json}), $run->{id}, 'the runs of a thread are a list');
};

# A failure of the connection is a 599 of HTTP::Tiny.
subtest 'Faults' => sub {
    my $count_threads = sub { control('GET', 'stats')->{threads} };
    my $last_call = sub { (control('GET', 'log'))->[-1] };

    faults({ on => 'create_thread', action => 'status', status => 429, times => 2, skip => 1,
            headers => { 'Retry-After' => '1' } });
    my @answers = map { post('/threads', {}) } 1 .. 4;
    is(join(' ', map { $_->{status} } @answers), '200 429 429 200', 'a status comes N times after M');
    is($answers[1]{headers}{'retry-after'}, 1, 'with its headers');
    is($answers[1]{json}{error}{code}, 'rate_limit_exceeded', "and OpenAI's words");
    is_deeply(control('GET', 'faults'), [], 'then the fault is used up');

    my $before = $count_threads->();
    faults({ on => 'create_thread', action => 'status', status => 500, carried_out => JSON::PP::true });
    is(post('/threads', {})->{status}, 500, 'a call may fail');
    is($count_threads->(), $before + 1, 'although it was carried out');

    for my $case ([ cut_before => 0 ], [ cut_after => 1 ]) {
        my ($action, $added) = @$case;
        $before = $count_threads->();
        faults({ on => 'create_thread', action => $action });
        is(post('/threads', {})->{status}, 599, "$action closes the connection");
        is($count_threads->(), $before + $added, "and carries $added calls out");
        my $entry = $last_call->();
        is_deeply([ @$entry{qw(call status fault)} ], [ 'create_thread', undef, $action ],
            'which the log shows');
    }
    faults({ on => 'create_thread', action => 'cut_after', reset => JSON::PP::true });
    is(post('/threads', {})->{status}, 599, 'a connection is reset');

    faults({ on => 'create_thread', action => 'cut_mid_body', bytes => 10 });
    my $raw = raw_request("POST /v1/threads HTTP/1.1", '');
    like($raw, qr/\r\n\r\n\{"id":"thr\z/, 'an answer stops in the middle');

    faults({ on => 'create_thread', action => 'hang', ms => 300 });
    my $start = time;
    is(post('/threads', {})->{status}, 599, 'a call is never answered');
    cmp_ok(time - $start, '>=', 0.25, 'and holds the connection');

    $before = $count_threads->();
    faults({ on => 'create_thread', action => 'late', ms => 300 });
    post('/threads', {});
    is($count_threads->(), $before, 'a late call has not happened yet');
    sleep 0.4;
    is($count_threads->(), $before + 1, 'but it lands');
    is($last_call->()->{fault}, 'late_landing', 'which the log shows');

    faults({ on => 'create_thread', action => 'delay', ms => 200 });
    $start = time;
    is(post('/threads', {})->{status}, 200, 'a call is answered late');
    cmp_ok(time - $start, '>=', 0.19, 'by as much as asked for');

    faults({ on => 'create_thread', action => 'slow_body', ms => 20, bytes => 20 });
    $start = time;
    like(post('/threads', {})->{json}{id}, qr/\Athread_/, 'a slow body is whole');
    cmp_ok(time - $start, '>=', 0.1, 'and slow');

    faults({ on => 'create_thread', action => 'garbage' });
    my $answer = post('/threads', {});
    ok($answer->{status} == 200 && !defined $answer->{json}, 'an answer is garbage');
    faults({ on => 'create_thread', action => 'html', status => 502 });
    $answer = post('/threads', {});
    is("$answer->{status} $answer->{headers}{'content-type'}", '502 text/html; charset=utf-8',
        'an answer is a page of a proxy');
    faults({ on => 'create_thread', action => 'huge', bytes => 300_000, chunked => JSON::PP::true });
    $answer = post('/threads', {});
    is(length $answer->{content}, 300_000, 'an answer is huge');
    is($answer->{headers}{'transfer-encoding'}, 'chunked', 'and chunked');
    like($answer->{json}{id}, qr/\Athread_/, 'and otherwise right');

    my (undef, $path, $run) = new_run('[[duration=5000]]');
    faults({ on => 'poll_run', action => 'wrong_id' });
    my $wrong = get($path)->{json};
    ok($wrong->{id} =~ /\Arun_/ && $wrong->{id} ne $run->{id}, 'an answer is about another run');

    faults({ on => 'any', action => 'status', status => 503, times => -1, match => 'asst_demo' });
    is(get('/assistants/asst_demo')->{status}, 503, 'a fault may concern any call with a text');
    is(post('/threads', {})->{status}, 200, 'and no other');
    control('DELETE', 'faults');
    is(get('/assistants/asst_demo')->{status}, 200, 'until it is taken back');
    faults({ on => 'create_thread', action => 'delay', close => JSON::PP::true });
    is(post('/threads', {})->{headers}{connection}, 'close', 'an answer may end the connection');
    refused(post('/_emulator/faults', { on => 'poll', action => 'status' }), 400, 'invalid_value',
        qr/'poll'/, 'a fault on no call');
    refused(post('/_emulator/faults', { on => 'any', action => 'explode' }), 400, 'invalid_value',
        qr/'explode'/, 'an unknown action');
};

sub raw_request {
    my ($line, $rest, $more) = @_;
    my $socket = IO::Socket::INET->new(PeerAddr => "127.0.0.1:$server->{port}", Timeout => 5)
        or die "cannot connect: $@";
    my $headers = join '', map { "$_: $normal{$_}\r\n" } sort keys %normal;
    print $socket "$line\r\nHost: x\r\n$headers" . ($more // '') . "\r\n$rest";
    my $reader = IO::Select->new($socket);
    my $answer = '';
    while ($reader->can_read(3)) {
        sysread $socket, $answer, 65536, length $answer or last;
    }
    return $answer;
}

subtest 'HTTP' => sub {
    my $socket = IO::Socket::INET->new(PeerAddr => "127.0.0.1:$server->{port}");
    my $head = join '', "Host: x\r\n", map { "$_: $normal{$_}\r\n" } sort keys %normal;
    print $socket "GET /v1/assistants/asst_demo HTTP/1.1\r\n$head\r\n" x 2
        . "GET /v1/threads/thread_x HTTP/1.1\r\n${head}Connection: close\r\n\r\n";
    my $all = do { local $/; <$socket> };
    is(join(' ', $all =~ m{HTTP/1\.1 (\d+)}g), '200 200 404', 'pipelined requests keep their order');
    like($all, qr/Connection: close\r\n/, 'and the last one closes the connection');

    my $body = "5\r\n{\"met\r\n9;x=y\r\nadata\":{}\r\n1\r\n}\r\n0\r\nTrailer: x\r\n\r\n";
    like(raw_request('POST /v1/threads HTTP/1.1', $body,
            "Transfer-Encoding: chunked\r\nConnection: close\r\n"),
        qr/\AHTTP\/1\.1 200 OK\r\n.*"object":"thread"/s, 'a chunked body is read');
    like(raw_request('POST /v1/threads HTTP/1.1', '{}',
            "Content-Length: 2\r\nTransfer-Encoding: chunked\r\n"),
        qr/\AHTTP\/1\.1 400 /, 'two lengths of a body are refused');
    like(raw_request('POST /v1/threads HTTP/1.1', '', "Content-Length: 8388609\r\n"),
        qr/\AHTTP\/1\.1 413 /, 'a body above 8 MiB is refused');
    like(raw_request('nonsense', ''), qr/\AHTTP\/1\.1 400 /, 'nonsense is refused');
    my $reply = post('/threads', {});
    like($reply->{headers}{'x-request-id'}, qr/\Areq_/, 'an answer has a request id');
    is($reply->{headers}{'openai-version'}, '2020-10-01', 'and a version');
};

subtest 'Log, settings, statistics' => sub {
    my $since = control('GET', 'log')->[-1]{seq};
    local $http = HTTP::Tiny->new(timeout => 5, keep_alive => 1);
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

    is(control('POST', 'settings', { duration => 0, poll_after => 250 })->{duration}, 0,
        'settings change');
    my ($run) = final_run('Hello', 'completed');
    is($run->{status}, 'completed', 'a run of no duration is done at once');
    my (undef, $path) = new_run('[[duration=3000]]');
    is(get($path)->{headers}{'openai-poll-after-ms'}, 250, 'polls get the hint');
    refused(post('/_emulator/settings', { speed => 1 }), 400, 'unknown_parameter', qr/'speed'/,
        'an unknown setting');
    control('POST', 'settings', { delay => 100 });
    my $start = time;
    new_thread();
    cmp_ok(time - $start, '>=', 0.09, 'every answer may be late');
    control('POST', 'settings', { log => JSON::PP::false, delay => 0 });
    $since = control('GET', 'log')->[-1]{seq};
    new_thread();
    is_deeply(control('GET', "log?since=$since"), [], 'the log can be switched off');

    my $stats = control('GET', 'stats');
    cmp_ok($stats->{calls}{create_thread}{succeeded}, '>', 10, 'calls are counted');
    cmp_ok($stats->{calls}{create_thread}{refused}, '>', 1, 'and refusals');
    cmp_ok($stats->{connections}{peak}, '>=', 1, 'and connections');
    control('POST', 'reset');
    $stats = control('GET', 'stats');
    is_deeply([ @$stats{qw(requests threads runs)} ], [ 0, 0, 0 ], 'a reset forgets everything');
    is(control('GET', 'settings')->{duration}, 150, 'and takes the first settings back');
};

subtest 'Keys and assistants of the command line' => sub {
    local $server = start_emulator('--key', 'sk-one', '--key', 'sk-two', '--assistant', 'asst_other');
    for my $key (qw(sk-one sk-two)) {
        is(post('/threads', {}, { authorization => "Bearer $key" })->{status}, 200, "$key is known");
    }
    refused(post('/threads', {}), 401, 'invalid_api_key', qr/Incorrect/, 'the key of the default');
    is(get('/assistants/asst_other', undef, { authorization => 'Bearer sk-one' })->{status}, 200,
        'the assistant is known');
};

subtest 'TLS' => sub {
    my $made = system("openssl req -x509 -newkey rsa:2048 -nodes -subj /CN=localhost -days 1"
            . " -keyout $dir/key.pem -out $dir/cert.pem >$dir/openssl.out 2>&1") == 0;
    plan skip_all => 'no openssl command' if !$made;
    my $tls = start_emulator('--tls-cert', "$dir/cert.pem", '--tls-key', "$dir/key.pem");
    my $head = join '', "Host: x\r\n", map { "$_: $normal{$_}\r\n" } sort keys %normal;
    my $body = encode_json({ metadata => { map { $_ => 'x' x 500 } 1 .. 16 } });
    open my $file, '>', "$dir/request" or die $!;
    print $file "POST /v1/threads HTTP/1.1\r\n${head}Content-Length: " . length($body)
        . "\r\n\r\n$body" . "GET /v1/assistants/asst_demo HTTP/1.1\r\n${head}Connection: close\r\n\r\n";
    close $file;
    my $answer = `openssl s_client -quiet -CAfile $dir/cert.pem -connect 127.0.0.1:$tls->{port} <$dir/request 2>$dir/openssl.out`;
    is(join(' ', $answer =~ m{HTTP/1\.1 (\d+)}g), '200 200', 'it speaks HTTP over TLS');
};

subtest 'It ends when asked to' => sub {
    my $other = start_emulator();
    kill TERM => $other->{pid};
    close $other->{output};
    is($?, 0, 'it leaves without an error');
    @started = grep { $_ != $other->{pid} } @started;
    is(system("$binary --nonsense 2>$dir/usage"), 2 << 8, 'it refuses options that it does not know');
};

done_testing();
