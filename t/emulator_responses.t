#!/usr/bin/env perl
# The provider emulator speaks the Responses API: what it refuses, how a response lives, what a
# held call does, and how function outputs carry it on.
use strict;
use warnings;

use FindBin;
use JSON::PP;
use Test::More;
use Time::HiRes qw(time);

use lib "$FindBin::Bin/lib";
use Edgerun::EmulatorClient;

my ($true, $false) = (JSON::PP::true, JSON::PP::false);
my %function = (type => 'function', name => 'lookup', parameters => { type => 'object' }, strict => $false);

start_default();
delete $client{headers}{'openai-beta'};

sub create { return post('/responses', { model => 'gpt-4o', @_ }) }

# In the background: its path, and the response as it was created.
sub started {
    my ($input, %more) = @_;
    my $response = create(input => $input, background => $true, %more)->{json};
    return ("/responses/$response->{id}", $response);
}

sub ended {
    my ($input, $status, %more) = @_;
    my ($path) = started($input, %more);
    return wait_for($path, $status);
}

sub outputs_for {
    my ($response) = @_;
    return map { { type => 'function_call_output', call_id => $_->{call_id}, output => "for $_->{name}" } }
        grep { $_->{type} eq 'function_call' } @{ $response->{output} };
}

sub answer_of {
    my ($response) = @_;
    return ((grep { $_->{type} eq 'message' } @{ $response->{output} })[0] // {})->{content}[0]{text};
}

sub record {
    my ($id) = @_;
    return (grep { $_->{id} eq $id } @{ control('GET', 'runs') })[0];
}

subtest 'Requests that are refused' => sub {
    refused(post('/responses', { model => 'x', input => 'x' }, { authorization => undef }),
        401, 'invalid_api_key', qr/provide an API key/, 'a request without a key');
    refused(request('PUT', '/responses', {}), 405, 'method_not_supported', qr/Not allowed to PUT/,
        'a wrong method');
    my %nested   = (type => 'function', function => { name => 'lookup', parameters => {} });
    my $message  = sub { return { input => [ { role => $_[0], content => [ $_[1] ] } ] } };
    my @cases = (
        [ 'no input', {}, 'missing_required_parameter', qr/\AOne of "input"/, 'input' ],
        [ 'an empty input without a context', { input => [] }, 'missing_required_parameter', qr/"input"/,
            'input' ],
        [ 'no model', { model => undef, input => 'x' }, 'invalid_type', qr/'model'/, 'model' ],
        [ 'an unknown member', { input => 'x', messages => [] }, 'unknown_parameter',
            qr/\AUnknown parameter: 'messages'\.\z/, 'messages' ],
        [ 'input of a wrong type', { input => 7 }, 'invalid_type', qr/array of objects or string/, 'input' ],
        [ 'background in words', { input => 'x', background => 'yes' }, 'invalid_type', qr/a boolean/,
            'background' ],
        [ 'too few output tokens', { input => 'x', max_output_tokens => 15 }, 'integer_below_min_value',
            qr/>= 16/, 'max_output_tokens' ],
        [ 'a temperature above 2', { input => 'x', temperature => 2.1 }, 'integer_above_max_value',
            qr/<= 2/, 'temperature' ],
        [ 'a long value in metadata', { input => 'x', metadata => { a => 'x' x 513 } },
            'string_above_max_length', qr/512/, 'metadata.a' ],
        [ 'an unknown truncation', { input => 'x', truncation => 'last' }, 'invalid_value',
            qr/'auto' and 'disabled'/, 'truncation' ],
        [ 'an unknown effort', { input => 'x', reasoning => { effort => 'much' } }, 'invalid_value',
            qr/'much'/, 'reasoning.effort' ],
        [ 'an unknown inclusion', { input => 'x', include => ['everything'] }, 'invalid_value',
            qr/'everything'/, 'include[0]' ],
        [ 'a stream', { input => 'x', stream => $true }, 'invalid_value', qr/'true'/, 'stream' ],
        [ 'a message in the words of Assistants', $message->('user', { type => 'text', text => 'x' }),
            'invalid_value', qr/'text'.*'input_text'/, 'input[0].content[0].type' ],
        [ 'input_text of an assistant', $message->('assistant', { type => 'input_text', text => 'x' }),
            'invalid_value', qr/'output_text' and 'refusal'/, 'input[0].content[0].type' ],
        [ 'a role that is none', $message->('tool', { type => 'input_text', text => 'x' }),
            'invalid_value', qr/'tool'/, 'input[0].role' ],
        [ 'an unknown item', { input => [ { type => 'thought' } ] }, 'invalid_value', qr/'thought'/,
            'input[0].type' ],
        [ 'an output without its text', { input => [ { type => 'function_call_output', call_id => 'call_1' } ] },
            'missing_required_parameter', qr/'input\[0\]\.output'/, 'input[0].output' ],
        [ 'an id of another kind', { input => [ { role => 'user', id => 'fc_1', content => 'x' } ] },
            'invalid_value', qr/begins with 'msg'/, 'input[0].id' ],
        [ 'a nested function', { input => 'x', tools => [ \%nested ] }, 'missing_required_parameter',
            qr/\AMissing required parameter: 'tools\[0\]\.name'\.\z/, 'tools[0].name' ],
        [ 'a function without strict', { input => 'x', tools => [ { %function, strict => undef },
                    { map { $_ => $function{$_} } qw(type name parameters) } ] },
            'missing_required_parameter', qr/'tools\[1\]\.strict'/, 'tools[1].strict' ],
        [ 'a name with a blank', { input => 'x', tools => [ { %function, name => 'look up' } ] },
            'invalid_value', qr/match pattern/, 'tools[0].name' ],
        [ 'a strict function of a lenient schema', { input => 'x', tools => [ { %function, strict => $true } ] },
            'invalid_function_parameters', qr/'additionalProperties' is required/, 'tools[0].parameters' ],
        [ 'a code interpreter without a container', { input => 'x', tools => [ { type => 'code_interpreter' } ] },
            'missing_required_parameter', qr/container/, 'tools[0].container' ],
        [ 'a choice that is not offered', { input => 'x', tools => [ \%function ],
                tool_choice => { type => 'function', name => 'other' } },
            undef, qr/not found in 'tools'/, 'tool_choice' ],
        [ 'a nested choice', { input => 'x', tools => [ \%function ],
                tool_choice => { type => 'function', function => { name => 'lookup' } } },
            'missing_required_parameter', qr/'tool_choice\.name'/, 'tool_choice.name' ],
        [ 'a nested format', { input => 'x', text => { format => { type => 'json_schema',
                        json_schema => { name => 'x', schema => {} } } } },
            'missing_required_parameter', qr/'text\.format\.name'/, 'text.format.name' ],
    );
    for my $case (@cases) {
        my ($what, $members, $code, $message, $param) = @$case;
        my $error = refused(create(%$members), 400, $code, $message, $what);
        is($error->{param}, $param, "and names $param");
    }
    refused(post('/responses', { input => 'x' }), 400, 'missing_required_parameter', qr/'model'/,
        'a response without a model');
    is_deeply(control('GET', 'runs'), [], 'none of them is a response');
};

subtest 'Requests that are taken' => sub {
    my $response = create(
        input        => [
            { role => 'developer', content => 'Be short.' },
            { type => 'message', role => 'user', content => [ { type => 'input_text', text => 'Hello' },
                    { type => 'input_image', image_url => 'data:image/png;base64,AA==' } ] },
        ],
        instructions => 'Answer.', store => $true, temperature => 0.5, top_p => 0.9, truncation => 'auto',
        tools        => [ \%function, { type => 'code_interpreter', container => { type => 'auto' } },
            { type => 'file_search', vector_store_ids => ['vs_1'] } ],
        tool_choice  => { type => 'function', name => 'lookup' }, parallel_tool_calls => $false,
        text         => { format => { type => 'json_schema', name => 'x', schema => {}, strict => $false } },
        reasoning    => { effort => 'low' }, max_output_tokens => 16, metadata => { a => 'b' },
        include      => ['code_interpreter_call.outputs'],
    );
    is($response->{status}, 200, 'all that OpenAI takes is taken') or diag $response->{content};
    my $json = $response->{json};
    is_deeply([ @$json{qw(instructions temperature truncation max_output_tokens metadata)} ],
        [ 'Answer.', 0.5, 'auto', 16, { a => 'b' } ], 'and given back');
    is($json->{tools}[0]{name}, 'lookup', 'with its tools');
    is($json->{reasoning}{effort}, 'low', 'and its effort');
};

subtest 'The life of a response in the background' => sub {
    my ($path, $response) = started('[[duration=60000]] What is NGINX?', metadata => { edgerun_job => 'job1' }, store => $true);
    is($response->{status}, 'queued', 'it begins in the queue');
    like($response->{id}, qr/\Aresp_[0-9A-Za-z]{24}\z/, 'and is named as at OpenAI');
    is_deeply([ @$response{qw(object background output error completed_at)} ],
        [ 'response', $true, [], undef, undef ], 'without an output');
    is(wait_for($path, 'in_progress')->{status}, 'in_progress', 'then it is in progress');
    control('POST', 'finish');
    my $done = wait_for($path, 'completed');
    ok($done->{completed_at}, 'then it is completed');
    like(answer_of($done), qr/\AYou asked: "What is NGINX\?"/, 'with an answer that restates the question');
    my $usage = $done->{usage};
    is($usage->{total_tokens}, $usage->{input_tokens} + $usage->{output_tokens}, 'its usage adds up');
    my $record = record($response->{id});
    is_deeply([ @$record{qw(kind job question thread previous deleted background status)} ],
        [ 'response', 'job1', 'What is NGINX?', '', '', $false, $true, 'completed' ],
        'the control endpoint knows it');
    my $exact = record(ended('And then?', 'completed')->{id});
    is($exact->{final_at_ms} - $exact->{created_ms}, 150, 'another ended exactly when it should');
    ok($record->{first_seen_final_ms} >= $record->{final_at_ms}, 'and when that was first seen');
    my $stats = control('GET', 'stats');
    ok($stats->{calls}{poll_response}{succeeded} > 1 && $stats->{runs} > 0, 'calls and responses are counted');
    my $items = get("$path/input_items")->{json}{data};
    like($items->[0]{content}[0]{text}, qr/What is NGINX\?\z/, 'its input is listed');
    is(request('DELETE', $path)->{json}{deleted}, $true, 'it can be deleted');
    refused(get($path), 404, undef, qr/\AResponse with id '$response->{id}' not found\.\z/,
        'to show it afterwards');
    refused(post("$path/cancel"), 404, undef, qr/not found/, 'to cancel it');
    refused(request('DELETE', $path), 404, undef, qr/not found/, 'to delete it again');
    refused(get("$path/input_items"), 404, undef, qr/not found/, 'to list its input');
    is(record($response->{id})->{deleted}, $true, 'the control endpoint still knows it');
    refused(get('/responses/gone'), 400, 'invalid_value', qr/begins with 'resp'/, 'an id of another kind');
};

subtest 'Markers' => sub {
    my $response = ended('[[status=failed]]', 'failed');
    is($response->{error}{code}, 'server_error', 'a response fails');
    is_deeply($response->{output}, [], 'without an output');
    is_deeply(ended('[[error=rate_limit_exceeded:Too much.]]', 'failed')->{error},
        { code => 'rate_limit_exceeded', message => 'Too much.' }, 'with a given error');
    $response = ended('[[status=incomplete]]', 'incomplete');
    is($response->{incomplete_details}{reason}, 'max_output_tokens', 'a response ends incomplete');
    is($response->{output}[0]{status}, 'incomplete', 'with an incomplete message');
    is(ended('[[status=incomplete]][[reason=content_filter]]', 'incomplete')->{incomplete_details}{reason},
        'content_filter', 'for a given reason');
    is(ended('[[status=cancelled]]', 'cancelled')->{status}, 'cancelled', 'a response is cancelled');
    is(ended('[[status=paused]]', 'paused')->{status}, 'paused', 'or has a status that OpenAI does not have');
    $response = ended('[[answer=Forty two.]][[usage=100,23]]', 'completed');
    is(answer_of($response), 'Forty two.', 'an answer is given');
    is($response->{usage}{total_tokens}, 123, 'and the usage');
    $response = ended('[[answer_size=5000]][[usage=none]]', 'completed');
    is(length answer_of($response), 5000, 'an answer has a size');
    is($response->{usage}, undef, 'a response has no usage');
    is(scalar @{ ended('[[messages=3]]', 'completed')->{output} }, 3, 'a response has several messages');
    is_deeply(ended('[[messages=0]]', 'completed')->{output}, [], 'or none');
    my ($part) = @{ ended('[[annotations]]', 'completed')->{output}[0]{content} };
    my ($citation, $path) = @{ $part->{annotations} };
    is($citation->{filename}, 'notes.txt', 'an answer cites a file');
    is(substr($part->{text}, $path->{start_index}, $path->{end_index} - $path->{start_index}),
        'sandbox:/mnt/data/result.csv', 'and names one of the container where it says');
    is(ended('[[refusal]]', 'completed')->{output}[0]{content}[0]{type}, 'refusal', 'the model refuses');
    my ($at) = started('[[garbage]][[duration=0]]');
    is(get($at)->{json}, undef, 'a finished response is garbage');
    ($at) = started('[[poll_after=300]][[duration=60000]]');
    is(get($at)->{headers}{'openai-poll-after-ms'}, 300, 'a response gives a poll interval');
    my $from = time;
    ($at) = started('[[lost_after=1000]][[duration=50]]');
    ok(wait_until { get($at)->{status} == 404 }, 'a response is lost');
    cmp_ok(time - $from, '>=', 0.99, 'when its time is over');
};

subtest 'What is shown when it is asked for' => sub {
    my ($path) = started('[[code_interpreter]][[file_search]][[duration=0]]');
    my ($code, $search) = @{ get($path)->{json}{output} };
    is("$code->{type} $search->{type}", 'code_interpreter_call file_search_call', 'tools of OpenAI ran');
    is_deeply([ $code->{code}, $code->{outputs}, $search->{results} ], [ 'print(6 * 7)', undef, undef ],
        'without what they found');
    ($code, $search) = @{ get("$path?include[]=code_interpreter_call.outputs")->{json}{output} };
    is($code->{outputs}[0]{logs}, "42\n", 'outputs are shown');
    ok($code->{outputs}[1]{url}, 'with an image');
    is($search->{results}, undef, 'and nothing else');
    my $query = 'include%5B%5D=code_interpreter_call.outputs&include%5B%5D=file_search_call.results';
    ($code, $search) = @{ get("$path?$query")->{json}{output} };
    ok($code->{outputs} && $search->{results}[0]{filename}, 'both are shown');
    refused(get("$path?include[]=all"), 400, 'invalid_value', qr/'all'/, 'an unknown inclusion');
    refused(get("$path?stream=true"), 400, 'unknown_parameter', qr/'stream'/, 'to stream');
};

subtest 'A call in the foreground is held' => sub {
    my $response = create(input => '[[answer=Now]]')->{json};
    is_deeply([ @$response{qw(status background)} ], [ 'completed', $false ], 'it answers with the end');
    is(answer_of($response), 'Now', 'and the answer');
    my $record = record($response->{id});
    is($record->{first_seen_final_ms}, $record->{final_at_ms}, 'which is seen then');
    is(get("/responses/$response->{id}")->{json}{status}, 'completed', 'it can be polled');
    refused(post("/responses/$response->{id}/cancel"), 400, undef, qr/\ACannot cancel a synchronous response\.\z/,
        'to cancel it');
    is(create(input => '[[status=failed]]')->{json}{status}, 'failed', 'it answers with a failure');
    is(create(input => '[[garbage]]')->{json}, undef, 'or with garbage');
    $response = create(input => 'x', store => $false)->{json};
    refused(get("/responses/$response->{id}"), 404, undef, qr/not found/, 'to show what is not stored');
};

# The request is written by hand: its client leaves.
sub leave_after_start {
    my ($marker, $question) = @_;
    my $body = encode_json({ model => 'gpt-4o', input => "$marker$question" });
    my $socket = connect_raw();
    print $socket "POST /v1/responses HTTP/1.1\r\n" . request_head()
        . 'Content-Length: ' . length($body) . "\r\n\r\n$body";
    my $record = wait_until { (grep { $_->{question} eq $question } @{ control('GET', 'runs') })[0] };
    like($record->{status}, qr/\A(?:queued|in_progress)\z/, 'a response runs');
    close $socket;
    return $record->{id};
}

subtest 'A client that leaves' => sub {
    my $id = leave_after_start('[[duration=60000]]', 'Leaving');
    ok(wait_until { record($id)->{status} eq 'cancelled' }, 'cancels what is held');
    is(record($id)->{first_seen_final_ms}, undef, 'which nobody has seen');
    $id = leave_after_start('[[cancel=ignored]][[duration=60000]]', 'Leaving anyway');
    control('POST', 'finish');
    ok(wait_until { record($id)->{status} eq 'completed' }, 'but not what ignores it');
};

subtest 'Cancelling' => sub {
    my ($path) = started('[[duration=60000]]');
    my $cancelled = post("$path/cancel")->{json};
    is_deeply([ @$cancelled{qw(status output completed_at)} ], [ 'cancelled', [], undef ],
        'a response is cancelled at once');
    is(post("$path/cancel", {})->{json}{status}, 'cancelled', 'as often as one likes');
    is(get($path)->{json}{status}, 'cancelled', 'and for good');
    ($path) = started('[[duration=0]]');
    is(post("$path/cancel")->{json}{status}, 'completed', 'what is over stays as it is');
    ($path) = started('[[cancel=ignored]]');
    isnt(post("$path/cancel")->{json}{status}, 'cancelled', 'a cancellation may come to nothing');
    is(wait_for($path, 'completed')->{status}, 'completed', 'and the response to its end');
    ($path) = started('[[cancel_after=100]][[duration=60000]]');
    isnt(post("$path/cancel")->{json}{status}, 'cancelled', 'it may take its time');
    is(wait_for($path, 'cancelled')->{status}, 'cancelled', 'and be done');
};

subtest 'Function outputs after a previous response' => sub {
    my $asked = ended('[[tools=weather,time]][[tool_arguments={"city":"Bonn"}]][[answer=Sunny]]', 'completed');
    my @calls = @{ $asked->{output} };
    is(join(' ', map { "$_->{type}:$_->{name}" } @calls), 'function_call:weather function_call:time',
        'a response ends with its calls');
    is($calls[0]{arguments}, '{"city":"Bonn"}', 'with arguments');
    my @outputs = outputs_for($asked);
    my %after = (previous_response_id => $asked->{id});
    my $error = refused(create(%after, input => [ $outputs[0] ]), 400, undef,
        qr/\ANo tool output found for function call $calls[1]{call_id}\.\z/, 'some of the outputs');
    is($error->{param}, 'input', 'which names the input');
    refused(create(%after, input => 'Never mind.'), 400, undef,
        qr/\ANo tool output found for function call $calls[0]{call_id}\.\z/, 'another question instead');
    my %orphan = (type => 'function_call_output', call_id => 'call_gone', output => 'x');
    $error = refused(create(%after, input => [ @outputs, \%orphan ]), 400, undef,
        qr/\ANo tool call found for function call output with call_id call_gone\.\z/, 'an orphan');
    is($error->{param}, 'input', 'which names the input');
    refused(create(%after, input => [ @outputs, $outputs[0] ]), 400, undef, qr/No tool call found/,
        'an output twice');
    my $done = create(%after, input => \@outputs)->{json};
    is(answer_of($done), 'Sunny', 'all of them carry it on to the answer');
    is($done->{previous_response_id}, $asked->{id}, 'which names what went before');
    is(record($done->{id})->{rounds}, 1, 'and follows one round');
    refused(create(input => [ \%orphan ]), 400, undef, qr/call_gone/, 'outputs of nothing');
};

subtest 'Rounds of tools' => sub {
    my $response = ended('[[tool_rounds=2]][[answer=Done]]', 'completed');
    for my $round (1 .. 2) {
        is($response->{output}[0]{name}, 'lookup', "round $round asks");
        my ($path) = started([ outputs_for($response) ], previous_response_id => $response->{id});
        $response = wait_for($path, 'completed');
    }
    is(answer_of($response), 'Done', 'and then there is an answer');
    $response = ended('[[status=requires_action]][[error=server_error:Sorry]]', 'completed');
    my ($path) = started([ outputs_for($response) ], previous_response_id => $response->{id});
    is(wait_for($path, 'failed')->{error}{message}, 'Sorry', 'or a failure');
    $response = ended('[[tools=a]][[answer=Anew]]', 'completed');
    my @all = ({ role => 'user', content => '[[tools=a]][[answer=Anew]]' }, @{ $response->{output} },
        outputs_for($response));
    is(answer_of(create(input => \@all)->{json}), 'Anew', 'all items may be sent anew');
    is(answer_of(create(input => [ outputs_for($response), { role => 'user', content => '[[answer=New]]' } ],
                previous_response_id => $response->{id})->{json}), 'New', 'a new question has its own script');
};

subtest 'Previous responses' => sub {
    my %unknown = (previous_response_id => 'resp_gone');
    my $error = refused(create(input => 'x', %unknown), 400, 'previous_response_not_found',
        qr/\APrevious response with id 'resp_gone' not found\.\z/, 'an unknown one');
    is($error->{param}, 'previous_response_id', 'which names it');
    my $gone = create(input => 'x')->{json}{id};
    request('DELETE', "/responses/$gone");
    refused(create(input => 'x', previous_response_id => $gone), 400, 'previous_response_not_found',
        qr/$gone/, 'a deleted one');
    my $unstored = create(input => 'x', store => $false)->{json}{id};
    refused(create(input => 'x', previous_response_id => $unstored), 400, 'previous_response_not_found',
        qr/$unstored/, 'one that is not stored');
    my (undef, $running) = started('[[duration=60000]]');
    refused(create(input => 'x', previous_response_id => $running->{id}), 400, undef, qr/in_progress|queued/,
        'one that runs');
    my $first = create(input => 'x')->{json};
    is(create(input => 'y', previous_response_id => $first->{id})->{json}{status}, 'completed',
        'one that is over is the context');
    refused(create(input => $first->{output}, previous_response_id => $first->{id}), 400, undef,
        qr/\ADuplicate item found with id $first->{output}[0]{id}\./, 'its items once more');
    my %reference = (type => 'item_reference', id => $first->{output}[0]{id});
    is(create(input => [ \%reference, { role => 'user', content => 'y' } ])->{status}, 200,
        'items may be referred to');
    refused(create(input => [ { %reference, id => 'msg_gone' } ]), 404, undef,
        qr/\AItem with id 'msg_gone' not found\.\z/, 'to refer to what is not there');
    my ($path, $polled) = started('x', store => $false);
    is(wait_for($path, 'completed')->{status}, 'completed', 'what is not stored can be polled in the background');
    refused(create(input => 'x', previous_response_id => $polled->{id}), 400, 'previous_response_not_found',
        qr/$polled->{id}/, 'but goes before nothing');
};

subtest 'Faults' => sub {
    faults({ on => 'create_response', action => 'cut_after' });
    my $count = scalar @{ control('GET', 'runs') };
    is(create(input => '[[duration=300]] cut')->{status}, 599, 'a held call is cut');
    my $record = control('GET', 'runs')->[-1];
    is_deeply([ scalar @{ control('GET', 'runs') }, @$record{qw(question status)} ],
        [ $count + 1, 'cut', 'completed' ], 'at its end, not before');
    faults({ on => 'create_response', action => 'late', ms => 200 });
    is(create(input => 'late', background => $true)->{status}, 599, 'a call is not answered');
    ok(wait_until { control('GET', 'runs')->[-1]{question} eq 'late' }, 'but lands');
    faults({ on => 'poll_response', action => 'wrong_id' });
    my ($path, $response) = started('x');
    isnt(get($path)->{json}{id}, $response->{id}, 'an answer is about another response');
    faults({ on => 'create_response', action => 'status', status => 429 });
    is(create(input => 'x')->{json}{error}{code}, 'rate_limit_exceeded', 'a call is refused');
    control('DELETE', 'faults');
};

subtest 'A server that ignores background' => sub {
    local $client{server} = start_emulator('--duration', 50, '--no-background');
    my $response = create(input => '[[answer=Here]]', background => $true)->{json};
    is_deeply([ @$response{qw(status background)} ], [ 'completed', $false ], 'holds every call');
    is(answer_of(get("/responses/$response->{id}")->{json}), 'Here', 'and can be polled');
    control('POST', 'settings', { background => $true });
    isnt(create(input => 'x', background => $true)->{json}{status}, 'completed', 'until it is told otherwise');
};

subtest 'A server that cannot be polled' => sub {
    local $client{server} = start_emulator('--duration', 50, '--no-responses-get');
    my ($path, $response) = started('x');
    is($response->{status}, 'queued', 'starts a response in the background');
    is(get($path)->{status}, 404, 'and does not show it');
    is(create(input => 'x')->{json}{status}, 'completed', 'but holds a call');
};

done_testing();
