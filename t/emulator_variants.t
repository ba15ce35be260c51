#!/usr/bin/env perl
# The provider emulator stands in for Azure, Foundry, and servers that speak only a part of the API.
use strict;
use warnings;

use FindBin;
use JSON::PP;
use Test::More;

use lib "$FindBin::Bin/lib";
use Edgerun::EmulatorClient;

# Azure's envelope has a code and a message, no type.
sub refused_by_azure {
    my ($answer, $status, $code, $message, $what) = @_;
    my $error = $answer->{json}{error} // {};
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    is(join(' ', sort keys %$error) . " $answer->{status} $error->{code}", "code message $status $code",
        "it refuses $what");
    like($error->{message}, $message, "as Azure says it");
}

subtest 'Azure' => sub {
    local $client{server} = start_emulator('--prefix', '/api/projects/demo/', '--key-header', 'api-key',
        '--require-query', 'api-version=v1', '--duration', 0);
    $client{server}{prefix} = '/api/projects/demo';
    local $client{headers} = { 'api-key' => 'sk-emulator', 'content-type' => 'application/json' };

    my $thread = post('/threads?api-version=v1', {});
    is($thread->{status}, 200, 'a call needs the key in its header and the version, but no OpenAI-Beta');
    my $runs = "/threads/$thread->{json}{id}/runs";
    is(get("$runs?limit=5&api-version=v1")->{status}, 200, 'the version stands beside other arguments');
    my %messages = (messages => [ { role => 'user', content => 'x' } ]);
    is(post('/chat/completions?api-version=v1', { model => 'm', %messages })->{status}, 200,
        'completions are made there too');

    refused_by_azure(post('/threads', {}), 400, 'MissingApiVersionParameter',
        qr/\AThe api-version query parameter \(\?api-version=\) is required for all requests\.\z/,
        'a call without a version');
    refused_by_azure(post('/threads?api-version=v2', {}), 400, 'BadRequest',
        qr/\AAPI version not supported\z/, 'another version');
    my %wrong = (
        'no key'              => { 'api-key' => undef },
        'a wrong key'         => { 'api-key' => 'sk-other' },
        'a key with Bearer'   => { 'api-key' => 'Bearer sk-emulator' },
        "the key in OpenAI's header" => { 'api-key' => undef, authorization => 'Bearer sk-emulator' },
    );
    for my $what (sort keys %wrong) {
        refused_by_azure(post('/threads?api-version=v1', {}, $wrong{$what}), 401, '401',
            qr/\AAccess denied due to invalid subscription key/, $what);
    }
    refused(post('/threads?api-version=v1&version=2', {}), 400, 'unknown_parameter', qr/'version'/,
        'arguments that it does not know');
    refused(post('/threads?api-version=v1&api-version=v1', {}), 400, 'duplicate_parameter',
        qr/'api-version'/, 'a version given twice');
    local $client{server}{prefix} = '/v1';
    refused(post('/threads?api-version=v1', {}), 404, undef, qr{Invalid URL \(POST /v1/threads\)},
        "OpenAI's own path");
};

subtest 'A prefix' => sub {
    local $client{server} = start_emulator('--prefix', '/');
    $client{server}{prefix} = '';
    is(post('/threads', {})->{status}, 200, 'may be empty');
    refused(post('/v1/threads', {}), 404, undef, qr/Invalid URL/, 'any other then');
    is(system("$Edgerun::Emulator::BINARY --prefix v1 2>/dev/null"), 2 << 8, 'begins with a slash');
};

subtest 'Servers that lack calls' => sub {
    local $client{server} = start_emulator('--lacks', 'list_runs,create_completion', '--lacks', 'get_step');
    my $thread = new_thread();
    refused(get("/threads/$thread/runs"), 404, undef, qr{\AInvalid URL \(GET /v1/threads/$thread/runs\)\z},
        'a call that it lacks');
    refused(post('/chat/completions', 'no JSON', { authorization => undef }), 404, undef, qr/Invalid URL/,
        'it whatever else is wrong');
    is(control('GET', 'log?call=list_runs')->[-1]{status}, 404, 'the log says which call it was');
    is_deeply(control('GET', 'settings')->{lacks}, [qw(create_completion get_step list_runs)],
        'the settings show what is lacking');

    is_deeply(control('POST', 'settings', { lacks => ['get_thread'] })->{lacks}, ['get_thread'],
        'and change it');
    is(get("/threads/$thread/runs")->{status}, 200, 'so that a call comes back');
    refused(get("/threads/$thread"), 404, undef, qr/Invalid URL/, 'and another one goes');
    control('POST', 'settings', { delay => 0 });
    refused(get("/threads/$thread"), 404, undef, qr/Invalid URL/, 'it though other settings change');
    refused(post('/_emulator/settings', { lacks => ['poll'] }), 400, 'invalid_value', qr/names of calls/,
        'to lack what is no call');
    refused(post('/_emulator/settings', { lacks => 'poll_run' }), 400, 'invalid_type', qr/'lacks'/,
        'a lack that is no list');
    control('POST', 'reset');
    is(scalar @{ control('GET', 'settings')->{lacks} }, 3, 'a reset takes the first ones back');
    is(system("$Edgerun::Emulator::BINARY --lacks poll 2>/dev/null"), 2 << 8,
        'the command line knows the names of calls too');
};

done_testing();
