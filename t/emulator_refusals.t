#!/usr/bin/env perl
# The provider emulator refuses what OpenAI refuses, in its words.
use strict;
use warnings;

use FindBin;
use JSON::PP;
use Test::More;

use lib "$FindBin::Bin/lib";
use Edgerun::EmulatorClient;

start_default();

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
    my ($thread, $path, $run) = new_run('[[duration=60000]]');
    my ($id) = $thread =~ m{([^/]+)\z};
    my $error = refused(post("$thread/runs", { assistant_id => 'asst_demo' }), 400, undef,
        qr/active run/, 'a second run');
    is($error->{message}, "Thread $id already has an active run $run->{id}.",
        'in the words that clients match');
    $error = refused(add_message($id, 'More'), 400, undef, qr/add messages/, 'a message');
    is($error->{message}, "Can't add messages to $id while a run $run->{id} is active.",
        'in the words that clients match');
    control('POST', 'finish');
    wait_for($path, 'completed');
    is(add_message($id, 'More')->{status}, 200, 'after the run a message is welcome');
};

done_testing();
