#!/usr/bin/env perl
# What the run did, as its client sees it with include=steps: the same in every dialect,
# as far as its provider tells it.
use FindBin;
use lib "$FindBin::Bin/lib";
use Edgerun::Test;
use Edgerun::Dialects;
use Edgerun::Jobs;
use Edgerun::Tools;

my $t = Edgerun::Test->new;
$t->start_emulator(duration => 50);
my $url = sub { 'uri=' . $t->emulator->tool_url($_[0]) };
my @directives = (
    (map { function_tool($t, $_, $url->($_)) } qw(rates weather)), function_tool($t, 'pick'), 'max_tool_rounds 64',
);
push @directives, 'tool code_interpreter', 'tool file_search vector_store=vs_1' if dialect() ne 'chat';
$t->write_conf(tools_conf(\@directives, provider => { run_timeout => '5m' }, zone => 'zone=jobs:16m journal=%%TESTDIR%%/journal sync=off'));
$t->run;

my %alice = (token => $t->token({ sub => 'alice' }));
wait_until { $t->get('/jobs', %alice)->{status} == 200 };    # until the journal has been read

# The answer to a GET with steps.
sub with_steps {
    my ($job, %options) = @_;
    return $t->get("/jobs/$job->{id}?include=steps", %alice, %options);
}

sub steps_of { my ($job) = @_; return with_steps($job)->{json}{steps} }

# --- an answer alone
my $job = run_job($t, 'Hello.');
my $steps = steps_of($job);
is scalar @$steps, 1, 'an answer is a step';
is $steps->[0]{type}, 'message', 'its message';
is_deeply [ sort keys %{ $steps->[0] } ], [qw(id type)], 'with an id';

# --- tools of the provider
if (dialect() ne 'chat') {
    $job = run_job($t, 'Compute. [[code_interpreter]]');
    my ($code, $message, @more) = @{ steps_of($job) };
    is "$code->{type} $message->{type} " . @more, 'code_interpreter message 0', 'code that was run is a step';
    is_deeply [ sort keys %$code ], [qw(id imageFileIds input logs type)], 'with what belongs to it';
    like $code->{input}, qr/\w/, 'the code';
    ok @{ $code->{logs} } >= 1 && !ref $code->{logs}[0], 'what it said';
    is scalar(grep { !m{^(?:[\w-]+|https://\S+)$} } @{ $code->{imageFileIds} }), 0, 'ids or URLs of images';

    $job = run_job($t, 'Search. [[file_search]]');
    my ($search) = @{ steps_of($job) };
    is $search->{type}, 'file_search', 'a search of files is a step';
    is_deeply [ sort keys %$search ], [qw(id results type)], 'with what belongs to it';
    is_deeply [ sort keys %{ $search->{results}[0] } ], [qw(fileId fileName score)], 'what it found';
    like $search->{results}[0]{fileId}, qr/^file-\w+$/, 'by its id';

    $job = run_job($t, 'Cite. [[annotations]]');
    my ($cites) = grep { $_->{type} eq 'message' } @{ steps_of($job) };
    ok @{ $cites->{citations} } >= 1, 'a message that cites files says which';
    like $cites->{citations}[0]{fileId}, qr/^c?file[-_]\w+$/, 'by their ids';
}

# --- functions
$job = run_job($t, question('Ask.', [qw(rates weather)], arguments => '{ "a": "\u20ac" }'));
$steps = steps_of($job);
is join(' ', map { $_->{name} // $_->{type} } @$steps), 'rates weather message',
    'calls of functions are steps, in order';
is_deeply [ sort keys %{ $steps->[0] } ], [qw(arguments id name output type)], 'with what belongs to them';
is $steps->[0]{arguments}, '{ "a": "\u20ac" }', 'the arguments as the model wrote them';
like $steps->[0]{output}, qr/^\{"tool":"rates","echo":/, 'the output as the model was told';
my ($made) = grep { $_->{told}{tool} eq 'rates' } tool_calls($t);
is $steps->[0]{id}, $made->{told}{toolCallId}, 'the id of the call';

$job = run_job($t, question('Ask.', ['rates'], rounds => 3));
is join(' ', map { $_->{name} // $_->{type} } @{ steps_of($job) }), 'rates rates rates message', 'those of all rounds';
$job = run_job($t, question('Ask.', ['rates'], arguments => { status => 404 }));
is steps_of($job)->[0]{output}, '{"error":"the tool answered 404"}', 'what went wrong is an output';

my $waiting = run_job($t, question('Ask.', [qw(pick rates)]), until => qr/^REQUIRES_ACTION$/);
is with_steps($waiting)->{status}, 200, 'a job that waits may be asked for its steps';
give_outputs($t, $waiting, { calls_of($waiting)->{pick} => 'this one' });
finish($t, [$waiting]);
my ($pick) = grep { ($_->{name} // '') eq 'pick' } @{ steps_of($waiting) };
is $pick->{output}, 'this one', 'the outputs of the client are there, too';

# --- with and without
my $plain = $t->get("/jobs/$job->{id}", %alice);
ok !exists $plain->{json}{steps}, 'a plain GET has no steps';
my $with = with_steps($job);
is $with->{headers}{etag}, $plain->{headers}{etag}, 'the ETag is the same';
is with_steps($job, headers => [ 'If-None-Match' => $plain->{headers}{etag} ])->{status}, 304, 'and matches';
is_deeply { map { $_ => $with->{json}{$_} } grep { $_ ne 'steps' } keys %{ $with->{json} } }, $plain->{json},
    'all else is the same';
like $with->{body}, qr/\A\{.*\}\s*\z/s, 'one JSON object';
is $t->request('HEAD', "/jobs/$job->{id}?include=steps", %alice)->{headers}{'content-length'}, length $with->{body},
    'HEAD tells its length';
is $t->get("/jobs/$job->{id}?include=nonsense", %alice)->{status}, 400, 'what else is asked for is refused';
is $t->get("/jobs/$job->{id}?include=steps", token => $t->token({ sub => 'eve' }))->{status}, 404, 'others see nothing';

# --- much
$job = run_job($t, question('Much.', ['rates'], arguments => { size => 100_000 }));
is $job->{status}, 'COMPLETED', 'a job with a large output completes';
my ($large) = @{ steps_of($job) };
is length $large->{output}, 16 * 1024, 'a text is cut after 16 KiB';
like $large->{output}, qr/^\{"tool":"rates"/, 'which are its first';
is steps_of($job)->[-1]{type}, 'message', 'what comes after it is there';

$job = run_job($t, question('Wide.', ['rates'], arguments => { text => "\x{20ac}" x 6_000 }));
($large) = @{ steps_of($job) };
is length $large->{output}, int(16 * 1024 / 3), 'at a character';

$job = run_job($t, question('More.', ['rates'], arguments => { size => 30_000 }, rounds => 9));
is $job->{status}, 'COMPLETED', 'a job with many large outputs completes' or diag error_of($job);
ok length with_steps($job)->{body} < 64 * 1024 + length($t->get("/jobs/$job->{id}", %alice)->{body}) + 10,
    'its steps have 64 KiB';
my @kept = @{ steps_of($job) };
ok @kept >= 3, 'the first ones are there';
ok !grep({ ($_->{name} // '') ne 'rates' } @kept), 'and those for which there was room';

# --- jobs that end otherwise
my $failed = run_job($t, question('Fail.', ['rates']) . '[[error=invalid_prompt:No.]]');
is $failed->{status}, 'FAILED', 'a job fails after a round of tools';
is with_steps($failed)->{status}, 200, 'and may be asked for its steps';

# --- after a restart
my %before = map { $_->{id} => with_steps($_)->{body} } $job, $waiting, $failed;
$t->kill_all;
$t->run;
wait_until { with_steps($job)->{status} == 200 };
is with_steps({ id => $_ })->{body}, $before{$_}, 'after a restart all is as it was' for sort keys %before;
ok !exists $t->get("/jobs/$job->{id}", %alice)->{json}{steps}, 'with steps only for those who ask';

done_testing;
