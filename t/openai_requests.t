#!/usr/bin/env perl
# OpenAI's own SDK would have sent what edgerun sends: each request of jobs that go all
# ways is held against the SDK's source and types (t/openai/check_requests.mjs), and
# against OpenAI's specification where EDGERUN_OPENAI_SPEC names its openapi.json.
use FindBin;
use lib "$FindBin::Bin/lib";
use Edgerun::Test;
use Edgerun::Jobs;
use Edgerun::Node;
use JSON::PP;

my @DIALECTS = qw(assistants responses chat);

# The directives that a dialect needs beside those of every test, and calls that its
# jobs below are known to make.
my %PROVIDER = (
    responses => { assistant => undef, model => 'gpt-4o' },
    chat      => { assistant => undef, model => 'gpt-4o' },
);
my %CALLS = (
    assistants => [
        'POST /threads',
        'POST /threads/{}/messages',
        'POST /threads/{}/runs',
        'GET /threads/{thread_id}/runs/{}',
        'GET /threads/{}/messages',
        'GET /threads/{}/runs',
        'POST /threads/{thread_id}/runs/{}/cancel',
        'DELETE /threads/{}',
    ],
    responses => [
        'POST /responses', 'GET /responses/{}', 'POST /responses/{}/cancel', 'DELETE /responses/{}'
    ],
    chat => ['POST /chat/completions'],
);

need_node();

sub verdicts {
    my @requests = @_;
    return run_node('check_requests.mjs', [], JSON::PP->new->utf8->encode(\@requests));
}

# The log of a fresh emulator behind jobs that end well, badly, cancelled and unknown.
sub requests_of {
    my ($dialect) = @_;
    my $t = Edgerun::Test->new;
    $t->start_emulator;
    $t->write_conf(jobs_conf(provider => { api => $dialect, %{ $PROVIDER{$dialect} // {} } }));
    my ($exit, $output) = $t->test_config;
    is $exit, 0, "$dialect: nginx -t takes the dialect" or diag $output;
    return if $exit != 0;
    $t->run;

    my $first = run_job($t, "Say \"hi\" \x{263a}\n[[answer=hi]]", metadata => { ticket => '17' });
    is $first->{status}, 'COMPLETED', "$dialect: a job is done";
    run_job($t, 'Fail. [[status=failed]]');
    run_job($t, 'No end. [[status=incomplete]]');

    my $answer = submit($t, 'Wait. [[duration=15000]]');
    wait_until { (job_of($t, $answer) // {})->{status} eq 'RUNNING' };
    my $path = $answer->{headers}{location} =~ s{^https?://[^/]+}{}r;
    $t->post("$path/cancel", token => $t->token({ sub => 'alice' }));
    finish($t, [$answer]);

    lost_answers($t, $dialect);
    my $isActive = qr/queued|in_progress|cancelling/;
    wait_until { !grep { $_->{status} =~ $isActive } @{ $t->emulator->runs } };
    my $log = $t->emulator->log;
    $t->stop;
    return @$log;
}

# A start whose answer is lost has to be looked for.
sub lost_answers {
    my ($t, $dialect) = @_;
    return if $dialect ne 'assistants';
    $t->emulator->fault({ on => 'create_run', action => 'cut_after' });
    run_job($t, 'Lost. [[answer=found]]', timeout => 30);
    return;
}

for my $dialect (@DIALECTS) {
    my @requests = requests_of($dialect) or next;
    my @verdicts = verdicts(@requests);
    is scalar @verdicts, scalar @requests, "$dialect: " . @requests . ' requests are judged';
    my %seen = map { /^\w+ (\S+ \S+?):?(?: |$)/ ? ($1 => 1) : () } @verdicts;
    ok $seen{$_}, "$dialect: $_ is among them" for @{ $CALLS{$dialect} };
    my @wrong = grep { !/^right / } @verdicts;
    ok !@wrong, "$dialect: the SDK would have sent each of them" or diag join "\n", @wrong;
}

# The judge itself: requests that are wrong in one thing each.
my %right = (
    method  => 'POST',
    path    => '/v1/threads/thread_1/runs',
    query   => '',
    headers => {
        'authorization' => 'Bearer sk-x',
        'openai-beta'   => 'assistants=v2',
        'content-type'  => 'application/json',
    },
    body => '{"assistant_id":"asst_1","metadata":{"a":"b"}}',
);
my $question = '"model":"m","messages":[{"role":"user","content":"x"}]';
my $flat     = '"tools":[{"type":"function","name":"f","parameters":{}}]';
my $nested   = '"tools":[{"type":"function","function":{"name":"f","parameters":{}}}]';
my %chat     = (path => '/v1/chat/completions');
my %list     = (method => 'GET', body => '');
sub body    { return (body => '{"assistant_id":"a",' . $_[0] . '}') }
sub without { return (headers => { %{ $right{headers} }, $_[0] => undef }) }

my @judged = (
    [ 'a right one' => qr/^right / ],
    [ 'an unknown member'           => qr/^wrong .*\(metdata\)/,    body('"metdata":{}') ],
    [ 'a missing member'            => qr/^wrong .*'assistant_id'/, body => '{}' ],
    [ 'a member of another type'    => qr{^wrong .*metadata/a},     body('"metadata":{"a":1}') ],
    [ 'a member in the wrong place' => qr/^wrong .*body: include/,  body('"include":[]') ],
    [ 'a body that is cut'          => qr/^wrong .*not JSON/,       body => '{"assistant_id":"a' ],
    [ 'an unknown query argument'   => qr/^wrong .*query: limit/,   query => 'limit=3' ],
    [ 'an unknown path'             => qr/^wrong .*no such call/,   path => '/v1/threads/t/run' ],
    [ 'an unknown method'           => qr/^wrong .*no such call/,   method => 'PUT' ],
    [ 'a missing header' => qr/^wrong .*openai-beta: missing/,      without('openai-beta') ],
    [ 'a missing key'    => qr/^wrong .*authorization: missing/,    without('authorization') ],
    [ 'a right list'     => qr/^right /,         %list, query => 'limit=10&order=asc' ],
    [ 'an unknown order' => qr/^wrong .*order/,  %list, query => 'order=up' ],
    [ 'a limit in words' => qr/^wrong .*limit/,  %list, query => 'limit=ten' ],
    [ 'chat\'s tools'    => qr/^right /,         %chat, body => "{$question,$nested}" ],
    [ 'flat tools in chat' => qr/^wrong POST/,   %chat, body => "{$question,$flat}" ],
    [
        'nested tools in responses' => qr/^wrong POST/,
        path => '/v1/responses',
        body => "{\"model\":\"m\",\"input\":\"x\",$nested}"
    ],
);
my @answers = verdicts(map { my (undef, undef, %change) = @$_; +{ %right, %change } } @judged);
like $answers[$_], $judged[$_][1], "the judge knows $judged[$_][0]" for 0 .. $#judged;

done_testing;
