#!/usr/bin/env perl
# Functions with a uri are called by edgerun, all of a round at once, and the model is
# told what came of them.
use FindBin;
use lib "$FindBin::Bin/lib";
use Edgerun::Test;
use Edgerun::Dialects;
use Edgerun::Jobs;
use Edgerun::Tools;

my $t = Edgerun::Test->new;
$t->start_emulator(duration => 50);
my $url = sub { $t->emulator->tool_url($_[0]) };
$t->write_conf(tools_conf([
    'max_tool_rounds 3',
    (map { function_tool($t, $_, 'uri=' . $url->($_) . ' timeout=60s') } qw(rates weather)),
    'response_format text',
], provider => { run_timeout => '5m' }));
$t->run;
my $emulator = $t->emulator;

# --- one call
my $job = run_job($t, question('How much?', ['rates'], arguments => { from => 'EUR', to => "\x{20ac}" }));
is $job->{status}, 'COMPLETED', 'a job that needs a tool completes' or diag error_of($job);
my ($call, @more) = tool_calls($t);
is scalar @more, 0, 'the tool is called once';
my $id = delete $call->{told}{toolCallId};
like $id, qr/^call_/, 'with the id of the call';
is_deeply $call->{told}, {
    tool => 'rates', arguments => { from => 'EUR', to => "\x{20ac}" }, jobId => $job->{id}, user => 'alice',
}, 'and what it needs to know';
is $call->{headers}{'content-type'}, 'application/json', 'as JSON';
is $call->{headers}{authorization}, undef, "but not the provider's key";
is_deeply [ keys %{ outputs_told($t) } ], [$id], 'the model is told of that call';
like outputs_told($t)->{$id}, qr/^\{"tool":"rates","echo":\{.*EUR.*\}\}$/, 'what the tool said';

# --- several at once: none waits for another's answer
my $answer = submit($t, question('Both.', [qw(rates weather)], arguments => { delay => 50_000 }));
ok wait_until { 2 == grep { ($_->{told}{arguments}{delay} // 0) == 50_000 } tool_calls($t) },
    'the calls of a round are made at once';
is job_of($t, $answer)->{status}, 'RUNNING', 'meanwhile the job runs';
my $cancelled = $t->post($answer->{headers}{location} =~ s{^https?://[^/]+}{}r . '/cancel',
    token => $t->token({ sub => 'alice' }));
is $cancelled->{json}{status}, 'CANCELLED', 'and can be cancelled';
if (dialect() eq 'assistants') {
    ok wait_until { (runs_of($t, $cancelled->{json}))[0]{status} eq 'cancelled' },
        'at the provider too';
}
is scalar(grep { ($_->{told}{arguments}{delay} // 0) == 50_000 } tool_calls($t)), 2,
    'and the tools are not called again';

# --- several rounds
$job = run_job($t, question('Twice.', [qw(rates weather)], rounds => 2));
is $job->{status}, 'COMPLETED', 'a job with two rounds completes' or diag error_of($job);
my @own = grep { $_->{told}{jobId} eq $job->{id} } tool_calls($t);
is join(' ', sort map { $_->{told}{tool} } @own), 'rates rates weather weather', 'each tool is called twice';
my %ids = map { $_->{told}{toolCallId} => 1 } @own;
is scalar keys %ids, 4, 'as calls of their own';
my $told = outputs_told($t);
is scalar(grep { exists $told->{$_} } keys %ids), 4, 'the model is told of all';

$job = run_job($t, question('Thrice.', ['rates'], rounds => 3));
is $job->{status}, 'COMPLETED', 'as many rounds as max_tool_rounds' or diag error_of($job);
$job = run_job($t, question('Too often.', ['rates'], rounds => 4));
is error_of($job), '502 TooManyToolRounds: the model called tools more than 3 times', 'one more is too many';
is scalar(grep { $_->{told}{jobId} eq $job->{id} } tool_calls($t)), 3, 'which is not called';
if (dialect() eq 'assistants') {
    ok wait_until { (runs_of($t, $job))[0]{status} eq 'cancelled' }, 'the run is cancelled';
}

# --- what cannot be called
my $calls = () = tool_calls($t);
for my $case (
    ['an array',      '[ "a"]',          'the arguments are not a JSON object'],
    ['a text',        '"a"',             'the arguments are not a JSON object'],
    ['half a JSON',   '{"a":',           'the arguments are not a JSON object'],
    ['no JSON',       'from EUR to USD', 'the arguments are not a JSON object'],
    ['deeper nested', '{"a":' x 100 . '1' . '}' x 100, 'the arguments are not a JSON object'],
    )
{
    my ($what, $arguments, $error) = @$case;
    my %before = %{ outputs_told($t) };
    $job = run_job($t, question('Odd.', ['rates'], arguments => $arguments));
    is $job->{status}, 'COMPLETED', "$what as arguments: the job completes" or diag error_of($job);
    my %after = %{ outputs_told($t) };
    delete @after{ keys %before };
    is join('|', values %after), qq({"error":"$error"}), 'and the model is told why';
}
is scalar(my @none = tool_calls($t)), $calls, 'no tool is called with them';

my %before = %{ outputs_told($t) };
$job = run_job($t, question('Unknown.', [qw(rates nobody)]));
is $job->{status}, 'COMPLETED', 'a function that is not there: the job completes' or diag error_of($job);
my %after = %{ outputs_told($t) };
delete @after{ keys %before };
is scalar(grep { $_ eq '{"error":"there is no such function"}' } values %after), 1, 'the model is told';
is scalar(grep { /"tool":"rates"/ } values %after), 1, 'with the output of the other one';

is_deeply [ map { "$_->{call} $_->{status}" } grep { ($_->{status} // 0) >= 400 } @{ $emulator->log } ], [],
    'the provider refused nothing';

# --- where it is, and how long it may take
$emulator->reset;
$t->write_conf(tools_conf(
    [
        function_tool($t, 'rates', 'uri=' . $t->emulator->tool_url('rates') . ' timeout=60s'),
        function_tool($t, 'own', 'uri=http://127.0.0.1:%%PORT_0%%/own/path?a=b%20c&d=e'),
    ],
    http   => 'edgerun_provider hasty {
        api ' . dialect() . '; assistant helper; model gpt-4o; base_url %%EMULATOR%%; api_key env:OPENAI_API_KEY;
        poll_interval 100ms; run_timeout 3s;
    }',
    server => <<'END'));
        location /hasty {
            edgerun_auth_jwt "jobs"; edgerun_auth_jwt_secret env:EDGERUN_JWT_SECRET;
            edgerun_jobs zone=jobs provider=hasty;
        }
        location /open { edgerun_jobs zone=jobs provider=main; }
        location /own { return 200 "$request_method $request_uri $http_host"; }
END
$t->reload;
my ($slow, @slow);
wait_until {    # where all goes slowly, its run may be out of time before
    $slow = run_job($t, question('Slow.', ['rates'], arguments => { delay => 60_000 }), path => '/hasty');
    @slow = grep { $_->{told}{jobId} eq $slow->{id} } tool_calls($t);
    return scalar @slow;
};
like error_of($slow), qr/^504 RunTimeout: /, 'tools get no more time than the run';
is scalar @slow, 1, 'and are not called again after it';

my $own = run_job($t, question('Own.', ['own']));
is $own->{status}, 'COMPLETED', 'an endpoint may be in this very server';
is join('|', values %{ outputs_told($t) }),
    'POST /own/path?a=b%20c&d=e 127.0.0.1:' . $t->port(0), 'its path and arguments are sent as they stand';

$answer = $t->post('/open', json => { query => question('Who?', ['own']) });
$t->wait_for_job($answer->{headers}{location});
is scalar(grep { /^POST/ } values %{ outputs_told($t) }), 2, 'where nobody is known, tools are called too';

done_testing;
