#!/usr/bin/env perl
# Tools of the client, beside those that edgerun calls: round after round, until their
# time is over.
use FindBin;
use lib "$FindBin::Bin/lib";
use Edgerun::Test;
use Edgerun::Dialects;
use Edgerun::Jobs;
use Edgerun::Tools;

my $t = Edgerun::Test->new;
$t->start_emulator(duration => 50);
my $url = $t->emulator->tool_url('rates');
$t->write_conf(tools_conf(
    [ function_tool($t, 'rates', "uri=$url"), map { function_tool($t, $_) } qw(pick choose) ],
    provider => { action_timeout => '1h' },
    server   => <<'END',
        location /brief {
            edgerun_auth_jwt "jobs";
            edgerun_auth_jwt_secret env:EDGERUN_JWT_SECRET;
            edgerun_jobs zone=jobs provider=brief;
        }
END
    http     => brief_provider(),
));
$t->run;
my $emulator = $t->emulator;

sub brief_provider {
    my $text = jobs_conf(provider => provider_of(action_timeout => '700ms'));
    my ($block) = $text =~ /(edgerun_provider main \{.*?\n    \}\n)/s;
    return $block =~ s/main/brief/r;
}

my %alice = (token => $t->token({ sub => 'alice' }));

# A job that waits for its client.
sub waits {
    my ($text, $functions, %options) = @_;
    return run_job($t, question($text, $functions, %options), until => qr/^REQUIRES_ACTION$/);
}

# As it is when it waits again, or is final.
sub wait_again {
    my ($job) = @_;
    return $t->wait_for_job("/jobs/$job->{id}", %alice, until => qr/^(?:REQUIRES_ACTION|COMPLETED|FAILED)$/)->{json};
}

# --- what a job shows
my $job = waits('Choose.', [qw(pick choose)], arguments => '{ "from":  "\u20ac" }');
is $job->{requiredAction}{type}, 'submit_tool_outputs', 'a job that waits says for what';
is_deeply [ map { $_->{name} } @{ $job->{requiredAction}{toolCalls} } ], [qw(pick choose)], 'shows the calls, in order';
is_deeply [ map { join ' ', sort keys %$_ } @{ $job->{requiredAction}{toolCalls} } ],
    [ ('arguments id name') x 2 ], 'and of each what the client needs';
is $job->{requiredAction}{toolCalls}[0]{arguments}, '{ "from":  "\u20ac" }', 'the arguments as the model wrote them';
like $job->{requiredAction}{expiresAt}, qr/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/, 'and until when';
cmp_ok $job->{requiredAction}{expiresAt}, 'le', $job->{expiresAt}, 'which is before the job is forgotten';
is scalar(my @none = tool_calls($t)), 0, 'edgerun calls none of them';
my $list = $t->get('/jobs?status=REQUIRES_ACTION', %alice)->{json}{jobs};
is_deeply [ map { $_->{id} } @$list ], [ $job->{id} ], 'it is listed as such';

my $calls = calls_of($job);
my $answer = give_outputs($t, $job, { $calls->{pick} => 'one', $calls->{choose} => "two \x{20ac} \"x\"\n" });
is $answer->{status}, 200, 'the outputs are taken';
like $answer->{json}{status}, qr/^(?:RUNNING|COMPLETED)$/, 'and the job runs again';
($job) = finish($t, [$job]);
is $job->{status}, 'COMPLETED', 'to its end' or diag error_of($job);
is_deeply outputs_told($t), { $calls->{pick} => 'one', $calls->{choose} => "two \x{20ac} \"x\"\n" },
    'with these outputs';
is give_outputs($t, $job, { $calls->{pick} => 'one', $calls->{choose} => 'two' })->{status}, 409,
    'and takes none any more';

# --- several rounds; edgerun's and the client's
$job = waits('Both.', [qw(pick rates)], rounds => 3);
my %seen;
for my $round (1 .. 3) {
    my $own = calls_of($job);
    is_deeply [ keys %$own ], ['pick'], "round $round: the job shows the client's call alone";
    my @made = grep { $_->{told}{jobId} eq $job->{id} } tool_calls($t);
    is scalar @made, $round, "round $round: edgerun has made the other one";
    is give_outputs($t, $job, { $made[-1]->{told}{toolCallId} => 'forged', $own->{pick} => 'x' })->{status}, 409,
        "round $round: whose output the client cannot give";
    is give_outputs($t, $job, { $_ => 'old', $own->{pick} => 'x' })->{status}, 409,
        "round $round: nor those of an earlier round" for keys %seen;
    is give_outputs($t, $job, { $own->{pick} => "round $round" })->{status}, 200, "round $round: the client's is taken";
    $seen{ $own->{pick} } = "round $round";
    $job = wait_again($job);
}
is $job->{status}, 'COMPLETED', 'after the last round the job completes' or diag error_of($job);
my $told = outputs_told($t);
is_deeply { map { $_ => $told->{$_} } keys %seen }, \%seen, 'each round had its own output';

# --- an output of all sizes
$job = waits('Much.', ['pick']);
is give_outputs($t, $job, { calls_of($job)->{pick} => 'x' x 262_145 })->{status}, 400,
    'an output above 256 KiB is refused';
is give_outputs($t, $job, { calls_of($job)->{pick} => 'x' x 262_144 })->{status}, 200, 'one of 256 KiB is taken';
($job) = finish($t, [$job]);
is $job->{status}, 'COMPLETED', 'and the job completes' or diag error_of($job);
$job = waits('Much.', ['pick']);
is give_outputs($t, $job, { calls_of($job)->{pick} => 'x' x 2_000_000 })->{status}, 413,
    'a body above client_max_body_size is refused';
is give_outputs($t, $job, { calls_of($job)->{pick} => "a\0b" })->{status}, 400, 'an output with NUL is refused';
is job_of($t, $job)->{status}, 'REQUIRES_ACTION', 'the job waits on';

# --- the end comes first
my $path = "/jobs/$job->{id}";
my $cancelled = $t->post("$path/cancel", %alice);
is $cancelled->{json}{status}, 'CANCELLED', 'a job that waits can be cancelled';
ok !$cancelled->{json}{requiredAction}, 'and asks for nothing any more';
is give_outputs($t, $job, { calls_of($job)->{pick} => 'x' })->{status}, 409, 'nor takes it';
my $erased = waits('Erase.', ['pick']);
is $t->request('DELETE', "/jobs/$erased->{id}", %alice)->{status}, 204, 'or erased';
is give_outputs($t, $erased, { calls_of($erased)->{pick} => 'x' })->{status}, 410, 'and is gone';
if (dialect() eq 'assistants') {
    ok wait_until { !grep { $_->{status} ne 'cancelled' } map { runs_of($t, $_) } $job, $erased },
        'the runs are cancelled upstream';
}

my $brief = $t->post('/brief', json => { query => question('Too late.', ['pick']) }, %alice);
my $expired = $t->wait_for_job($brief->{headers}{location}, %alice)->{json};
like error_of($expired), qr/^504 ActionExpired: /, 'without outputs in time the job fails';
ok !$expired->{requiredAction}, 'and asks for nothing any more';
is $t->post("$brief->{headers}{location}/tool_outputs", %alice,
    json => { toolOutputs => [ { toolCallId => 'call_x', output => 'x' } ] })->{status}, 409, 'nor takes it';
if (dialect() eq 'assistants') {
    ok wait_until { (runs_of($t, $expired))[0]{status} eq 'cancelled' }, 'the run is cancelled upstream';
}
ok wait_until { !grep { $_->{thread_exists} } @{ $emulator->runs } }, 'no thread is left' if call('forget');

# --- the run's time stands still meanwhile, and goes on afterwards
$t->write_conf(tools_conf([ function_tool($t, 'pick') ], provider => { run_timeout => '4s', action_timeout => '1h' }));
$t->reload;
# Where all goes so slowly that a run is out of time between, another.
my ($status, $given);
wait_until {
    $job = run_job($t, question('Slowly.', ['pick'], rounds => 2), until => qr/^(?:REQUIRES_ACTION|FAILED)$/);
    return if $job->{status} eq 'FAILED';
    my $asked = time;
    wait_until { time - $asked >= 5 };
    $status = job_of($t, $job)->{status};
    $given = give_outputs($t, $job, { calls_of($job)->{pick} => 'x' })->{status};
    $job = wait_again($job);
    return error_of($job) !~ /RunTimeout/;
};
is $status, 'REQUIRES_ACTION', 'a job waits longer than its run may take';
is $given, 200, 'and takes the outputs';
is $job->{status}, 'REQUIRES_ACTION', 'it goes on' or diag error_of($job);
is_deeply [ map { "$_->{call} $_->{status}" } grep { ($_->{status} // 0) >= 400 } @{ $emulator->log } ], [],
    'the provider refused nothing';

done_testing;
