#!/usr/bin/env perl
# A job that waits for its client's tools has a time of its own for that, in which the
# provider is left alone; then it ends, and so does its run.
use FindBin;
use lib "$FindBin::Bin/lib";
use Edgerun::Test;
use Edgerun::Dialects;
use Edgerun::Jobs;
use Time::Piece;

my $t = Edgerun::Test->new;
$t->start_emulator(cancel => 50);
my $emulator = $t->emulator;
my $provider = 'edgerun_provider patient {
    %%DIALECT%% base_url %%EMULATOR%%; api_key env:OPENAI_API_KEY; poll_interval 100ms; run_timeout 4s; action_timeout 10m;
}';
$t->write_conf(jobs_conf(
    provider => { run_timeout => '4s', action_timeout => '5s' },
    http     => $provider,
    server   => 'location /patient {
        edgerun_auth_jwt "jobs"; edgerun_auth_jwt_secret env:EDGERUN_JWT_SECRET;
        edgerun_jobs zone=jobs provider=patient;
    }',
));
$t->run;
my %alice = (token => Edgerun::Jobs::token_of($t, 'alice'));

# A job that waits; where all goes so slowly that its run is out of time before, another.
sub asks_for_weather {
    my ($path, $more) = @_;
    my $query = 'Call! [[tools=weather]] [[tool_arguments={"city":"Oslo"}]] [[status=requires_action]]';
    my $job;
    wait_until {
        $job = run_job($t, "$query $more", path => $path, until => qr/REQUIRES_ACTION|FAILED/);
        return $job->{status} eq 'REQUIRES_ACTION';
    };
    return $job;
}

sub answer_calls {
    my ($path, $job, $output) = @_;
    my @outputs = map { { toolCallId => $_->{id}, output => $output } } @{ $job->{requiredAction}{toolCalls} };
    return $t->post("$path/$job->{id}/tool_outputs", %alice, json => { toolOutputs => \@outputs });
}

# Unix time; whole seconds are enough here.
sub seconds { return Time::Piece->strptime($_[0] =~ s/\.\d+Z$//r, '%Y-%m-%dT%H:%M:%S')->epoch }

# ------------------------------------------------------------- what it shows

my $job = asks_for_weather('/jobs', '');
my $action = $job->{requiredAction};
is_deeply [ sort keys %$action ], [qw(expiresAt toolCalls type)], 'a run that needs tools shows what it needs';
is $action->{type}, 'submit_tool_outputs', 'by its type';
my ($call, @more) = @{ $action->{toolCalls} };
is scalar @more, 0, 'one call';
like $call->{id}, qr/^call_\w+$/, 'by its id';
is "$call->{name} $call->{arguments}", 'weather {"city":"Oslo"}', 'with name and arguments';
my $time = seconds($action->{expiresAt}) - seconds($job->{updatedAt});
ok $time >= 4 && $time <= 6, 'and until when it waits' or diag $time;

# -------------------------------------------------------- who does not answer

my @before = @{ $emulator->log };
my ($expired) = finish($t, [$job]);
is error_of($expired), '504 ActionExpired: no tool outputs came in time',
    'without outputs it ends, later than run_timeout says';
ok !exists $expired->{requiredAction}, 'with nothing required any more';
if (dialect('names_jobs')) {
    ok wait_until { !(runs_of($t, $job))[0]{thread_exists} }, 'its thread is deleted';
}
is scalar(grep { $_->{status} =~ /requires_action|in_progress|queued/ } runs_of($t, $job)), 0, 'no run is left behind';
my @polls = grep { (purpose($_->{call}) // '') eq 'poll' } @{ $emulator->log(since => $before[-1]{seq}) };
is scalar @polls, 0, 'while it waits, nobody polls';
is answer_calls('/jobs', $job, 'late')->{status}, 409, 'late outputs are refused';

# ---------------------------------------------------------------- who answers

# Both times count anew or go on, as is due: together they take longer than run_timeout.
my ($status, $given);
wait_until {
    $job = asks_for_weather('/patient', '[[answer=It rains.]]');
    wait_until { time > seconds($job->{updatedAt}) + 5 };
    $status = $t->get("/patient/$job->{id}", %alice)->{json}{status};
    $given = answer_calls('/patient', $job, 'rain')->{status};
    $job = $t->wait_for_job("/patient/$job->{id}", %alice)->{json};
    return error_of($job) !~ /RunTimeout/;
};
is $status, 'REQUIRES_ACTION', 'a client may take longer than a run';
is $given, 200, 'with the outputs the job goes on';
is "$job->{status} $job->{answer}", 'COMPLETED It rains.', 'and completes';
is scalar(run_counts($t, $job)), 1, 'the run is known';

my $again;
wait_until {
    $job = asks_for_weather('/patient', '[[tool_rounds=2]]');
    $given = answer_calls('/patient', $job, 'rain')->{status};
    $again = $t->wait_for_job("/patient/$job->{id}", %alice, until => qr/REQUIRES_ACTION|FAILED/)->{json};
    return error_of($again) !~ /RunTimeout/;
};
is $given, 200, 'a run may ask again';
isnt $again->{requiredAction}{toolCalls}[0]{id}, $call->{id}, 'for another call';
is $t->post("/patient/$job->{id}/cancel", %alice)->{json}{status}, 'CANCELLED', 'a job that waits can be cancelled';
is answer_calls('/patient', $again, 'rain')->{status}, 409, 'then it takes no outputs';
ok wait_until { !grep { $_->{thread_exists} || $_->{status} =~ /requires_action|in_progress/ } runs_of($t, $job) },
    'and nothing of it is left';

done_testing;
