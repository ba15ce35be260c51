#!/usr/bin/env perl
# edgerun_start_guarantee: what follows when the answer to the start of a run is lost.
use FindBin;
use lib "$FindBin::Bin/lib";
use Edgerun::Test;
use Edgerun::Jobs;

# /jobs looks up, as the default is; the others say what they do.
my $OTHERS = <<'END';
        edgerun_start_guarantee at_most_once;
        location /once {
            edgerun_auth_jwt "jobs";
            edgerun_auth_jwt_secret env:EDGERUN_JWT_SECRET;
            edgerun_jobs zone=jobs provider=main;
        }
        location /often {
            edgerun_auth_jwt "jobs";
            edgerun_auth_jwt_secret env:EDGERUN_JWT_SECRET;
            edgerun_jobs zone=jobs provider=main;
            edgerun_start_guarantee at_least_once;
        }
END

my $t = Edgerun::Test->new;
$t->start_emulator(duration => 300);
$t->write_conf(jobs_conf(
    provider => { start_grace => '500ms', retries => 2 },
    server   => $OTHERS,
    location => 'edgerun_start_guarantee lookup;',
));
$t->run;
my $emulator = $t->emulator;

# A job of a location, to its end: (job, names of the calls about its runs).
sub run_with {
    my ($path, $fault, $query) = @_;
    $emulator->reset;
    $emulator->settings({ duration => 300 });
    $emulator->fault($_) for ref $fault eq 'ARRAY' ? @$fault : $fault;
    my $answer = submit($t, $query // 'Hello.', path => $path);
    my $uri = $answer->{headers}{location} =~ s{^https?://[^/]+}{}r;
    my $last = $t->wait_for_job($uri, token => Edgerun::Jobs::token_of($t, 'alice'));
    my $job = $last->{json};
    wait_until { !grep { $_->{thread_exists} } runs_of($t, $job) } 10;
    return ($job, join ' ', map { $_->{call} }
        grep { $_->{call} =~ /^(?:create_run|list_runs|cancel_run)$/ } @{ $emulator->log });
}

my %lost = (on => 'create_run', action => 'cut_after');
my %unheard = (on => 'create_run', action => 'cut_before');

my ($job, $calls) = run_with('/jobs', \%lost);
is "$job->{status}: $calls", 'COMPLETED: create_run list_runs', 'lookup: the run is found';
($job, $calls) = run_with('/jobs', \%unheard);
is "$job->{status}: $calls", 'COMPLETED: create_run list_runs create_run',
    'lookup: another is started when there is none';

($job, $calls) = run_with('/once', \%lost, 'Hello. [[duration=5000]]');
like error_of($job), qr/^502 StartOutcomeUnknown: .*may have been started and is not tried again$/,
    'at_most_once: the job fails';
is $calls, 'create_run list_runs cancel_run', 'its run is looked for and cancelled';
($job, $calls) = run_with('/once', { on => 'create_run', action => 'status', status => 429 });
is "$job->{status}: $calls", 'COMPLETED: create_run create_run', 'at_most_once: a refusal is repeated';

($job, $calls) = run_with('/often', \%unheard);
is "$job->{status}: $calls", 'COMPLETED: create_run create_run', 'at_least_once: another is started at once';
($job, $calls) = run_with('/often', \%lost, 'Hello. [[duration=3000]]');
is "$job->{status}: $calls", 'COMPLETED: create_run create_run list_runs',
    'at_least_once: a thread that is busy then is the first try\'s';
is scalar(runs_of($t, $job)), 1, 'of which there is one run';

($job, $calls) = run_with('/jobs', [ \%lost, { on => 'list_runs', action => 'status', status => 404, times => -1 } ]);
like error_of($job), qr/^502 StartOutcomeUnknown: could not look for the run: the provider answered 404/,
    'lookup: the job fails where the provider lists no runs';
unlike $calls, qr/create_run.*create_run/, 'and no other run is started';

# A worker dies amid the start.
for my $case (
    [ '/jobs',  'COMPLETED', 1 ],
    [ '/once',  'FAILED',    1 ],
    [ '/often', 'COMPLETED', 1 ],
    )
{
    my ($path, $status, $runs) = @$case;
    $emulator->reset;
    $emulator->settings({ duration => 2500 });
    $emulator->fault({ on => 'create_run', action => 'hang', carried_out => \1 });
    my $answer = submit($t, 'Hello.', path => $path);
    my $uri = $answer->{headers}{location} =~ s{^https?://[^/]+}{}r;
    wait_until { @{ $emulator->runs } };
    $t->kill_worker($_) for $t->worker_pids;
    my $last = $t->wait_for_job($uri, token => Edgerun::Jobs::token_of($t, 'alice'))->{json};
    is "$last->{status} " . scalar(runs_of($t, $last)), "$status $runs", "$path: the worker dies amid the start";
    is $last->{error}{error}, 'StartOutcomeUnknown', 'the job says why it failed' if $status eq 'FAILED';
}

done_testing;
