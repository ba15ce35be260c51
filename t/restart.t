#!/usr/bin/env perl
# With a journal, jobs are there after a restart, however NGINX ended: finished ones
# as they were, running ones go on by the run that they had.
use FindBin;
use lib "$FindBin::Bin/lib";
use Edgerun::Test;
use Edgerun::Dialects;
use Edgerun::Jobs;
use List::Util qw(uniq);

my $t = Edgerun::Test->new;
$t->start_emulator(duration => 1500, jitter => 1400);
my $emulator = $t->emulator;

sub conf {
    my ($sync) = @_;
    $t->write_conf(
        jobs_conf(
            provider => { poll_interval => '200ms', run_timeout => '5m', start_grace => '1s' },
            zone     => "zone=jobs:4m journal=%%TESTDIR%%/journal sync=$sync",
        )
    );
    return;
}

my %ending = (
    'QUIT'    => sub { $t->stop('QUIT') },
    'TERM'    => sub { $t->stop('TERM') },
    'kill -9' => sub { $t->kill_all },
);

my @old;    # finished under earlier lives: [ answer, body ]
for my $case (map { my $sync = $_; map { [ $sync, $_ ] } sort keys %ending } qw(always interval off)) {
    my ($sync, $how) = @$case;
    my $name = "sync=$sync, $how";
    conf($sync);
    $t->run;
    wait_until { submit($t, 'Ready? [[duration=1]]')->{status} == 202 };

    my $done = submit($t, 'Before. [[duration=1]]');
    finish($t, [$done]);
    push @old, [ $done, body_of($done) ];
    my $connection = $t->connect;
    my @answers = map { submit($t, "Job $_", on => $connection) } 1 .. 20;
    undef $connection;
    is join(' ', uniq map { $_->{status} } @answers), '202', "$name: jobs are accepted";

    $ending{$how}->();
    $t->run;
    my $ready = wait_until { my $status = poll($done)->{status}; $status != 503 && $status };
    is $ready, 200, "$name: a finished job is there";
    is scalar(grep { body_of($_->[0]) ne $_->[1] } @old), 0, "$name: all finished ones read as before";

    my @jobs = finish($t, \@answers);
    is ended_badly($t, @jobs), '', "$name: running ones complete, each by one run";
    $t->stop;
}

sub poll {
    my ($answer) = @_;
    my $path = $answer->{headers}{location} =~ s{^https?://[^/]+}{}r;
    return $t->get($path, token => Edgerun::Jobs::token_of($t, 'alice'));
}

sub body_of { return poll($_[0])->{body} }

# What was settled with clients holds on.
conf('always');
$t->run;
wait_until { submit($t, 'Ready? [[duration=1]]')->{status} == 202 };
my @keyed = (
    '/jobs',
    token   => Edgerun::Jobs::token_of($t, 'alice'),
    headers => { 'Idempotency-Key' => 'the-key' },
);
my $first = $t->post(@keyed, json => { query => 'Once. [[duration=3000]]' });
is $first->{status}, 202, 'a job with an Idempotency-Key';
my $gone = submit($t, 'Delete me. [[duration=1]]');
finish($t, [$gone]);
my $path = $gone->{headers}{location} =~ s{^https?://[^/]+}{}r;
is $t->request('DELETE', $path, token => Edgerun::Jobs::token_of($t, 'alice'))->{status}, 204, 'a deleted job';
my $cancelled = submit($t, 'Cancel me. [[duration=20000]]');
$path = $cancelled->{headers}{location} =~ s{^https?://[^/]+}{}r;
is $t->post("$path/cancel", token => Edgerun::Jobs::token_of($t, 'alice'))->{json}{status}, 'CANCELLED',
    'a cancelled job';

$t->kill_all;
$t->run;
wait_until { poll($first)->{status} == 200 };
my $again = $t->post(@keyed, json => { query => 'Once. [[duration=3000]]' });
is $again->{json}{id}, $first->{json}{id}, 'the same key gives the same job after kill -9';
is $t->post(@keyed, json => { query => 'Other.' })->{status}, 422, 'and refuses another request';
is poll($gone)->{status}, 410, 'the deleted job stays so';
is poll($cancelled)->{json}{status}, 'CANCELLED', 'the cancelled job stays so';
my ($job) = finish($t, [$first]);
my $runs = runs_of($t, $job, 'Once.');
like "$job->{status} " . ($job->{error}{error} // '') . " $runs", dialect('carried_on'),
    'the first job completes by one run';
# A thread that was being created when its worker died is nobody's.
ok wait_until { !grep { $_->{thread_exists} } @{ $emulator->runs } }, 'no thread of a run is left behind';

done_testing;
