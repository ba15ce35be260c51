#!/usr/bin/env perl
# The last of a quota is held by a worker that dies before its job is there: whoever comes next
# gets it at the first try.
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
$t->write_conf(quota_conf(['limit=1 period=month']), main => 'env EDGERUN_CRASH_FILE;');
$t->allow_log(qr/worker process \d+ exited on signal 9/);
$t->run;

# Now and then another worker has looked in between: not five times.
my @users = map { "user-$_" } 1 .. 5;
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
$t->stop;

done_testing;
