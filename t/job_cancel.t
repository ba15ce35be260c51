#!/usr/bin/env perl
# A job may be cancelled: at once for its user, then at the provider. What is
# final stays as it is.
use FindBin;
use lib "$FindBin::Bin/lib";
use Edgerun::Test;
use Edgerun::Dialects;
use Edgerun::Jobs;
use List::Util qw(uniq);

my $t = Edgerun::Test->new;
$t->start_emulator(cancel => 50);
my $emulator = $t->emulator;
$t->write_conf(
    jobs_conf(
        provider => { run_timeout => '5m' },
        zone     => 'zone=jobs:16m',
        server   => 'add_header X-Worker $pid always; add_header X-Job "$edgerun_job_id $edgerun_job_status" always;'
    )
);
$t->run;

my %alice = (token => $t->token({ sub => 'alice' }));

sub cancel {
    my ($answer, %options) = @_;
    my $from = $options{on} // $t;
    return $from->post("$answer->{headers}{location}/cancel", %alice, %options);
}

sub run_of {
    my ($answer) = @_;
    my ($run) = runs_of($t, $answer->{json});
    return $run;
}

# ------------------------------------------------------------ a running job

my $running = submit($t, '[[duration=60000]] long');
await_run($t, $running);
my $cancelled = cancel($running);
is $cancelled->{status}, 200, 'a running job is cancelled';
my $job = $cancelled->{json};
is $job->{status}, 'CANCELLED', 'at once';
is $job->{id}, $running->{json}{id}, 'the answer is the job';
ok exists $job->{completedAt}, '... which has ended';
my %headers = %{ $cancelled->{headers} };
is $headers{etag}, "\"$job->{version}\"", '... with its version';
is $headers{'content-location'}, $running->{headers}{location}, '... and its URL';
is $headers{'cache-control'}, 'no-store', '... for no cache';
ok !exists $headers{'retry-after'}, '... there is nothing to wait for';
is $headers{'x-job'}, "$job->{id} CANCELLED", '... and the variables tell it';
is $t->get($running->{headers}{location}, %alice)->{body}, $cancelled->{body}, 'that is what GET shows';
ok wait_until { run_of($running)->{status} eq 'cancelled' }, 'the run is cancelled at the provider';
ok wait_until { !run_of($running)->{thread_exists} }, 'and its thread deleted';
is cancel($running)->{body}, $cancelled->{body}, 'once more changes nothing';
is $t->get($running->{headers}{location}, %alice)->{body}, $cancelled->{body}, 'nor does anything later';

# ------------------------------------------------------------- a final job

for my $query ('[[duration=10]] ends', '[[duration=10]] [[error=invalid_prompt:No.]] fails') {
    my $answer = submit($t, $query);
    my ($final) = finish($t, [$answer]);
    my $before = $t->get($answer->{headers}{location}, %alice)->{body};
    my $after = cancel($answer);
    is $after->{status}, 200, "$final->{status}: cancelling is no error";
    is $after->{body}, $before, '... and changes nothing';
    is cancel($answer, headers => [ 'If-None-Match' => $after->{headers}{etag} ])->{status}, 200,
        '... whatever the client knows of it';
}

# ------------------------------------------------------- before it was sent

$emulator->settings({ delay => 400 });
my $fresh = submit($t, '[[duration=60000]] not even a thread');
is cancel($fresh)->{json}{status}, 'CANCELLED', 'a job that is about to begin is cancelled';
$emulator->settings({ delay => 0 });
ok wait_until { !grep { $_->{status} !~ /^cancel/ || $_->{thread_exists} } runs_of($t, $fresh->{json}) },
    'nothing of it is left to run';

# ---------------------------------------------------------- another worker

my $owner = submit($t, '[[duration=60000]] by whom', on => my $connection = $t->connect);
await_run($t, $owner);
my $other;
wait_until {
    $other = $t->connect;
    my $poll = $other->get($owner->{headers}{location}, %alice);
    $poll->{headers}{'x-worker'} ne $owner->{headers}{'x-worker'};
};
my $elsewhere = cancel($owner, on => $other);
isnt $elsewhere->{headers}{'x-worker'}, $owner->{headers}{'x-worker'}, 'any worker';
is $elsewhere->{json}{status}, 'CANCELLED', 'cancels any job';
ok wait_until { run_of($owner)->{status} eq 'cancelled' }, 'at the provider, too';

my $stalled = submit($t, '[[duration=60000]] by one that stands still', on => $connection);
await_run($t, $stalled, on => $other);
kill 'STOP', $stalled->{headers}{'x-worker'};
$elsewhere = cancel($stalled, on => $other);
is $elsewhere->{json}{status}, 'CANCELLED', 'also of a worker that stands still';
# A call that only this worker can end, ends when it goes on.
kill 'CONT', $stalled->{headers}{'x-worker'} if !dialect('runs_on');
ok wait_until { run_of($stalled)->{status} eq 'cancelled' }, 'at the provider, too';
kill 'CONT', $stalled->{headers}{'x-worker'};
is $connection->get($stalled->{headers}{location}, %alice)->{body}, $elsewhere->{body}, 'which changes nothing once it goes on';

# ------------------------------------------------------- while it completes

my @races = map { submit($t, "[[duration=" . 5 * $_ . "]] race $_") } 1 .. 60;
wait_until { $emulator->stats->{runs} >= 60 };
my (%said, @changed);
for my $race (@races) {
    my $answer = cancel($race);
    $said{ $race->{json}{id} } = $answer->{body};
}
for my $job (finish($t, \@races)) {
    push @changed, $job->{id} if $t->get("/jobs/$job->{id}", %alice)->{body} ne $said{ $job->{id} };
}
is join(' ', @changed), '', 'what a cancellation shows is final, whoever was first';
my @ends = uniq sort map { JSON::PP::decode_json($_)->{status} } values %said;
like join(' ', @ends), qr/^(?:CANCELLED|COMPLETED|CANCELLED COMPLETED)$/, 'the end or the cancellation';
ok wait_until { !grep { $_->{status} !~ /^(?:completed|cancelled|failed)$/ } @{ $emulator->runs } }, 'no run goes on';

# ------------------------------------------------------------ the request

my $victim = submit($t, '[[duration=60000]] of alice');
my $url = $victim->{headers}{location};
is $t->post("$url/cancel", token => $t->token({ sub => 'bob' }))->{status}, 404, 'nobody else may cancel it';
is $t->post("$url/cancel")->{status}, 401, 'least of all who has no name';
is $t->post('/jobs/AAAAAAAAAAAAAAAAAAAAAAAAAAAA/cancel', %alice)->{status}, 404, 'a job that never was is 404';
is $t->post('/jobs/nonsense/cancel', %alice)->{status}, 404, 'as is what is no id';
is $t->post("$url/$_", %alice)->{status}, 404, "nothing is at /$_" for 'cancel/', 'Cancel', 'cancel/all', 'stop', '';
my $get = $t->get("$url/cancel", %alice);
is $get->{status}, 405, 'GET cancels nothing';
is $get->{headers}{allow}, 'POST', '... Allow says what does';
isnt job_of($t, $victim)->{status}, 'CANCELLED', 'after all that it still runs';
is $t->post("$url/cancel", %alice, body => 'anything')->{json}{status}, 'CANCELLED', 'a body is not looked at';
for my $how ([ json => {} ], [ headers => [ 'Transfer-Encoding' => 'chunked' ], body => "2\r\n{}\r\n0\r\n\r\n" ]) {
    my $next = submit($t, '[[duration=60000]] bodies');
    is cancel($next, @$how)->{json}{status}, 'CANCELLED', "nor is $how->[0]";
}
my $slow = submit($t, '[[duration=60000]] slow body');
my $half = $t->connect;
$half->write("POST $slow->{headers}{location}/cancel HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer $alice{token}\r\n"
        . "Content-Length: 2\r\n\r\n{");
isnt job_of($t, $slow)->{status}, 'CANCELLED', 'half a request cancels nothing';
$half->write('}');
is $half->read_response->{json}{status}, 'CANCELLED', 'a whole one does';

done_testing;
