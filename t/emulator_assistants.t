#!/usr/bin/env perl
# The provider emulator keeps assistants; a run takes after its assistant and shows what it did.
use strict;
use warnings;

use FindBin;
use JSON::PP;
use Test::More;

use lib "$FindBin::Bin/lib";
use Edgerun::EmulatorClient;

start_default('--assistant', 'asst_demo', '--assistant', 'asst_other');

sub new_assistant { return post('/assistants', { model => 'gpt-4o', @_ })->{json} }

my $function = { type => 'function', function => { name => 'f', parameters => { type => 'object' } } };

subtest 'The life of an assistant' => sub {
    my %given = (
        model           => 'gpt-4.1',
        name            => 'Ada',
        description     => 'Counts',
        instructions    => 'Be exact.',
        tools           => [ { type => 'code_interpreter' }, $function ],
        tool_resources  => { code_interpreter => { file_ids => ['file-1'] } },
        metadata        => { team => 'a' },
        temperature     => 0.5,
        response_format => { type => 'json_object' },
    );
    my $assistant = post('/assistants', \%given)->{json};
    like($assistant->{id}, qr/\Aasst_[0-9A-Za-z]{24}\z/, 'it is named as at OpenAI');
    is_deeply({ map { $_ => $assistant->{$_} } keys %given }, \%given, 'it has what it was given');
    my @required = qw(id object created_at name description model instructions tools metadata);
    is(join(' ', grep { !exists $assistant->{$_} } @required), '', 'and every required field');
    my $path = "/assistants/$assistant->{id}";
    is_deeply(get($path)->{json}, $assistant, 'it is remembered');
    my $changed = post($path, { name => undef, metadata => { team => 'b' }, temperature => 1 })->{json};
    is_deeply($changed, { %$assistant, name => undef, metadata => { team => 'b' }, temperature => 1 },
        'it changes where it is told to');
    is_deeply(request('DELETE', $path)->{json},
        { id => $assistant->{id}, object => 'assistant.deleted', deleted => JSON::PP::true },
        'it is deleted');
    refused(get($path), 404, undef, qr/\ANo assistant found with id '$assistant->{id}'\.\z/, 'it then');
    refused(request('DELETE', $path), 404, undef, qr/No assistant/, 'to delete it twice');
};

subtest 'Assistants of the command line' => sub {
    is(get('/assistants/asst_other')->{json}{name}, 'Emulator', 'are there');
    is(post('/assistants/asst_other', { name => 'Other' })->{json}{name}, 'Other', 'can be changed');
    request('DELETE', '/assistants/asst_other');
    is(get('/assistants/asst_other')->{status}, 404, 'and deleted');
    control('POST', 'reset');
    is(get('/assistants/asst_other')->{json}{name}, 'Emulator', 'until a reset');
};

subtest 'Lists' => sub {
    control('POST', 'reset');
    my @ids    = map { new_assistant(name => "Number $_")->{id} } 1 .. 22;
    my $ids_of = sub { join ' ', map { $_->{id} } @{ get("/assistants?$_[0]")->{json}{data} } };
    is($ids_of->(''), join(' ', reverse @ids[2 .. 21]), 'a page has 20 assistants, newest first');
    is($ids_of->("after=$ids[2]"), join(' ', reverse('asst_demo', 'asst_other', @ids[0, 1])),
        'then come the oldest');
    is($ids_of->("order=asc&limit=2&after=$ids[4]"), "@ids[5, 6]", 'a list may be ascending');
    is($ids_of->("order=asc&limit=2&before=$ids[4]"), "@ids[2, 3]", 'and go backwards');
    request('DELETE', "/assistants/$ids[3]");
    is($ids_of->("order=asc&limit=2&after=$ids[2]"), "@ids[4, 5]", 'without those that are deleted');
    refused(get('/assistants?after=asst_gone'), 404, undef, qr/No assistant found/, 'an unknown place');
    refused(get('/assistants?limit=101'), 400, 'integer_above_max_value', qr/<= 100/, 'a limit of 101');
};

subtest 'What is refused' => sub {
    refused(post('/assistants', {}), 400, 'missing_required_parameter', qr/'model'/, 'no model');
    my @cases = (
        [ 'an unknown member', { job => 'x' }, 'unknown_parameter', qr/'job'/ ],
        [ 'a long name', { name => 'x' x 257 }, 'string_above_max_length', qr/256/ ],
        [ 'a long description', { description => 'x' x 513 }, 'string_above_max_length', qr/512/ ],
        [ 'long instructions', { instructions => 'x' x 256_001 }, 'string_above_max_length', qr/256000/ ],
        [ '129 tools', { tools => [ ($function) x 129 ] }, 'array_above_max_length', qr/128/ ],
        [ 'an unknown tool', { tools => [ { type => 'retrieval' } ] }, 'invalid_value', qr/'file_search'/ ],
        [ 'a flat tool, as of Responses', { tools => [ { type => 'function', name => 'f' } ] },
            'unknown_parameter', qr/'tools\[0\]\.name'/ ],
        [ 'vector stores in a tool', { tools => [ { type => 'file_search', vector_store_ids => ['vs_1'] } ] },
            'unknown_parameter', qr/'tools\[0\]\.vector_store_ids'/ ],
        [ '51 results', { tools => [ { type => 'file_search', file_search => { max_num_results => 51 } } ] },
            'integer_above_max_value', qr/<= 50/ ],
        [ 'two vector stores', { tool_resources => { file_search => { vector_store_ids => [qw(a b)] } } },
            'array_above_max_length', qr/length 1/ ],
        [ 'ids that are numbers', { tool_resources => { code_interpreter => { file_ids => [7] } } },
            'invalid_type', qr/file_ids\[0\]/ ],
        [ 'an unknown format', { response_format => 'json' }, 'invalid_value', qr/'auto'/ ],
        [ 'a temperature above 2', { temperature => 3 }, 'integer_above_max_value', qr/<= 2/ ],
        [ 'an unknown effort', { reasoning_effort => 'huge' }, 'invalid_value', qr/'low'/ ],
    );
    my $path = '/assistants/' . new_assistant()->{id};
    for my $case (@cases) {
        my ($what, $members, $code, $message) = @$case;
        refused(post('/assistants', { model => 'm', %$members }), 400, $code, $message, $what);
        refused(post($path, $members), 400, $code, $message, "$what, also later");
    }
    refused(get('/assistants/demo'), 400, 'invalid_value', qr/begins with 'asst'/,
        'an id that is not one of an assistant');
    refused(post('/assistants', { model => 'm' }, { 'openai-beta' => undef }), 400, 'invalid_beta',
        qr/OpenAI-Beta/, 'a request without OpenAI-Beta');
};

subtest 'Runs of an assistant' => sub {
    my $id = new_assistant(
        model        => 'gpt-4.1',
        instructions => 'Be exact.',
        tools        => [$function],
        temperature  => 0.5,
    )->{id};
    my (undef, undef, $run) = new_run('x', assistant_id => $id, additional_instructions => 'Be quick.');
    is("@$run{qw(assistant_id model temperature)}", "$id gpt-4.1 0.5", 'take after it');
    is($run->{instructions}, "Be exact.\nBe quick.", 'add to its instructions');
    is_deeply($run->{tools}, [$function], 'and have its tools');
    (undef, undef, $run) = new_run('x', assistant_id => $id, model => 'm', instructions => 'Be kind.', tools => []);
    is("@$run{qw(model instructions)}", 'm Be kind.', 'unless they are given their own');
    is_deeply($run->{tools}, [], 'and their own tools');
    my $choice = sub { return { type => 'function', function => { name => $_[0] } } };
    (undef, undef, $run) = new_run('x', assistant_id => $id, tool_choice => $choice->('f'));
    is($run->{status}, 'queued', 'a run may choose one of its tools');
    my $runs = '/threads/' . new_thread() . '/runs';
    refused(post($runs, { assistant_id => $id, tool_choice => $choice->('g') }), 400, undef,
        qr/not found in 'tools'/, 'another one');
    refused(post($runs, { assistant_id => $id, tools => [ { type => 'function' } ] }), 400,
        'missing_required_parameter', qr/'tools\[0\]\.function'/, 'a run with a bad tool');
    refused(post($runs, { assistant_id => $id, truncation_strategy => { type => 'last' } }), 400,
        'invalid_value', qr/'auto' and 'last_messages'/, 'an unknown way to truncate');
    request('DELETE', "/assistants/$id");
    refused(post($runs, { assistant_id => $id }), 404, undef, qr/No assistant found/,
        'a run of an assistant that is deleted');
};

my $include = 'include[]=step_details.tool_calls[*].file_search.results[*].content';

subtest 'Steps' => sub {
    my ($run, undef, $path) = final_run('[[code_interpreter]][[file_search]]', 'completed');
    my $steps = get("$path/steps?order=asc")->{json}{data};
    is(join(' ', map { "$_->{type}:$_->{status}" } @$steps),
        'tool_calls:completed tool_calls:completed message_creation:completed', 'tools are used first');
    my @required = qw(id object created_at assistant_id thread_id run_id type status step_details
        last_error expired_at cancelled_at failed_at completed_at metadata usage);
    is(join(' ', grep { !exists $steps->[0]{$_} } @required), '', 'a step has every required field');
    my $code = $steps->[0]{step_details}{tool_calls}[0];
    is($code->{type}, 'code_interpreter', 'the code interpreter');
    is_deeply($code->{code_interpreter}{outputs},
        [ { type => 'logs', logs => "42\n" }, { type => 'image', image => { file_id => 'file-emulator0003' } } ],
        'writes and paints');
    my $found = sub { $_[0]{step_details}{tool_calls}[0]{file_search}{results}[0] };
    is_deeply([ sort keys %{ $found->($steps->[1]) } ], [qw(file_id file_name score)],
        'a file search shows where, not what it found');
    $steps = get("$path/steps?order=asc&$include")->{json}{data};
    is_deeply($found->($steps->[1])->{content}, [ { type => 'text', text => 'Six times seven is forty-two.' } ],
        'unless that is asked for');
    my $one = "$path/steps/$steps->[1]{id}";
    is_deeply(get("$one?$include")->{json}, $steps->[1], 'a step can be had alone');
    ok(!exists $found->(get($one)->{json})->{content}, 'also without content');
    refused(get("$path/steps/step_gone"), 404, undef, qr/\ANo run step found with id 'step_gone'\.\z/,
        'an unknown step');
    refused(get("$path/steps?include[]=usage"), 400, 'invalid_value', qr/file_search/,
        'to include what nobody knows');
};

subtest 'Steps of functions' => sub {
    my ($run, undef, $path) = final_run('[[tools=a,b]]', 'requires_action');
    my $step = get("$path/steps")->{json}{data}[0];
    is("@$step{qw(type status)}", 'tool_calls in_progress', 'are under way until their outputs come');
    my @calls = @{ $step->{step_details}{tool_calls} };
    is_deeply([ map { $_->{id} } @calls ],
        [ map { $_->{id} } @{ $run->{required_action}{submit_tool_outputs}{tool_calls} } ],
        'have the calls that the run asks for');
    ok(exists $calls[0]{function}{output} && !defined $calls[0]{function}{output}, 'and no outputs yet');
    my @outputs = map { { tool_call_id => $_->{id}, output => "out $_->{function}{name}" } } reverse @calls;
    my $submit = "$path/submit_tool_outputs";
    my ($first, $second) = @outputs;
    for my $case ([ 'one of two', $first ], [ 'one twice', $first, $first ], [ 'none' ],
        [ 'one too many', $first, $second, { tool_call_id => 'call_x', output => '' } ]) {
        my ($what, @some) = @$case;
        refused(post($submit, { tool_outputs => \@some }), 400, undef,
            qr/\AExpected tool outputs for call_ids \[/, "$what of the outputs");
    }
    refused(post($submit, { tool_outputs => \@outputs, stream => JSON::PP::true }), 400, 'invalid_value',
        qr/in this emulator/, 'a stream');
    is(post($submit, { tool_outputs => \@outputs })->{json}{status}, 'queued', 'all of them are taken');
    $step = get("$path/steps?order=asc")->{json}{data}[0];
    is($step->{status}, 'completed', 'which ends the step');
    is(join(',', map { $_->{function}{output} } @{ $step->{step_details}{tool_calls} }), 'out a,out b',
        'that now has them');
};

done_testing();
