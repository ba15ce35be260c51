#!/usr/bin/env perl
# DELETE forgets a job, and cancels it first if need be.
use FindBin;
use lib "$FindBin::Bin/lib";
use Edgerun::Test;
use Edgerun::Dialects;
use Edgerun::Jobs;

my $t = Edgerun::Test->new;
$t->start_emulator(cancel => 50);
my $emulator = $t->emulator;
$t->write_conf(jobs_conf(provider => { run_timeout => '5m' }, zone => 'zone=jobs:8m', server => 'add_header X-Worker $pid always;'));
$t->run;

my %alice = (token => $t->token({ sub => 'alice' }));

sub erase {
    my ($answer, %options) = @_;
    return $t->request('DELETE', $answer->{headers}{location}, %alice, %options);
}

sub is_gone {
    my ($answer, $what) = @_;
    my $url = $answer->{headers}{location};
    is $t->get($url, %alice)->{status}, 410, "$what: it is gone";
    is erase($answer)->{status}, 410, "$what: ... for DELETE, too";
    is $t->post("$url/cancel", %alice)->{status}, 410, "$what: ... and cannot be cancelled";
    is $t->get($url, token => $t->token({ sub => 'bob' }))->{status}, 404, "$what: ... for others it never was";
    my @listed = grep { $_->{id} eq $answer->{json}{id} } @{ $t->get('/jobs', %alice)->{json}{jobs} };
    is scalar @listed, 0, "$what: ... it is in no list";
    return;
}

# ------------------------------------------------------------- a final job

my $done = submit($t, '[[duration=10]] done');
finish($t, [$done]);
my $connection = $t->connect;
my $erased = $connection->request('DELETE', $done->{headers}{location}, %alice);
is $erased->{status}, 204, 'a final job is erased';
is $erased->{body}, '', 'the answer is empty';
ok !exists $erased->{headers}{$_}, "it has no $_" for 'content-length', 'content-type', 'transfer-encoding';
is $connection->get('/jobs', %alice)->{status}, 200, 'the connection goes on';
is_gone($done, 'a final job');

my $failed = submit($t, '[[duration=10]] [[error=invalid_prompt:No.]] fails');
finish($t, [$failed]);
is erase($failed, json => { any => 'body' })->{status}, 204, 'a body is not looked at';
is_gone($failed, 'a failed job');

# -------------------------------------------------------------- a live job

my $running = submit($t, '[[duration=60000]] running');
await_run($t, $running);
is erase($running)->{status}, 204, 'a running job is erased';
is_gone($running, 'a running job');
my ($run) = runs_of($t, $running->{json});
ok wait_until { ($run) = runs_of($t, $running->{json}); $run->{status} eq 'cancelled' && !$run->{thread_exists} },
    'its run is cancelled, its thread deleted';

my $cancelled = submit($t, '[[duration=60000]] [[cancel_after=1000]] cancelled');
await_run($t, $cancelled);
$t->post("$cancelled->{headers}{location}/cancel", %alice);
is erase($cancelled)->{status}, 204, 'a cancelled job is erased while the provider still cancels it';
is_gone($cancelled, 'a cancelled job');

$emulator->settings({ delay => 300 });
my $fresh = submit($t, '[[duration=60000]] just begun');
is erase($fresh)->{status}, 204, 'a job that is about to begin is erased';
is_gone($fresh, 'a fresh job');
$emulator->settings({ delay => 0 });
ok wait_until { !grep { $_->{status} ne 'cancelled' } runs_of($t, $fresh->{json}) },
    'it does not run';

my $owned = submit($t, '[[duration=60000]] by another worker', on => $connection);
my $other;
wait_until {
    $other = $t->connect;
    $other->get($owned->{headers}{location}, %alice)->{headers}{'x-worker'} ne $owned->{headers}{'x-worker'};
};
is $other->request('DELETE', $owned->{headers}{location}, %alice)->{status}, 204, 'any worker erases any job';
is_gone($owned, 'another worker\'s job');

# --------------------------------------------------------------- its key

my @keyed = (%alice, headers => [ 'Idempotency-Key' => 'once' ], json => { query => '[[duration=10]] keyed' });
my $first = $t->post('/jobs', @keyed);
finish($t, [$first]);
erase($first);
my $second = $t->post('/jobs', @keyed);
is $second->{status}, 202, 'its key is free';
isnt $second->{json}{id}, $first->{json}{id}, 'for another job';

# ------------------------------------------------------------ the request

my $kept = submit($t, '[[duration=10]] kept');
finish($t, [$kept]);
my $url = $kept->{headers}{location};
is $t->request('DELETE', $url, token => $t->token({ sub => 'bob' }))->{status}, 404, 'nobody else may erase it';
is $t->request('DELETE', $url)->{status}, 401, 'least of all who has no name';
is $t->request('DELETE', '/jobs/AAAAAAAAAAAAAAAAAAAAAAAAAAAA', %alice)->{status}, 404, 'a job that never was is 404';
is $t->request('DELETE', $_, %alice)->{status}, 405, "$_ cannot be erased" for '/jobs', '/jobs/', "$url/cancel";
is $t->get($url, %alice)->{status}, 200, 'after all that it is still there';

done_testing;
