#!/usr/bin/env perl
# The provider emulator makes chat completions: it holds the call as long as one takes, and refuses
# messages that OpenAI refuses.
use strict;
use warnings;

use FindBin;
use JSON::PP;
use Test::More;

use lib "$FindBin::Bin/lib";
use Edgerun::EmulatorClient;

start_default('--duration', 50);
$client{headers}{'openai-beta'} = undef;

my $path = '/chat/completions';

sub user { return { role => 'user', content => $_[0] } }

sub called {
    my @ids = @_;
    my @calls = map { { id => $_, type => 'function', function => { name => 'f', arguments => '{}' } } } @ids;
    return { role => 'assistant', content => undef, tool_calls => \@calls };
}

sub output { return { role => 'tool', tool_call_id => $_[0], content => 'out' } }

sub body { my ($messages, %more) = @_; return { model => 'gpt-4o', messages => $messages, %more } }

sub complete { return post($path, body(@_)) }

# What a user's message alone is answered.
sub choice { return complete([ user(@_) ])->{json}{choices}[0] }

sub record {
    my ($job) = @_;
    my ($found) = grep { $_->{job} eq $job } @{ control('GET', 'runs') };
    return $found;
}

subtest 'A completion' => sub {
    my $answer = complete([ { role => 'system', content => 'Be short.' }, user('What is NGINX?') ],
        metadata => { edgerun_job => 'job1' });
    is($answer->{status}, 200, 'is made');
    my $object = $answer->{json};
    like($object->{id}, qr/\Achatcmpl-[0-9A-Za-z]{24}\z/, 'is named as at OpenAI');
    is("@$object{qw(object model)}", 'chat.completion gpt-4o', 'is an object of its kind');
    is(scalar @{ $object->{choices} }, 1, 'has one choice');
    my $choice = $object->{choices}[0];
    is("@$choice{qw(index finish_reason)}", '0 stop', 'that stopped by itself');
    is($choice->{message}{role}, 'assistant', "in the assistant's role");
    like($choice->{message}{content}, qr/\AYou asked: "What is NGINX\?"\. /, 'and restates the question');
    my $usage = $object->{usage};
    is($usage->{total_tokens}, $usage->{prompt_tokens} + $usage->{completion_tokens}, 'its usage adds up');
    my $record = record('job1');
    is("@$record{qw(kind status question rounds)}", 'completion completed What is NGINX? 0',
        'the control endpoint knows it');
    is($record->{final_at_ms} - $record->{created_ms}, 50, 'it took exactly as long as it should');
};

subtest 'The job of a completion' => sub {
    post($path, body([ user('Hello') ]), { 'x-client-request-id' => 'job2' });
    is((record('job2') // {})->{status}, 'completed', 'may stand in a header');
    post($path, body([ user('Hello') ], metadata => { edgerun_job => 'job3' }),
        { 'x-client-request-id' => 'job4' });
    ok(record('job3') && !record('job4'), 'but metadata says it first');
};

subtest 'Markers' => sub {
    is(choice('[[answer=Forty two.]]')->{message}{content}, 'Forty two.', 'an answer is given');
    is(length choice('[[answer_size=5000]]')->{message}{content}, 5000, 'an answer has a size');
    is(choice("[[answer=\n# One\n\n]][[answer_size=10]]")->{message}{content}, "\n# One\n\n\n#",
        'or is a text with line ends, again and again');
    is(choice("[[answer=a\x{e4}]][[answer_size=5]]")->{message}{content}, "a\x{e4}a",
        'without a character that does not fit');
    is(choice('[[messages=0]]')->{message}{content}, undef, 'an answer has no content');
    my $refused = choice('[[refusal]]');
    ok(!defined $refused->{message}{content} && $refused->{message}{refusal}, 'the model refuses');
    is($refused->{finish_reason}, 'stop', 'which is an end like any other');
    is(choice('[[status=incomplete]]')->{finish_reason}, 'length', 'an answer is cut');
    is(choice('[[status=incomplete]][[reason=content_filter]]')->{finish_reason}, 'content_filter',
        'or filtered');
    is(choice('[[status=bored]]')->{finish_reason}, 'bored', 'an answer ends for a reason unknown to OpenAI');
    is(complete([ user('[[usage=100,23]]') ])->{json}{usage}{total_tokens}, 123, 'the usage is given');
    ok(!exists complete([ user('[[usage=none]]') ])->{json}{usage}, 'or is not there');
    my $garbage = complete([ user('[[garbage]]') ]);
    ok($garbage->{status} == 200 && !defined $garbage->{json}, 'an answer is garbage');
    is(choice([ { type => 'text', text => '[[answer=' }, { type => 'text', text => 'parts]]' } ])
            ->{message}{content}, 'parts', 'markers are read from parts too');
    is(complete([ user('[[answer=old]]'), { role => 'assistant', content => 'old' }, user('[[answer=new]]') ])
            ->{json}{choices}[0]{message}{content}, 'new', "but from the newest user's message only");
};

subtest 'Failures' => sub {
    my $error = refused(complete([ user('[[status=failed]]') ]), 500, undef, qr/had an error/, 'with 500');
    is($error->{type}, 'server_error', 'as an error of the server');
    refused(complete([ user('[[error=rate_limit_exceeded:Slow down.]]') ]), 429,
        'rate_limit_exceeded', qr/\ASlow down\.\z/, 'for a limit of rate');
    refused(complete([ user('[[error=insufficient_quota:Pay.]]') ]), 429, 'insufficient_quota',
        qr/\APay\.\z/, 'for a quota that is spent');
    refused(complete([ user('[[error=context_length_exceeded:Long.]]') ]), 400,
        'context_length_exceeded', qr/\ALong\.\z/, 'a prompt that is too long');
    my ($record) = grep { $_->{status} eq 'failed' } @{ control('GET', 'runs') };
    is($record->{finish_reason}, 'failed', 'and the control endpoint knows it');
};

subtest 'A client that leaves' => sub {
    my $leave = sub {
        my ($job, $text) = @_;
        my $content = encode_json(body([ user($text) ], metadata => { edgerun_job => $job }));
        my $socket = connect_raw();
        my $head = "authorization: Bearer sk-emulator\r\ncontent-type: application/json\r\n";
        print $socket "POST /v1$path HTTP/1.1\r\nhost: x\r\n${head}content-length: "
            . length($content) . "\r\n\r\n$content";
        ok(wait_until { record($job) }, 'a completion is under way');
        is(record($job)->{status}, 'in_progress', 'and not finished');
        close $socket;
    };
    $leave->('left', '[[duration=60000]]');
    ok(wait_until { record('left')->{status} eq 'cancelled' }, 'its client leaves, and cancels it');
    ok(record('left')->{final_at_ms}, 'which makes it final');
    is(record('left')->{first_seen_final_ms}, undef, 'though nobody saw that');
    $leave->('ignored', '[[duration=60000]][[cancel=ignored]]');
    control('POST', 'finish');
    ok(wait_until { record('ignored')->{status} eq 'completed' },
        'a server that does not notice completes it');
    is(control('GET', 'stats')->{active_runs}, 0, 'and nothing is left');
};

subtest 'Tool calls' => sub {
    my @messages = (user('[[tools=weather,time]][[tool_arguments={"city":"Bonn"}]][[tool_rounds=2]][[answer=Rain.]]'));
    for my $round (1, 2) {
        my $choice = complete(\@messages)->{json}{choices}[0];
        is($choice->{finish_reason}, 'tool_calls', "round $round ends in tool calls");
        my $message = $choice->{message};
        ok(exists $message->{content} && !defined $message->{content}, 'without content');
        my @calls = @{ $message->{tool_calls} };
        is(join(',', map { "$_->{type} $_->{function}{name} $_->{function}{arguments}" } @calls),
            'function weather {"city":"Bonn"},function time {"city":"Bonn"}', 'of these functions');
        delete @$message{qw(refusal annotations)};
        push @messages, $message, map { output($_->{id}) } @calls;
    }
    my $choice = complete(\@messages, metadata => { edgerun_job => 'tools' })->{json}{choices}[0];
    is("$choice->{finish_reason} $choice->{message}{content}", 'stop Rain.', 'then comes the answer');
    is(record('tools')->{rounds}, 2, 'after so many rounds');
    is(complete([ @messages, { role => 'assistant', content => 'Rain.' }, user('And [[answer=now?]]') ])
            ->{json}{choices}[0]{message}{content}, 'now?', 'a new question begins anew');
};

subtest 'Calls and their outputs' => sub {
    my $words = qr/\AAn assistant message with 'tool_calls' must be followed by tool messages responding to each 'tool_call_id'\. The following tool_call_ids did not have response messages: /;
    my @cases = (
        [ 'a call without an output', [ user('x'), called('c1') ],
            qr/${words}c1\z/, 'messages' ],
        [ 'calls of which one has no output', [ user('x'), called(qw(c1 c2 c3)), output('c2') ],
            qr/${words}c1, c3\z/, 'messages' ],
        [ 'a question before the output', [ user('x'), called('c1'), user('y'), output('c1') ],
            qr/${words}c1\z/, 'messages.[2].role' ],
        [ 'an output without a call', [ user('x'), output('c1') ],
            qr/\AInvalid parameter: messages with role 'tool' must be a response to a preceeding message with 'tool_calls'\.\z/,
            'messages.[1].role' ],
        [ 'an output of another call', [ user('x'), called('c1'), output('c2') ],
            qr/\AInvalid parameter: 'tool_call_id' of 'c2' not found in 'tool_calls' of previous message\.\z/,
            'messages.[2].tool_call_id' ],
        [ 'an output that comes late', [ user('x'), called('c1'), output('c1'), user('y'), output('c1') ],
            qr/must be a response/, 'messages.[4].role' ],
        [ 'an output that comes twice', [ user('x'), called('c1'), output('c1'), output('c1') ],
            qr/\AInvalid parameter: Duplicate value for 'tool_call_id' of 'c1', in messages\[2\] and messages\[3\]\.\z/,
            'messages.[3].tool_call_id' ],
        [ 'two calls of one id', [ user('x'), called(qw(c1 c1)), output('c1') ],
            qr/Duplicate value/, 'messages.[1].tool_call_id' ],
    );
    for my $case (@cases) {
        my ($what, $messages, $message, $param) = @$case;
        is(refused(complete($messages), 400, undef, $message, $what)->{param}, $param, "and names $param");
    }
    is(complete([ user('x'), called(qw(c1 c2)), output('c2'), output('c1') ])->{status}, 200,
        'outputs come in any order');
    is(complete([ user('x'), called('c1'), output('c1'), called('c1'), output('c1') ])->{status}, 200,
        'a later round may use an id again');
};

subtest 'Messages' => sub {
    my @cases = (
        [ 'no messages', [], 'empty_array', qr/'messages': empty array/, 'messages' ],
        [ 'a message that is a string', ['x'], 'invalid_type', qr/expected an object/, 'messages[0]' ],
        [ 'a message without a role', [ { content => 'x' } ], 'missing_required_parameter',
            qr/'messages\[0\]\.role'/, 'messages[0].role' ],
        [ 'an unknown role', [ { role => 'bot', content => 'x' } ], 'invalid_value',
            qr/'system', 'assistant', 'user', 'tool', and 'developer'/, 'messages[0].role' ],
        [ 'an unknown member', [ { role => 'user', content => 'x', id => 'y' } ], 'unknown_parameter',
            qr/'messages\[0\]\.id'/, 'messages[0].id' ],
        [ 'a question without content', [ { role => 'user' } ], 'missing_required_parameter',
            qr/content/, 'messages[0].content' ],
        [ 'content that is null', [ user(undef) ], undef, qr/expected a string, got null/,
            'messages.[0].content' ],
        [ 'an assistant without content and calls', [ user('x'), { role => 'assistant', content => undef } ],
            undef, qr/got null/, 'messages.[1].content' ],
        [ 'content that is an object', [ user({ a => 1 }) ], 'invalid_type', qr/string or array/,
            'messages[0].content' ],
        [ 'no parts', [ user([]) ], 'empty_array', qr/content/, 'messages[0].content' ],
        [ 'a part of Assistants', [ user([ { type => 'image_file', image_file => { file_id => 'x' } } ]) ],
            'invalid_value', qr/'image_file'/, 'messages[0].content[0].type' ],
        [ 'an image that a system sends',
            [ { role => 'system', content => [ { type => 'image_url', image_url => { url => 'http://x/' } } ] } ],
            'invalid_value', qr/values are: 'text'/, 'messages[0].content[0].type' ],
        [ 'a tool message without its call', [ user('x'), called('c1'), { role => 'tool', content => 'x' } ],
            'missing_required_parameter', qr/tool_call_id/, 'messages[2].tool_call_id' ],
        [ 'an empty list of calls', [ user('x'), called() ], 'empty_array', qr/tool_calls/,
            'messages[1].tool_calls' ],
        [ 'arguments that are an object',
            [ user('x'), { role => 'assistant', tool_calls => [ { id => 'c1', type => 'function',
                function => { name => 'f', arguments => {} } } ] }, output('c1') ],
            'invalid_type', qr/expected a string/, 'messages[1].tool_calls[0].function.arguments' ],
    );
    for my $case (@cases) {
        my ($what, $messages, $code, $message, $param) = @$case;
        is(refused(complete($messages), 400, $code, $message, $what)->{param}, $param, "and names $param");
    }
    is(complete([ { role => 'developer', content => 'x' }, user([ { type => 'text', text => 'Look' },
                { type => 'image_url', image_url => { url => 'https://x/y.png', detail => 'low' } } ]) ])
            ->{status}, 200, 'developers and images are welcome');
};

subtest 'Parameters' => sub {
    my $function = { type => 'function', function => { name => 'f', parameters => { type => 'object' } } };
    my @cases = (
        [ 'an unknown parameter', { background => JSON::PP::true }, 'unknown_parameter', qr/'background'/ ],
        [ 'a model that is null', { model => undef }, 'invalid_type', qr/'model'/ ],
        [ 'a temperature above 2', { temperature => 2.5 }, 'integer_above_max_value', qr/<= 2/ ],
        [ 'max_tokens 0', { max_tokens => 0 }, 'integer_below_min_value', qr/>= 1/ ],
        [ 'both limits of tokens', { max_tokens => 9, max_completion_tokens => 9 },
            'invalid_parameter_combination', qr/at the same time/ ],
        [ 'a stream', { stream => JSON::PP::true }, 'invalid_value', qr/in this emulator/ ],
        [ 'options of no stream', { stream_options => {} }, undef, qr/'stream' is enabled/ ],
        [ 'several choices', { n => 2 }, 'invalid_value', qr/in this emulator/ ],
        [ 'numbers in metadata', { metadata => { a => 1 } }, 'invalid_type', qr/'metadata\.a'/ ],
        [ 'a flat tool, as of Responses', { tools => [ { type => 'function', name => 'f' } ] },
            'unknown_parameter', qr/'tools\[0\]\.name'/ ],
        [ 'a tool without its function', { tools => [ { type => 'function' } ] },
            'missing_required_parameter', qr/'tools\[0\]\.function'/ ],
        [ "a tool of the provider's own", { tools => [ { type => 'code_interpreter' } ] },
            'invalid_value', qr/values are: 'function'/ ],
        [ 'an empty list of tools', { tools => [] }, 'empty_array', qr/'tools'/ ],
        [ 'a name with blanks', { tools => [ { type => 'function', function => { name => 'a b' } } ] },
            'invalid_value', qr/\^\[a-zA-Z0-9_-\]\+\$/ ],
        [ 'parameters that are no object',
            { tools => [ { type => 'function', function => { name => 'f', parameters => { type => 'array' } } } ] },
            'invalid_function_parameters', qr/got 'type: "array"'/ ],
        [ 'a choice without tools', { tool_choice => 'auto' }, undef, qr/only allowed when 'tools'/ ],
        [ 'parallel calls without tools', { parallel_tool_calls => JSON::PP::true }, undef,
            qr/only allowed when 'tools'/ ],
        [ 'an unknown choice', { tools => [$function], tool_choice => 'any' }, 'invalid_value',
            qr/'none', 'auto', and 'required'/ ],
        [ 'a choice that is not offered', { tools => [$function],
                tool_choice => { type => 'function', function => { name => 'g' } } }, undef, qr/not found/ ],
        [ 'a format in a word', { response_format => 'auto' }, 'invalid_type', qr/expected an object/ ],
        [ 'an unknown format', { response_format => { type => 'xml' } }, 'invalid_value', qr/'xml'/ ],
        [ 'a flat schema, as of Responses', { response_format => { type => 'json_schema', name => 'x' } },
            'unknown_parameter', qr/'response_format\.name'/ ],
        [ 'JSON that no message speaks of', { response_format => { type => 'json_object' } }, undef,
            qr/must contain the word 'json'/ ],
    );
    for my $case (@cases) {
        my ($what, $more, $code, $message) = @$case;
        refused(complete([ user('Hello') ], %$more), 400, $code, $message, $what);
    }
    refused(post($path, { messages => [ user('x') ] }), 400, 'missing_required_parameter', qr/'model'/,
        'a completion without a model');
    refused(get($path), 405, 'method_not_supported', qr/GET/, 'to list completions');
    refused(post("$path?a=b", body([ user('x') ])), 400, 'unknown_parameter', qr/'a'/, 'a query');
    my $answer = complete([ user('Some JSON, please.') ], tools => [$function], tool_choice => 'auto',
        temperature => 0.2, max_completion_tokens => 100, parallel_tool_calls => JSON::PP::false,
        response_format => { type => 'json_object' }, metadata => { edgerun_job => 'x' });
    is($answer->{status}, 200, 'everything right is welcome') or diag $answer->{content};
};

subtest 'Faults' => sub {
    faults({ on => 'create_completion', action => 'cut_after' });
    is(complete([ user('Hello') ], metadata => { edgerun_job => 'cut' })->{status}, 599,
        'an answer is lost');
    is(record('cut')->{status}, 'completed', 'of a completion that was made');
    faults({ on => 'create_completion', action => 'status', status => 503 });
    is(complete([ user('Hello') ])->{status}, 503, 'a call is refused before it begins');
    faults({ on => 'create_completion', action => 'wrong_id' });
    my $wrong = complete([ user('Hello') ], metadata => { edgerun_job => 'wrong' })->{json}{id};
    ok($wrong =~ /\Achatcmpl-/ && $wrong ne record('wrong')->{id}, 'an answer is about another completion');
};

done_testing();
