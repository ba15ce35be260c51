#!/usr/bin/env perl
# In the provider emulator a run lives as at OpenAI, and as its markers say.
use strict;
use warnings;

use FindBin;
use JSON::PP;
use Test::More;

use lib "$FindBin::Bin/lib";
use Edgerun::EmulatorClient;

start_default();

subtest 'The life of a run' => sub {
    my ($thread, $path, $run) = new_run('[[duration=60000]] What is NGINX?', metadata => { edgerun_job => 'job1' });
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
    control('POST', 'finish');
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
    ok($record->{first_seen_final_ms} >= $record->{final_at_ms}, 'and when that was first seen');
    final_run('And then?', 'completed');
    my ($exact) = grep { $_->{question} eq 'And then?' } @{ control('GET', 'runs') };
    is($exact->{final_at_ms} - $exact->{created_ms}, 150, 'another ended exactly when it should');
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
    ($run) = final_run('[[expires=100]][[duration=60000]]', 'expired');
    is($run->{status}, 'expired', 'a run runs out of time');
    my (undef, $path) = new_run('[[garbage]][[duration=0]]');
    is(get($path)->{json}, undef, 'a finished run is garbage');
    (undef, $path) = new_run('[[poll_after=300]][[duration=60000]]');
    is(get($path)->{headers}{'openai-poll-after-ms'}, 300, 'a run gives a poll interval');
    ($run, $thread) = final_run('[[nothing]] [[code_interpreter]]', 'completed');
    like(answers($thread, $run)->[0]{content}[0]{text}{value}, qr/"\[\[nothing\]\]"/,
        'what is no marker stays in the question');
    my $steps = get("$thread/runs/$run->{id}/steps?order=asc")->{json}{data};
    is($steps->[0]{step_details}{tool_calls}[0]{code_interpreter}{outputs}[0]{logs}, "42\n",
        'the code interpreter ran');
};

subtest 'Cancelling' => sub {
    my ($thread, $path) = new_run('[[duration=60000]]');
    is(post("$path/cancel")->{json}{status}, 'cancelling', 'a run is being cancelled');
    refused(post("$path/cancel"), 400, undef, qr/\ACannot cancel run with status 'cancell(?:ing|ed)'\.\z/,
        'to cancel twice');
    ok(wait_for($path, 'cancelled')->{cancelled_at}, 'then it is cancelled');
    my ($run, undef, $done) = final_run('Hello', 'completed');
    refused(post("$done/cancel", {}), 400, undef, qr/status 'completed'/, 'to cancel what is done');
    (undef, $path) = new_run('[[cancel=ignored]]');
    post("$path/cancel");
    is(wait_for($path, 'completed')->{status}, 'completed', 'a cancellation may come to nothing');
    ($thread, $path) = new_run('[[duration=60000]]');
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

done_testing();
