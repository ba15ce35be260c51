#!/usr/bin/env perl
# The last of a quota is held by a worker that dies before its job is there: whoever comes next
# gets it at the first try, though thousands of jobs hold something meanwhile.
use FindBin;
use lib "$FindBin::Bin/lib";
use Edgerun::Test;
use Edgerun::Calendar;
use Edgerun::Dialects qw(responses);
use Edgerun::Jobs;
use Edgerun::Quotas;

begin_within('month');
my $t = Edgerun::Test->new(crashing => 1);
$t->start_emulator(duration => 20);
$t->write_conf(quota_conf(
    ['limit=1 period=month'],
    zone     => 'zone=jobs:64m',
    provider => { max_transfers => 1, poll_interval => '60s max=60s', run_timeout => '600s' },
    server   => job_location('crowd', 'edgerun_quota zone=quotas unit=tokens limit=unlimited period=month reserve=1;'),
), main => 'env EDGERUN_CRASH_FILE;');
$t->allow_log(qr/worker process \d+ exited on signal 9/);
$t->run;

first_try_after_a_death('alone', 5);
fill_with_holds(2400);
first_try_after_a_death('in a crowd', 5);
$t->kill_all;

# Now and then another worker has looked in between: not so many times.
sub first_try_after_a_death {
    my ($name, $times) = @_;
    my @users = map { "$name $_" } 1 .. $times;
    for my $user (@users) {
        my @before = $t->worker_pids;
        $t->crash_at('quota_taken');
        my $connection = $t->connect;
        $connection->write(Edgerun::Http::format_request('POST', '/jobs', json => { query => 'Hello.' },
            token => Edgerun::Jobs::token_of($t, $user)));
        ok wait_until { $t->has_crashed && grep { !kill 0, $_ } @before }, "$user: a worker dies";
        is submit($t, 'Hello.', user => $user)->{status}, 202, '... and what it held is not missing';
        ok wait_until { $t->worker_pids == @before }, '... and is replaced';
    }
    is submit($t, 'Hello.', user => $_)->{status}, 429, "$_: ... nor there twice" for @users;
    return;
}

# So many jobs hold a token each, of a quota of which there is enough.
sub fill_with_holds {
    my ($number) = @_;
    my ($connection, $held);
    for my $done (0 .. $number - 1) {
        $connection = $t->connect if $done % 500 == 0;    # NGINX closes one after 1000 requests
        $held += submit($t, '[[duration=600000]] Hello.', path => '/crowd', on => $connection)->{status} == 202;
    }
    is $held, $number, 'thousands of jobs run';
    return;
}

done_testing;
