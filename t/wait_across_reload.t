#!/usr/bin/env perl
# A client that waits in a worker that is leaving hears of a change that a new
# worker makes.
use FindBin;
use lib "$FindBin::Bin/lib";
use Edgerun::Test;
use Edgerun::Dialects;
use Edgerun::Http;
use Edgerun::Jobs;

my $t = Edgerun::Test->new(workers => 1);
$t->start_emulator(duration => 60_000);
$t->write_conf(jobs_conf(provider => { poll_interval => '5s', run_timeout => '90s' }));
$t->run;
my $token = Edgerun::Jobs::token_of($t, 'alice');

for my $reloads (1, 2) {
    my $job = submit($t, 'Hello.')->{json};
    wait_until { ($job = job_of($t, $job))->{status} eq 'RUNNING' };
    my $waiting = $t->connect;
    $waiting->write(
        Edgerun::Http::format_request('GET', "/jobs/$job->{id}",
            token => $token, headers => [ Prefer => 'wait=60', 'If-None-Match' => "\"$job->{version}\"" ])
    );
    job_of($t, $job) for 1 .. 2;    # the one worker has read the request before these
    ok $t->reload(old => 'stay'), 'a reload' for 1 .. $reloads;

    my $answer = $t->post("/jobs/$job->{id}/cancel", token => $token);
    is $answer->{json}{status}, 'CANCELLED', 'a new worker cancels the job';
    my $heard = $waiting->read_response;
    is $heard && $heard->{json}{status}, 'CANCELLED', "after $reloads: the client that waits is told";
}

done_testing;
