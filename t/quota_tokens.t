#!/usr/bin/env perl
# unit=tokens: while a job runs it holds a reserve, and then it has cost what its run used:
# nothing where none was started, and the reserve where nobody knows.
use FindBin;
use lib "$FindBin::Bin/lib";
use Edgerun::Test;
use Edgerun::Calendar;
use Edgerun::Dialects;
use Edgerun::Jobs;
use Edgerun::Quotas;
use List::Util qw(sum0);

begin_within('month');
my $t = Edgerun::Test->new;
$t->start_emulator(duration => 50, cancel => 50);
$t->write_conf(quota_conf(
    ['unit=tokens limit=5000 period=month reserve=1000'],
    zone     => 'zone=jobs:8m',
    provider => { poll_interval => '100ms', run_timeout => '15m' },
    server   => 'add_header X-Worker $pid always;',
));
$t->run;

sub stands { my ($user) = @_; my $use = use_of($t, user => $user); return "$use->{used}/$use->{reserved}" }

# ---------------------------------------------------------- reserved, then settled

my $use = use_of($t);
is_deeply [ @$use{qw(name unit period limit used reserved remaining)} ], [ 'month-tokens', 'tokens', 'month', 5000, 0, 0, 5000 ],
    'nothing is used at first';
my $held = submit($t, '[[duration=600000]] [[usage=120,30]] long', user => 'ann');
is $held->{status}, 202, 'a job';
is stands('ann'), '1000/1000', 'holds its reserve while it runs';
is use_of($t, user => 'ann')->{remaining}, 4000, 'which nobody else may use';
my $job = run_job($t, '[[usage=120,30]] short');
is $job->{tokensUsed}, 150, 'a job ends that used some tokens';
is settled($t, 150), '150/0', 'this is what it costs then';
run_job($t, '[[usage=2000,1000]] long');
is settled($t, 3150), '3150/0', 'be it more than it held';
run_job($t, '[[usage=0,0]] nothing');
is settled($t, 3150), '3150/0', 'or nothing';

# ----------------------------------------------------------------- who knows

run_job($t, '[[usage=none]] unknown', user => 'bob');
is settled($t, 1000, user => 'bob'), '1000/0', 'of a run without usage the reserve counts';

$t->emulator->fault({ on => call('query'), action => 'status', status => 401, times => 1 });
is run_job($t, 'refused', user => 'carol')->{status}, 'FAILED', 'a job that was never started';
is settled($t, 0, user => 'carol'), '0/0', 'costs nothing';

# It runs, and nobody asks any more what it used.
my $cancelled = submit($t, '[[duration=60000]] [[usage=120,30]] cancelled', user => 'dora');
await_run($t, $cancelled, user => 'dora');
is $t->post("$cancelled->{headers}{location}/cancel", token => Edgerun::Jobs::token_of($t, 'dora'))->{status}, 200,
    'a job is cancelled while it runs';
my ($ended) = finish($t, [$cancelled], user => 'dora');
ok wait_until { use_of($t, user => 'dora')->{reserved} == 0 }, 'it holds nothing any more';
is use_of($t, user => 'dora')->{used}, cost_of(job_of($t, $cancelled, user => 'dora')), 'and costs what is known of it';

my $erased = submit($t, '[[duration=60000]] erased', user => 'eve');
await_run($t, $erased, user => 'eve');
is $t->request('DELETE', $erased->{headers}{location}, token => Edgerun::Jobs::token_of($t, 'eve'))->{status}, 204,
    'a job is erased while it runs';
is settled($t, 1000, user => 'eve'), '1000/0', 'what it held stays counted';

# What a job that was started costs.
sub cost_of { my ($job) = @_; return $job->{tokensUsed} // 1000 }

# -------------------------------------------------------------------- bursts

my @connections = map { $t->connect } 1 .. 20;
$_->write(Edgerun::Http::format_request('POST', '/jobs', token => Edgerun::Jobs::token_of($t, 'frank'),
    json => { query => '[[duration=10000]] [[usage=200,50]] burst' })) for @connections;
my @answers = map { $_->read_response } @connections;
my @accepted = grep { $_->{status} == 202 } @answers;
is scalar @accepted, 5, 'of many at once so many are accepted as have a reserve';
is scalar(grep { $_->{status} == 429 } @answers), 15, 'the others are refused';
is scalar(grep { $_->{status} == 429 && $_->{headers}{ratelimit} =~ /"month-tokens";r=0;/ } @answers), 15,
    '... for nothing remains';
finish($t, \@accepted, user => 'frank');
is settled($t, 1250, user => 'frank'), '1250/0', 'what they did not use';
is submit($t, '[[usage=4000,0]] one more', user => 'frank')->{status}, 202, 'is there for others';
is settled($t, 5250, user => 'frank'), '5250/0', 'the last one may use more than there was';
is use_of($t, user => 'frank')->{remaining}, 0, 'then nothing remains';
is submit($t, 'none', user => 'frank')->{status}, 429, '... for nobody';

# ------------------------------------------------------------- a worker dies

$t->emulator->settings({ duration => 10_000 });
my $connection = $t->connect;
my @jobs = map { submit($t, "[[usage=${_}00,7]] dies", user => 'grace', on => $connection) } 1 .. 4;
undef $connection;
is stands('grace'), '4000/4000', 'jobs run';
$t->kill_worker($jobs[0]{headers}{'x-worker'});
@jobs = finish($t, \@jobs, user => 'grace');
my $sum = sum0 map { cost_of($_) } @jobs;
is settled($t, $sum, user => 'grace'), "$sum/0", 'their worker dies: they cost what they used all the same';

is use_of($t, user => 'ann')->{used}, 1000, 'who waits holds on';

done_testing;
