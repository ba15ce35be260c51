#!/usr/bin/env perl
# Beside the provider, the emulator is an operator's own endpoint of function tools.
use strict;
use warnings;

use FindBin;
use Test::More;
use Time::HiRes qw(time);

use lib "$FindBin::Bin/lib";
use Edgerun::EmulatorClient;

start_default();
$client{headers} = { 'content-type' => 'application/json' };

sub body {
    my ($arguments, %more) = @_;
    return { tool => 'lookup', arguments => $arguments, jobId => 'job1', user => 'ada',
        toolCallId => 'call_1', %more };
}

sub call { return post('/tools/lookup', body(@_)) }

subtest 'A call' => sub {
    my $answer = call({ city => 'Bonn', list => [ 1, 2 ] });
    is($answer->{status}, 200, 'is answered without a key');
    is_deeply($answer->{json}, { tool => 'lookup', echo => { city => 'Bonn', list => [ 1, 2 ] } },
        'with its own arguments');
    my $entry = control('GET', 'log?call=tool')->[-1];
    is("@$entry{qw(path status)}", '/tools/lookup 200', 'the log shows it');
    faults({ on => 'tool', action => 'status', status => 503 });
    is(call({})->{status}, 503, 'faults concern it');
    is(call({})->{status}, 200, 'once');
};

subtest 'Arguments that steer' => sub {
    my $start = time;
    call({ delay => 100 });
    cmp_ok(time - $start, '>=', 0.09, 'the answer may be late');
    is(call({ status => 404 })->{status}, 404, 'have a status');
    for my $size (200, 5000, 1_000_000) {
        my $answer = call({ size => $size });
        is(length $answer->{content}, $size, "be $size bytes long");
        is($answer->{json}{tool}, 'lookup', 'and JSON nevertheless');
    }
    is(call({ size => 3 })->{json}{tool}, 'lookup', 'but it is never cut');
    my $answer = call({ text => "Plain \x{e9}" });
    is($answer->{headers}{'content-type'}, 'text/plain; charset=utf-8', 'or be a text');
    is($answer->{content}, "Plain \xc3\xa9", 'that is given');
};

subtest 'What is refused' => sub {
    for my $name (qw(tool arguments jobId user toolCallId)) {
        my $body = body({});
        delete $body->{$name};
        refused(post('/tools/lookup', $body), 400, 'missing_required_parameter', qr/'$name'/,
            "a call without $name");
        refused(call({}, $name => 7), 400, 'invalid_type', qr/'$name'/, "$name that is a number");
    }
    refused(call({}, extra => 1), 400, 'unknown_parameter', qr/'extra'/, 'an unknown member');
    refused(post('/tools/other', body({})), 400, 'invalid_value', qr/'lookup'/, "another tool's call");
    refused(call('{"a":1}'), 400, 'invalid_type', qr/'arguments'/, 'arguments that are a string');
    refused(post('/tools/lookup', '{'), 400, undef, qr/JSON/, 'what is no JSON');
    refused(post('/tools/lookup?a=b', body({})), 400, 'unknown_parameter', qr/'a'/, 'a query');
    refused(get('/tools/lookup'), 405, 'method_not_supported', qr/GET/, 'to be read');
    refused(post('/tools/lookup', body({}), { 'content-type' => 'text/plain' }), 400,
        'unsupported_content_type', qr/text/, 'a body that is not called JSON');
};

done_testing();
