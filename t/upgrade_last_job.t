#!/usr/bin/env perl
# A job that is read from the journal of a former binary just after somebody has looked for it: it
# is not said to have expired, nor its thread to be unknown, and its quota is not settled without it.
use FindBin;
use lib "$FindBin::Bin/lib";
use Edgerun::Test;
use Edgerun::Calendar;
use Edgerun::Dialects qw(responses);
use Edgerun::Http;
use Edgerun::Jobs;
use Edgerun::Process;
use Edgerun::Quotas;
use Edgerun::Upgrade;

begin_within('month');
my $t = Edgerun::Test->new(crashing => 1);
$t->start_emulator;
my @token = (token => Edgerun::Jobs::token_of($t, 'alice'));
my ($job, $running);    # of the old binary

# A worker of a new binary stands still at that point, where what `ask` asks may lead it, until the
# old binary is gone and the new one has its jobs. Calls `then` with the connection of that request.
sub late_at {
    my ($point, $ask, $then) = @_;
    $t->write_conf(
        quota_conf(
            ['unit=tokens limit=5000 period=month reserve=1000'],
            zone     => "zone=jobs:4m journal=%%TESTDIR%%/journal-$point",
            quotas   => "journal=%%TESTDIR%%/quotas-$point",
            provider => { keep_threads => 'on' },
        ),
        # NGINX hands its new binary no other variables.
        main => 'env EDGERUN_JWT_SECRET; env OPENAI_API_KEY; env EDGERUN_CRASH_FILE;'
    );
    mkdir $t->dir . "/$_-$point" for qw(journal quotas);
    start_daemon($t);
    wait_until { submit($t, 'Ready? [[duration=1]] [[usage=0,0]]')->{status} == 202 };
    $job = run_job($t, 'Before. [[duration=1]] [[usage=0,0]]');
    $running = submit($t, '[[duration=10000]] [[usage=120,30]] running');
    await_run($t, $running);

    my $old = $t->pid;
    my $new = upgrade($t) or die "no new binary\n";
    $t->crash_at("stop $point");
    my ($asking, $worker);
    wait_until {
        # The old binary answers as well. One that nobody answers may have led there.
        $asking = $ask->() if !$asking || $asking->read_response(timeout => 0.01);
        $worker = wait_until { (Edgerun::Process::stopped(workers_of($new)))[0] } 0.3;
    } or die "no worker stands still\n";
    kill 'QUIT', $old;
    wait_until { !Edgerun::Process::is_alive($old) } or die "the old binary stays\n";
    ok wait_until { job_of($t, $running) }, "$point: the new binary has the job of the old one";
    kill 'CONT', $worker;
    $then->($asking);
    $t->{pid} = $new;
    $t->stop;
    return;
}

sub asked {
    my ($method, $path, @more) = @_;
    my $connection = $t->connect;
    $connection->write(Edgerun::Http::format_request($method, $path, @token, @more));
    return $connection;
}

late_at(
    job_not_found => sub { asked('GET', "/jobs/$job->{id}") },
    sub { is $_[0]->read_response->{status}, 503, 'who looked for another before is told to come again' }
);
late_at(
    thread_not_found => sub { asked('POST', '/jobs', json => { query => 'On. [[duration=1]]', threadId => $job->{threadId} }) },
    sub { is $_[0]->read_response->{status}, 503, 'so is who wants to go on in its thread' }
);
late_at(
    fate_unknown => sub { },
    sub {
        finish($t, [$running]);
        is settled($t, 150), '150/0', 'what it used is counted';
    }
);

done_testing;
