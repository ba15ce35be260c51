#!/usr/bin/env perl
# The provider emulator speaks Conversations: their items, and the responses that run in them.
use strict;
use warnings;

use FindBin;
use JSON::PP;
use Test::More;

use lib "$FindBin::Bin/lib";
use Edgerun::EmulatorClient;

my ($true, $false) = (JSON::PP::true, JSON::PP::false);

start_default();
delete $client{headers}{'openai-beta'};

# A new conversation: its id and path.
sub conversation {
    my (%members) = @_;
    my $id = post('/conversations', \%members)->{json}{id};
    return ($id, "/conversations/$id");
}

sub message {
    my ($text, $role) = @_;
    return { type => 'message', role => $role // 'user', content => $text };
}

sub texts { return join ' ', map { $_->{content}[0]{text} } @{ $_[0]{data} } }
sub types { return join ' ', map { $_->{type} } @{ get("$_[0]/items?order=asc")->{json}{data} } }

# A response in a conversation, held until its end.
sub respond {
    my ($conversation, $input, %more) = @_;
    return post('/responses', { model => 'gpt-4o', conversation => $conversation, input => $input, %more });
}

# A response in the background: its path.
sub start_response {
    my ($conversation, $input) = @_;
    my $response = respond($conversation, $input, background => $true)->{json};
    return "/responses/$response->{id}";
}

subtest 'Conversations' => sub {
    my $made = post('/conversations')->{json};
    like($made->{id}, qr/\Aconv_[0-9A-Za-z]{24}\z/, 'a conversation needs no body');
    is_deeply([ @$made{qw(object metadata)} ], [ 'conversation', {} ], 'and has no metadata');
    my ($id, $path) = conversation(metadata => { a => 'b' }, items => [ message('Hello') ]);
    is_deeply(get($path)->{json}{metadata}, { a => 'b' }, 'metadata is kept');
    is(texts(get("$path/items")->{json}), 'Hello', 'and so are items');
    is_deeply(post($path, { metadata => { c => 'd' } })->{json}{metadata}, { c => 'd' }, 'metadata is replaced');
    refused(post($path, {}), 400, 'missing_required_parameter', qr/'metadata'/, 'a change of nothing');
    is_deeply(request('DELETE', $path)->{json},
        { id => $id, object => 'conversation.deleted', deleted => $true }, 'a conversation is deleted');
    refused(get($path), 404, undef, qr/\AConversation with id '$id' not found\.\z/, 'to show it');
    refused(respond($id, 'x'), 404, undef, qr/\AConversation with id '$id' not found\.\z/, 'to respond in it');
    refused(get('/conversations/thread_1'), 400, 'invalid_value', qr/begins with 'conv'/,
        'an id of another kind');
    refused(respond('thread_1', 'x'), 400, 'invalid_value', qr/'conversation': 'thread_1'/,
        'an id of another kind for a response');
    refused(post('/conversations', { items => [ map { message("$_") } 1 .. 21 ] }), 400,
        'array_above_max_length', qr/maximum length 20/, 'more than 20 items');
    refused(post('/conversations', { messages => [] }), 400, 'unknown_parameter', qr/'messages'/,
        'an unknown member');
};

subtest 'Items' => sub {
    my (undef, $path) = conversation();
    my $added = post("$path/items", { items => [ message('One'), message('Two', 'assistant') ] })->{json};
    is_deeply([ map { "$_->{role} $_->{content}[0]{type}" } @{ $added->{data} } ],
        [ 'user input_text', 'assistant output_text' ], 'the new items are listed as they are kept');
    is_deeply([ @$added{qw(object first_id last_id has_more)} ],
        [ 'list', $added->{data}[0]{id}, $added->{data}[1]{id}, $false ], 'in their order');
    my $item = $added->{data}[0];
    is_deeply([ sort keys %$item ], [qw(content id role status type)], 'a message has what OpenAI gives it');
    is_deeply(get("$path/items/$item->{id}")->{json}, $item, 'an item is shown');
    post("$path/items", { items => [ map { message("M$_") } 3 .. 22 ] });
    is(texts(get("$path/items")->{json}), join(' ', map { "M$_" } reverse 3 .. 22), 'the newest come first');
    my $page = get("$path/items?order=asc&limit=3")->{json};
    is(texts($page) . $page->{has_more}, 'One Two M31', 'or last, in pages');
    is(texts(get("$path/items?order=asc&limit=2&after=$page->{last_id}")->{json}), 'M4 M5', 'that follow each other');
    refused(get("$path/items?before=$page->{last_id}"), 400, 'unknown_parameter', qr/'before'/,
        'to list backwards');
    like(request('DELETE', "$path/items/$item->{id}")->{json}{id}, qr/\Aconv_/, 'an item is deleted');
    refused(get("$path/items/$item->{id}"), 404, undef, qr/\AItem with id '$item->{id}' not found\.\z/,
        'to show it');
    refused(request('DELETE', "$path/items/$item->{id}"), 404, undef, qr/not found/, 'to delete it again');
    refused(post("$path/items", { items => [] }), 400, 'empty_array', qr/minimum length 1/, 'no items');
    refused(post("$path/items", { items => [ { role => 'user', content => 7 } ] }), 400, 'invalid_type',
        qr/'items\[0\]\.content'/, 'an item of a wrong type');
    refused(post("$path/items", { items => [ $added->{data}[1] ] }), 400, undef, qr/Duplicate item/,
        'an item that is there already');
};

subtest 'A response in a conversation' => sub {
    my ($id, $path) = conversation(items => [ message('Earlier') ]);
    my $response = start_response($id, '[[duration=60000]] Hello');
    is_deeply(get($response)->{json}{conversation}, { id => $id }, 'it names its conversation');
    is(texts(get("$path/items")->{json}), 'Earlier', 'which has nothing of it yet');
    my $error = refused(respond({ id => $id }, 'Me too'), 400, 'conversation_locked',
        qr/\AAnother process is currently operating on this conversation\. Please retry in a few seconds\.\z/,
        'a second response');
    is($error->{param}, 'conversation', 'which names the conversation');
    refused(post("$path/items", { items => [ message('x') ] }), 400, 'conversation_locked', qr/Please retry/,
        'items meanwhile');
    control('POST', 'finish');
    my $done = wait_for($response, 'completed');
    my @items = @{ get("$path/items?order=asc")->{json}{data} };
    is($items[1]{content}[0]{text}, '[[duration=60000]] Hello', 'afterwards it has the input');
    is_deeply($items[2], $done->{output}[0], 'and the output');
    is(respond({ id => $id }, 'Me too')->{json}{status}, 'completed', 'and takes the next one');
    my ($record) = grep { $_->{id} eq $done->{id} } @{ control('GET', 'runs') };
    is_deeply([ @$record{qw(thread thread_exists)} ], [ $id, $true ], 'the control endpoint knows where it ran');
};

subtest 'What stays in a conversation' => sub {
    my ($id, $path) = conversation();
    for my $status (qw(failed cancelled)) {
        respond($id, "[[status=$status]]");
        is(types($path), '', "of a $status response nothing");
    }
    respond($id, '[[status=incomplete]]');
    is(types($path), 'message message', 'of an incomplete one input and output');
    my $response = start_response($id, '[[duration=60000]]');
    is(post("$response/cancel")->{json}{status}, 'cancelled', 'a response is cancelled');
    is(types($path), 'message message', 'and leaves nothing');
    is(respond($id, 'Next')->{status}, 200, 'but room for the next');
    $response = start_response($id, '[[duration=60000]]');
    request('DELETE', $path);
    control('POST', 'finish');
    is(wait_for($response, 'completed')->{status}, 'completed', 'a response outlives its conversation');
    my ($record) = grep { $response =~ /$_->{id}/ } @{ control('GET', 'runs') };
    is($record->{thread_exists}, $false, 'as the control endpoint knows');
};

subtest 'Function outputs in a conversation' => sub {
    my ($id, $path) = conversation();
    my $asked = respond($id, '[[tools=lookup]][[tool_rounds=2]][[answer=Found]]')->{json};
    my $call = $asked->{output}[0]{call_id};
    refused(respond($id, 'And?'), 400, undef, qr/\ANo tool output found for function call $call\.\z/,
        'another question');
    refused(respond($id, []), 400, undef, qr/No tool output found/, 'to go on without it');
    my %output = (type => 'function_call_output', output => [ { type => 'input_text', text => 'x' } ]);
    $asked = respond($id, [ { %output, call_id => $call } ])->{json};
    $call = $asked->{output}[0]{call_id};
    ok($call, 'an output leads to the next round');
    my $done = respond($id, [ { %output, call_id => $call } ])->{json};
    is($done->{output}[0]{content}[0]{text}, 'Found', 'and that to the answer');
    is(types($path), join(' ', 'message', ('function_call', 'function_call_output') x 2, 'message'),
        'all is in the conversation');
    refused(respond($id, [ { %output, call_id => $call } ]), 400, undef,
        qr/\ANo tool call found for function call output with call_id $call\.\z/, 'an output once more');
    is(respond($id, '[[tools=lookup]]')->{json}{output}[0]{type}, 'function_call',
        'a new question may lead to calls again');
};

subtest 'Calls that nobody answers' => sub {
    my ($id, $path) = conversation();
    my $call = respond($id, '[[tools=lookup]]')->{json}{output}[0]{call_id};
    my %output = (type => 'function_call_output', call_id => $call, output => 'cancelled');
    is(post("$path/items", { items => [ \%output ] })->{status}, 200, 'are closed by an item');
    is(respond($id, 'Next')->{json}{status}, 'completed', 'and the conversation goes on');
};

subtest 'Questions that are items' => sub {
    my ($id, $path) = conversation();
    post("$path/items", { items => [ message('[[answer=From the item]]') ] });
    is(respond($id, [])->{json}{output}[0]{content}[0]{text}, 'From the item', 'steer a response without input');
    my $last = respond($id, 'x')->{json}{id};
    refused(respond($id, 'x', previous_response_id => $last), 400, 'mutually_exclusive_parameters',
        qr/'previous_response_id' or 'conversation'/, 'two contexts');
    is(post('/responses', { model => 'x', input => [], previous_response_id => $last })->{status}, 200,
        'a response in a conversation can be a previous one');
};

subtest 'What is shown when it is asked for' => sub {
    my ($id, $path) = conversation();
    respond($id, '[[code_interpreter]]');
    my $outputs = sub { (grep { $_->{type} eq 'code_interpreter_call' } @{ $_[0]{json}{data} })[0]{outputs} };
    is($outputs->(get("$path/items")), undef, 'outputs are not shown');
    is($outputs->(get("$path/items?include[]=code_interpreter_call.outputs"))->[0]{logs}, "42\n",
        'unless they are asked for');
    refused(get("$path/items?include[]=x"), 400, 'invalid_value', qr/'x'/, 'an unknown inclusion');
};

subtest 'A server without conversations' => sub {
    local $client{server} = start_emulator('--lacks', 'create_conversation');
    refused(post('/conversations', {}), 404, undef, qr/Invalid URL/, 'to create one');
    control('POST', 'settings', { lacks => [] });
    my ($id, $path) = conversation();
    faults({ on => 'get_conversation', action => 'status', status => 503 });
    is(get($path)->{status}, 503, 'faults concern conversations too');
};

done_testing();
