#!/usr/bin/env perl
# OpenAI's own SDK would have sent what edgerun sends: each request of jobs that go all
# ways is held against the SDK's source and types (t/openai/check_requests.mjs), and
# against OpenAI's specification where EDGERUN_OPENAI_SPEC names its openapi.json.
use FindBin;
use lib "$FindBin::Bin/lib";
use Edgerun::Test;
use Edgerun::Dialects;
use Edgerun::Jobs;
use Edgerun::Node;
use Edgerun::Tools;
use JSON::PP;

# Calls that the jobs below are known to make.
my %CALLS = (
    assistants => [
        'GET /assistants',
        'POST /assistants',
        'POST /assistants/{}',
        'POST /threads',
        'POST /threads/{}/messages',
        'POST /threads/{}/runs',
        'GET /threads/{thread_id}/runs/{}',
        'GET /threads/{thread_id}/runs/{}/steps',
        'POST /threads/{thread_id}/runs/{}/submit_tool_outputs',
        'GET /threads/{}/messages',
        'GET /threads/{}/runs',
        'POST /threads/{thread_id}/runs/{}/cancel',
        'DELETE /threads/{}',
    ],
    responses => [
        'POST /conversations',
        'POST /responses',
        'GET /responses/{}',
        'POST /responses/{}/cancel',
        'DELETE /responses/{}',
        'GET /conversations/{}/items',
        'DELETE /conversations/{}',
    ],
    chat => ['POST /chat/completions'],
);

need_node();

my $t = Edgerun::Test->new;
$t->start_emulator;
my $emulator = $t->emulator;

# With as much in its definition as there may be.
my @helper = (
    'instructions "You help, \"as told\"."', 'temperature 0.7', 'response_format json_schema answer.json',
    function_tool($t, 'rates', 'uri=' . $emulator->tool_url('rates')), function_tool($t, 'pick'),
    'tool function strict.json uri=' . $emulator->tool_url('strict'), 'tool function bare.json',
);
push @helper, 'tool code_interpreter', 'tool file_search vector_store=vs_1' if dialect() ne 'chat';
$t->write_file('answer.json', '{"name": "answer", "description": "Its form.", "strict": true, "schema": {"type": "object",'
    . ' "properties": {"a": {"type": "string"}}, "required": ["a"], "additionalProperties": false}}');
$t->write_file('bare.json', '{"name": "bare"}');
$t->write_file('strict.json', '{"type": "function", "function": {"name": "strict", "description": "S.", "strict": true,'
    . ' "parameters": {"type": "object", "properties": {}, "required": [], "additionalProperties": false}}}');

my %log;

# What was sent so far.
sub take_log {
    my $isActive = qr/queued|in_progress|cancelling/;
    wait_until { !grep { $_->{status} =~ $isActive } @{ $emulator->runs } };
    $log{ $_->{seq} } = $_ for @{ $emulator->log };
    return;
}

# An id, or a model; and nothing else.
$t->write_conf(jobs_conf(provider => { keep_threads => '1h' }));
$t->run;
jobs();
lost_answers();
my @variants = (
    {},
    { keep_threads => 'on' },
    dialect() eq 'responses' ? ({ background => 'off' }, { conversations => 'off', keep_threads => 'on' }) : (),
);
for my $variant (@variants) {
    $t->write_conf(tools_conf(\@helper, provider => $variant));
    $t->reload;
    jobs();
    tools();
}
$t->write_conf(tools_conf([
    'response_format json_object', function_tool($t, 'rates', 'uri=' . $emulator->tool_url('rates')),
]));
$t->reload;
tools();
take_log();

# Jobs that end well, badly and early.
sub jobs {
    my $first = run_job($t, "Say \"hi\" \x{263a}\n[[answer=hi]]", metadata => { ticket => '17' });
    is $first->{status}, 'COMPLETED', 'a job is done' or diag error_of($first);
    run_job($t, 'Fail. [[status=failed]]') if dialect('ends_as')->{failed};
    run_job($t, 'No end. [[status=incomplete]]');
    my $next = submit($t, 'Go on.', threadId => $first->{threadId});
    finish($t, [$next]) if $next->{status} == 202;

    my $answer = submit($t, 'Wait. [[duration=15000]]');
    await_run($t, $answer);
    $t->post("/jobs/$answer->{json}{id}/cancel", token => $t->token({ sub => 'alice' }));
    finish($t, [$answer]);
    return;
}

sub tools {
    my @tools = dialect() eq 'chat' ? () : ('[[code_interpreter]] [[file_search]]');
    my $smile = { a => "\x{263a}" };
    my $job = run_job($t, question("Ask for JSON. @tools", [qw(rates strict)], rounds => 2, arguments => $smile));
    is $job->{status}, 'COMPLETED', 'a job with tools is done' or diag error_of($job);
    $job = run_job($t, question('Ask for JSON.', [qw(pick rates nobody)], rounds => 2),
        until => qr/^(?:REQUIRES_ACTION|COMPLETED)$/);
    if (my $id = calls_of($job)->{pick}) {
        give_outputs($t, $job, { $id => "this\x{263a}" });
        $t->post("/jobs/$job->{id}/cancel", token => $t->token({ sub => 'alice' }));
    }
    return;
}

# A start whose answer is lost has to be looked for.
sub lost_answers {
    my $start = call('find') ? call('start') : return;
    $emulator->fault({ on => $start, action => 'cut_after' });
    run_job($t, 'Lost. [[answer=found]]', timeout => 30);
    return;
}

my @requests = grep { $_->{call} ne 'tool' } 
    map { $log{$_} } sort { $a <=> $b } keys %log;
my @verdicts = run_node('check_requests.mjs', [], JSON::PP->new->utf8->encode(\@requests));
is scalar @verdicts, scalar @requests, @requests . ' requests are judged';
my %seen = map { /^\w+ (\S+ \S+?):?(?: |$)/ ? ($1 => 1) : () } @verdicts;
ok $seen{$_}, "$_ is among them" for @{ $CALLS{ dialect() } };
my @wrong = grep { !/^right / } @verdicts;
ok !@wrong, 'the SDK would have sent each of them' or diag join "\n", @wrong, 'of', sort keys %seen;
my @refused = grep { ($_->{status} // 0) >= 400 && !$_->{fault} } @requests;
is join(' ', map { "$_->{call} $_->{status}" } @refused), '', 'and the emulator takes each of them';

done_testing;
