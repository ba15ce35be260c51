#!/usr/bin/env perl
# edgerun_start_guarantee: what follows when the answer to the start of a run is lost.
use FindBin;
use lib "$FindBin::Bin/lib";
use Edgerun::Test;
use Edgerun::Dialects;
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

# How a job ends, by how many runs, and after which calls about them. A response is in its
# conversation when it is over, and not before; a call that is held leaves nothing to look at.
my $unknown = 'FAILED StartOutcomeUnknown';
my %EXPECTED = (
    assistants => {
        'lookup, carried out'            => 'COMPLETED 1: start find',
        'lookup, not carried out'        => 'COMPLETED 1: start find start',
        'at_most_once, carried out'      => "$unknown 1: start find cancel",
        'at_least_once, carried out'     => 'COMPLETED 1: start start find',
        'at_least_once, worker dies'     => 'COMPLETED 1',
        'lookup, worker dies'            => 'COMPLETED 1',
    },
    responses => {
        'lookup, carried out'            => 'COMPLETED 1: start find',
        'lookup, not carried out'        => 'COMPLETED 1: start find start',
        'at_most_once, carried out'      => "$unknown 1: start find",
        'at_least_once, carried out'     => 'COMPLETED 1: start start find',
        'at_least_once, worker dies'     => 'COMPLETED 1',
        'lookup, worker dies'            => 'COMPLETED 1',
    },
    chat => {
        'lookup, carried out'            => "$unknown 1: start",
        'lookup, not carried out'        => "$unknown 0: start",
        'at_most_once, carried out'      => "$unknown 1: start",
        'at_least_once, carried out'     => 'COMPLETED 2: start start',
        'at_least_once, worker dies'     => 'COMPLETED 2',
        'lookup, worker dies'            => "$unknown 1",
    },
);
my %expected = %{ $EXPECTED{ dialect() } };

my $t = Edgerun::Test->new;
$t->start_emulator(duration => 300);
$t->write_conf(jobs_conf(
    provider => { start_grace => '500ms', retries => 2 },
    server   => $OTHERS,
    location => 'edgerun_start_guarantee lookup;',
));
$t->run;
my $emulator = $t->emulator;
my %alice = (token => Edgerun::Jobs::token_of($t, 'alice'));

sub end_of {
    my ($job) = @_;
    return join ' ', $job->{status}, $job->{error}{error} // (), scalar runs_of($t, $job);
}

# Runs go on until then.
sub finish_when {
    my ($is_reached) = @_;
    wait_until { $is_reached->() };
    $emulator->finish;
    return;
}

sub starts { return scalar @{ $emulator->log(call => call('start')) } }

# A job of a location, to its end: (job, how it ended, after which calls). Its run goes on until
# MEANWHILE is true.
sub run_with {
    my ($path, $fault, $query, $meanwhile) = @_;
    $emulator->reset;
    $emulator->settings({ duration => 300 });
    $emulator->fault($_) for ref $fault eq 'ARRAY' ? @$fault : $fault;
    my $answer = submit($t, $query // 'Hello.', path => $path);
    finish_when($meanwhile) if $meanwhile;
    my $job = $t->wait_for_job($answer->{headers}{location}, %alice)->{json};
    wait_until { !grep { $_->{thread_exists} } runs_of($t, $job) } 10;
    my @calls = grep { /^(?:start|find|cancel)$/ } map { purpose($_->{call}) // '' } @{ $emulator->log };
    # A run that goes on is looked for again and again.
    my $calls = join(' ', @calls) =~ s/(?<=find)(?: find)+//r;
    return ($job, end_of($job) . ": $calls");
}

my %lost = (on => call('start'), action => 'cut_after');
my %unheard = (on => call('start'), action => 'cut_before');

my ($job, $end) = run_with('/jobs', \%lost);
is $end, $expected{'lookup, carried out'}, 'lookup: the run is found';
($job, $end) = run_with('/jobs', \%unheard);
is $end, $expected{'lookup, not carried out'}, 'lookup: another is started when there is none';

($job, $end) = run_with('/once', \%lost, 'Hello. [[duration=' . (call('cancel') ? 600_000 : 300) . ']]');
is $end, $expected{'at_most_once, carried out'}, 'at_most_once: the job fails, and its run is looked for and cancelled';
like error_of($job), qr/^502 StartOutcomeUnknown: .*may have been started and is not tried again$/, 'it says why';
($job, $end) = run_with('/once', { on => call('start'), action => 'status', status => 429 });
is $end, 'COMPLETED 1: start start', 'at_most_once: a refusal is repeated';

($job, $end) = run_with('/often', \%unheard);
is $end, 'COMPLETED 1: start start', 'at_least_once: another is started at once';
($job, $end) = run_with('/often', \%lost, dialect('runs_on')
    ? ('Hello. [[duration=600000]]', sub { @{ $emulator->log(call => call('find')) } })
    : ());
like $end, qr/^$expected{'at_least_once, carried out'}/, 'at_least_once: a thread that is busy then is the first try\'s';

if (call('find')) {
    ($job, $end) = run_with('/jobs', [ \%lost, { on => call('find'), action => 'status', status => 404, times => -1 } ]);
    like error_of($job), qr/^502 StartOutcomeUnknown: could not look for the run: the provider answered 404/,
        'lookup: the job fails where the provider lists no runs';
    unlike $end, qr/start.*start/, 'and no other run is started';
}

# A worker dies amid the start.
for my $case (
    [ '/jobs',  $expected{'lookup, worker dies'} ],
    [ '/once',  "$unknown 1" ],
    [ '/often', $expected{'at_least_once, worker dies'} ],
    )
{
    my ($path, $ends) = @$case;
    $emulator->reset;
    $emulator->settings({ duration => 600_000 });    # until it is asked for again, if ever
    $emulator->fault({ on => call('start'), action => 'hang', carried_out => \1 });
    my $answer = submit($t, 'Hello.', path => $path);
    wait_until { @{ $emulator->runs } };
    my @workers = $t->worker_pids;
    $t->allow_log(map { (qr/worker process $_ exited on signal 9/, qr/was locked by $_/) } @workers);
    kill 'KILL', @workers;
    wait_until { my %new = map { $_ => 1 } $t->worker_pids; keys %new == 2 && !grep { $new{$_} } @workers };
    my $runs = $path eq '/often' && !dialect('runs_on') ? 2 : 1;
    finish_when(sub { starts() >= ($path eq '/often' ? 2 : 1) && @{ $emulator->runs } >= $runs });
    is end_of($t->wait_for_job($answer->{headers}{location}, %alice)->{json}), $ends,
        "$path: the worker dies amid the start";
}

done_testing;
