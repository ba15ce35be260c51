#!/usr/bin/env perl
# edgerun_jobs ... fallback=B: a job that surely did not start at its provider, for reasons
# that are not its own, goes to the other one.
use FindBin;
use lib "$FindBin::Bin/lib";
use Edgerun::Test;
use Edgerun::Dialects;
use Edgerun::Emulator;
use Edgerun::Jobs;
use Edgerun::Ports;

my $t = Edgerun::Test->new;
my $main = $t->start_emulator(duration => 100);
mkdir $t->dir . "/$_" for 'spare', 'spare/logs';
my $spare = Edgerun::Emulator->start(
    dir => $t->dir . '/spare', port => Edgerun::Ports::reserve(), key => $Edgerun::Test::API_KEY, duration => 100,
);
END { $spare->stop if $spare }

# The same provider at the other server.
sub spare_provider {
    my ($block) = jobs_conf(provider => { poll_interval => '100ms' }) =~ /(    edgerun_provider main \{.*?\n    \}\n)/s;
    my $url = $spare->base_url;
    return $block =~ s/main/spare/r =~ s/%%EMULATOR%%/$url/r;
}

sub configure {
    my ($provider, %options) = @_;
    $t->write_conf(jobs_conf(
        provider => { retries => 1, max_fails => 0, %$provider },
        jobs     => 'fallback=spare',
        http     => spare_provider(),
        %options,
    ));
    return;
}
configure({});
$t->run;

sub begin_anew { $_->reset for $main, $spare; return }

# What is asked first, and what starts a run.
my ($first, $start) = (call('thread') // call('start'), call('start'));

# How many jobs went there: what earlier ones leave behind may be cleared away only now.
sub jobs_at {
    my ($emulator) = @_;
    return scalar @{ $emulator->log(call => $first) };
}

# --- what surely did not start
my @errors = (
    [ 'it refuses the key',         { on => 'any', action => 'status', status => 401 } ],
    [ 'it is not allowed there',    { on => 'any', action => 'status', status => 403 } ],
    [ 'it has too much to do',      { on => $start, action => 'status', status => 429 } ],
    [ 'it has no money any more',   { on => $start, action => 'status', status => 429, body =>
        '{"error":{"message":"x","type":"insufficient_quota","param":null,"code":"insufficient_quota"}}' } ],
    [ 'the path is unknown there',  { on => $first, action => 'html', status => 404 } ],
);
push @errors, [ 'it is overloaded',     { on => $first, action => 'status', status => 503 } ],
    [ 'it breaks off',                  { on => $first, action => 'cut_before' } ],
    [ 'it answers nonsense',            { on => $first, action => 'garbage' } ]
    if call('thread');
for (@errors) {
    my ($what, $fault) = @$_;
    begin_anew();
    $main->fault({ times => -1, %$fault });
    my $job = run_job($t, 'Hello.', metadata => { a => 'b' });
    is $job->{status}, 'COMPLETED', "$what: the job completes" or diag error_of($job);
    is scalar @{ $spare->runs }, 1, "$what: at the other provider";
    is scalar @{ $main->runs }, 0, "$what: and nowhere else";
    is $job->{runId}, $spare->runs->[0]{id}, "$what: as the job shows";
}

# --- refused connections
$main->stop;
my $job = run_job($t, 'Hello.');
is $job->{status}, 'COMPLETED', 'it is not there: the job completes' or diag error_of($job);
$main->restart;

# --- a thread that was made there goes
if (call('thread')) {
    begin_anew();
    $main->fault({ on => $start, action => 'status', status => 429, times => -1 });
    $job = run_job($t, 'Hello.');
    is $job->{status}, 'COMPLETED', 'a run is refused: the job completes' or diag error_of($job);
    is scalar @{ $main->log(call => call('thread')) }, 1, 'a thread was made for it';
    ok wait_until { @{ $main->log(call => call('forget')) } == 1 }, 'which is deleted';
    is $main->log(call => call('forget'))->[0]{status}, 200, 'by its id';
    my ($there) = @{ $spare->runs };
    is $job->{threadId}, $there->{thread}, 'the job shows the other one';
}

# --- what the job itself is to blame for
begin_anew();
$main->fault({ on => $first, action => 'status', status => 400, times => -1 });
$job = run_job($t, 'Hello.');
like error_of($job), qr/^502 ProviderError: /, 'a bad request fails';
is jobs_at($spare), 0, 'and goes nowhere else';

# --- what may have started
begin_anew();
$main->fault({ on => $_, action => 'cut_before', times => -1 }) for grep { defined } $start, call('find');
$job = run_job($t, 'Hello.');
is $job->{status}, 'FAILED', 'a start of which nothing is known fails in the end';
is jobs_at($spare), 0, 'and goes nowhere else';

configure({}, location => 'edgerun_start_guarantee at_most_once;');
$t->reload;
begin_anew();
$main->fault({ on => $start, action => 'status', status => 502, times => -1 });
$job = run_job($t, 'Hello.');
like error_of($job), qr/^502 StartOutcomeUnknown: /, 'so does one that must not be repeated';
is jobs_at($spare), 0, 'and goes nowhere else';
configure({});
$t->reload;

# --- what has started
if (call('poll')) {
    begin_anew();
    $main->fault({ on => call('poll'), action => 'status', status => 401, times => -1 });
    $job = run_job($t, 'Hello.');
    is $job->{status}, 'FAILED', 'a run that cannot be polled fails';
    is jobs_at($spare), 0, 'and is not started anew elsewhere';
}
if (dialect('ends_as')->{failed}) {
    begin_anew();
    $job = run_job($t, 'Fail. [[error=server_error:Oops]]');
    is $job->{status}, 'FAILED', 'a run that fails is a failed job';
    is jobs_at($spare), 0, 'and is not started anew elsewhere';
}

# --- both
begin_anew();
$_->fault({ on => 'any', action => 'status', status => 401, times => -1 }) for $main, $spare;
$job = run_job($t, 'Hello.');
like error_of($job), qr/^502 ProviderError: .*credentials/, 'when both refuse the job fails';
is jobs_at($main), 1, 'each is asked once';
is jobs_at($spare), 1, 'and not in turns';

# --- threads stay where they were made
if (call('thread')) {
    begin_anew();
    configure({ keep_threads => '1h' }, http => spare_provider() =~ s/\}/    keep_threads 1h;\n    }/r);
    $t->reload;
    my $here = run_job($t, 'Hello.');
    $main->fault({ on => 'any', action => 'status', status => 401, times => -1 });
    my $next = run_job($t, 'And?', threadId => $here->{threadId});
    is $next->{status}, 'FAILED', 'a job that continues a thread does not leave it';
    my $there = run_job($t, 'Hello.');
    is $there->{status}, 'COMPLETED', 'a new one goes elsewhere';
    $main->clear_faults;
    $next = run_job($t, 'And?', threadId => $there->{threadId});
    is $next->{status}, 'COMPLETED', 'where its thread goes on' or diag error_of($next);
    is $next->{threadId}, $there->{threadId}, 'as the same one';
    is scalar @{ $spare->runs }, 2, 'at the same provider';

    # That the former thread was deleted says nothing of the one that is made anew.
    begin_anew();
    configure({}, http => spare_provider() =~ s/\}/    keep_threads 1h;\n    }/r);
    $t->reload;
    $main->fault({ on => $start, action => 'status', status => 429, times => -1 });
    $there = run_job($t, 'Hello.');
    is $there->{status}, 'COMPLETED', 'a job whose thread is deleted goes elsewhere' or diag error_of($there);
    my $answer = submit($t, 'And?', threadId => $there->{threadId});
    is $answer->{status}, 202, 'where another may go on in the thread that it made';
    is((finish($t, [$answer]))[0]{threadId}, $there->{threadId}, 'and does') if $answer->{status} == 202;
}

done_testing;
