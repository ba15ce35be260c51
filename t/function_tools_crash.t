#!/usr/bin/env perl
# Whatever happens to workers while tools are called, the job goes on elsewhere: the tools
# are called again, as the same calls, and the model is told once.
use FindBin;
use lib "$FindBin::Bin/lib";
use Edgerun::Test;
use Edgerun::Dialects;
use Edgerun::Jobs;
use Edgerun::Tools;

use Time::HiRes qw(time);

my $LATE = 9_000;    # ms: longer than two leases

# How often the provider was told outputs of the job's calls: as many as rounds.
sub times_told {
    my ($t, $job) = @_;
    my %call = (assistants => 'submit_tool_outputs', responses => 'create_response', chat => 'create_completion');
    my ($id) = map { $_->{told}{toolCallId} } grep { $_->{told}{jobId} eq $job->{id} } tool_calls($t);
    return scalar grep { index($_->{body}, $id) >= 0 } @{ $t->emulator->log(call => $call{ dialect() }) };
}

sub calls_for { my ($t, $id) = @_; return grep { $_->{told}{jobId} eq $id } tool_calls($t) }

# A job whose tools are being called.
sub job_in_call {
    my ($t, %fault) = @_;
    $t->emulator->fault({ on => 'tool', times => 2, %fault });
    my $answer = wait_until {    # until the journal has been read
        my $got = submit($t, question('Look.', [qw(one two)]));
        $got->{status} == 202 && $got;
    };
    wait_until { 2 == calls_for($t, $answer->{json}{id}) } or diag 'the tools are not called';
    return $answer;
}

# The one that calls stands still for longer than its lease, until the answers are there: they
# come too late.
sub stall {
    my ($t, $answer) = @_;
    my @calls = tool_calls($t);
    my $answered = $calls[-1]{time_ms} + $LATE;
    my $owner = $answer->{headers}{'x-worker'};
    kill 'STOP', $owner;
    wait_until { tool_calls($t) > @calls };
    wait_until { time * 1000 > $answered };
    kill 'CONT', $owner;
    return;
}

# All at once: none takes the job over only to be killed as well.
sub kill_workers {
    my ($t) = @_;
    my @all = $t->worker_pids;
    $t->allow_log(map { (qr/worker process $_ exited on signal 9/, qr/was locked by $_/) } @all);
    kill 'KILL', @all;
    wait_until { !grep({ Edgerun::Process::is_alive($_) } @all) && $t->worker_pids == @all };
    return;
}

my $t = Edgerun::Test->new;
$t->start_emulator(duration => 50);
my $url = sub { 'uri=' . $t->emulator->tool_url($_[0]) . ' timeout=60s' };
$t->write_conf(tools_conf([ map { function_tool($t, $_, $url->($_)) } qw(one two) ],
    server => 'add_header X-Worker $pid always;', provider => { run_timeout => '5m' },
    zone => 'zone=jobs:8m journal=%%TESTDIR%%/journal sync=off'));
$t->run;

my %trouble = (
    'workers are killed' => [ 4, { action => 'hang' }, sub { kill_workers($t) } ],
    'all is killed'      => [ 4, { action => 'hang' }, sub { $t->kill_all; $t->run } ],
    'NGINX is stopped'   => [ 4, { action => 'hang' }, sub { $t->stop('TERM'); $t->run } ],
    'NGINX is reloaded'  => [ 2, { action => 'delay', ms => 2_000 }, sub { $t->reload } ],
    'NGINX is stopped gently' => [ 2, { action => 'delay', ms => 2_000 }, sub { $t->stop('QUIT'); $t->run } ],
    'workers stand still' => [ 4, { action => 'delay', ms => $LATE }, sub { stall($t, @_) } ],
);
for my $what (sort keys %trouble) {
    my ($calls, $fault, $do) = @{ $trouble{$what} };
    my $answer = job_in_call($t, %$fault);
    $do->($answer);
    my ($job) = finish($t, [$answer]);
    is $job->{status}, 'COMPLETED', "$what: the job completes" or diag error_of($job);
    my @made = calls_for($t, $job->{id});
    my %ids = map { $_->{told}{toolCallId} => 1 } @made;
    is scalar @made, $calls, "$what: so many calls are made";
    is scalar keys %ids, 2, "$what: with the same ids";
    is times_told($t, $job), 1, "$what: the provider is told once";
    is scalar(my @runs = runs_of($t, $job)), dialect() eq 'assistants' ? 1 : 2, "$what: nothing else is started";
}

my $answer = job_in_call($t, action => 'hang');
my $path = "/jobs/$answer->{json}{id}";
my %alice = (token => $t->token({ sub => 'alice' }));
is $t->request('DELETE', $path, %alice)->{status}, 204, 'a job can be erased meanwhile';
is $t->get($path, %alice)->{status}, 410, 'and is gone';
ok wait_until { !grep { $_->{thread_exists} } @{ $t->emulator->runs } }, 'so is its thread';
is times_told($t, $answer->{json}), 0, 'the provider is told nothing';
my $again = (call('forget') // '') . ' 404';    # after a crash a thread may be deleted once more
is_deeply [ grep { $_ ne $again } map { "$_->{call} $_->{status}" } grep { ($_->{status} // 0) >= 400 } @{ $t->emulator->log } ],
    [], 'nor did it refuse anything';

done_testing;
