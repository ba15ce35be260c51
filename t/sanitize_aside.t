#!/usr/bin/env perl
# An answer that takes long to clean is cleaned by a thread: the worker has time for all others,
# and whatever happens meanwhile, nobody sees the answer as it came.
use FindBin;
use lib "$FindBin::Bin/lib";
use Edgerun::Test;
use Edgerun::Dialects;
use Edgerun::Jobs;
use Edgerun::Process;
use JSON::PP;

# Two megabytes of "ab" take it half a second of CPU time.
my $SLOW = '(*NO_JIT)[^\p{Han}\p{Greek}\x{100}-\x{10ffff}\d]{15}z';
my $LONG = 'Tell me. [[answer=ab]][[answer_size=2097152]]';
my $CLEAN = 'a' x 1024;    # as much of it as the zone keeps

my $t = Edgerun::Test->new(workers => 1, crashing => 1);
$t->start_emulator(duration => 50);
$t->write_file('slow.json', JSON::PP->new->encode({ regexes => [ $SLOW, 'b' ] }));
$t->write_file('jwt.secret', $Edgerun::Test::SECRET);
$t->write_file('api.key', $Edgerun::Test::API_KEY);
chmod 0600, map { $t->dir . "/$_" } qw(jwt.secret api.key);

sub write_conf {
    my (%options) = @_;
    my $conf = jobs_conf(
        provider => { api_key => 'file:%%TESTDIR%%/api.key', max_response => '16m', run_timeout => '5m' },
        zone     => 'zone=jobs:8m max_answer=1k journal=%%TESTDIR%%/journal',
        http     => 'edgerun_job_zone zone=memory:8m max_answer=1k;',
        server   => '
            edgerun_auth_jwt jobs;
            edgerun_auth_jwt_secret file:%%TESTDIR%%/jwt.secret;
            location /memory { edgerun_jobs zone=memory provider=main; edgerun_sanitize slow.json; }
            location /default { edgerun_jobs zone=memory provider=main; edgerun_sanitize default; }',
        location => 'edgerun_sanitize slow.json;',
    );
    $conf =~ s/env:EDGERUN_JWT_SECRET/file:%%TESTDIR%%\/jwt.secret/g;
    $t->write_conf($conf, main => 'env EDGERUN_CRASH_FILE; thread_pool edgerun_sanitize threads=1;', %options);
    return;
}
write_conf();
$t->run;
my %alice = (token => $t->token({ sub => 'alice' }));
wait_until { $t->get('/jobs', %alice)->{status} == 200 };    # the journal has been read

# CPU time of the worker, in ticks: of its event loop, and of its threads.
sub ticks {
    my ($pid) = @_;
    my %ticks = (loop => 0, threads => 0);
    for my $path (glob "/proc/$pid/task/*/stat") {
        my ($thread) = $path =~ m{task/(\d+)};
        my @fields = split ' ', (eval { Edgerun::Process::slurp($path) } // '') =~ s/.*\) //sr;
        $ticks{ $thread == $pid ? 'loop' : 'threads' } += $fields[11] + $fields[12] if @fields > 12;
    }
    return \%ticks;
}

# A job whose answer is being cleaned now; its answer to the POST, and the worker.
sub cleaning {
    my ($path) = @_;
    my ($worker) = $t->worker_pids;
    my $before = ticks($worker)->{threads};
    my $job = submit($t, $LONG, path => $path);
    wait_until { ticks($worker)->{threads} >= $before + 5 } or diag 'no thread has work';
    return ($job, $worker);
}

# On a busy machine the answer may be clean before the test gets to it: what TRY says, once it is true.
sub in_time {
    my ($try) = @_;
    for (1 .. 5) {
        my $got = $try->();
        return $got if $got;
    }
    return;
}

sub summary {
    my ($job) = @_;
    return join ' ', $job->{status}, error_of($job), $job->{answer} // 'no answer';
}

sub ends_clean {
    my ($answer, $name) = @_;
    my ($job) = finish($t, [$answer]);
    is summary($job), "COMPLETED  $CLEAN", $name;
    return $job;
}

sub goes_on {
    my ($name) = @_;
    is summary(run_job($t, 'Tell me. [[answer=abc]]')), 'COMPLETED  ac', "$name: the next one is cleaned as ever";
    return;
}

my ($first) = $t->worker_pids;
my $before = ticks($first);
my $long = in_time(sub {
    my ($job) = cleaning('/jobs');
    return job_of($t, $job)->{status} eq 'RUNNING' && $job;
});
ok $long, 'as long as an answer is cleaned its job runs, and can be read';
ends_clean($long, 'then it is shown');
my $after = ticks($first);
my %spent = map { $_ => $after->{$_} - $before->{$_} } keys %$after;
cmp_ok $spent{threads}, '>', $spent{loop}, 'the event loop had less to do than the thread';

for my $path ('/jobs', '/memory') {
    my ($erased) = cleaning($path);
    my $url = $erased->{headers}{location};
    is $t->request('DELETE', $url, %alice)->{status}, 204, "$path: a job is erased while its answer is cleaned";
    is $t->get($url, %alice)->{status}, 410, "$path: and is gone";
    goes_on($path);
    is $t->get($url, %alice)->{status}, 410, "$path: it stays so";
}

my $cancelled = in_time(sub {
    my ($job) = cleaning('/jobs');
    my $got = $t->post("$job->{headers}{location}/cancel", %alice);
    return $got->{json}{status} eq 'CANCELLED' && $job;
});
ok $cancelled, 'a job is cancelled while its answer is cleaned';
goes_on('a cancelled job');
is job_of($t, $cancelled)->{status}, 'CANCELLED', 'it stays so';

# Without regexes it takes a long answer.
my $nothing = run_job($t, 'Tell me. [[answer=Red Team]]', path => '/default');
my $lines = run_job($t, "Tell me. [[answer=\n]][[answer_size=1048576]]", path => '/default');
is summary($lines), summary($nothing), 'a megabyte of line ends is nothing';

($long, my $worker) = cleaning('/jobs');
ok $t->reload, 'a reload while an answer is cleaned';
ok !Edgerun::Process::is_alive($worker), 'the worker leaves';
my $job = ends_clean($long, 'but not before the job is done');
is scalar(runs_of($t, $job)), 1, 'by one run';

($long, $worker) = cleaning('/jobs');
$t->kill_worker($worker);
is ended_badly($t, my ($killed) = finish($t, [$long])), '', 'a worker is killed: another one carries the job on';
is $killed->{answer} // $CLEAN, $CLEAN, 'and cleans the answer';

$t->crash_at('answer_handed_over');
$long = submit($t, 'Tell me. [[answer=xbx]]');
wait_until { $t->has_crashed };
$t->allow_log(qr/worker process \d+ exited on signal 9/);
is ended_badly($t, ($killed) = finish($t, [$long])), '', 'so it does where the worker dies at once';
is $killed->{answer} // 'xx', 'xx', 'with the same answer';
goes_on('after all that');

write_conf(main => 'env EDGERUN_CRASH_FILE; thread_pool edgerun_sanitize threads=1 max_queue=0;');
$t->reload;
ok in_time(sub {
    my @jobs = finish($t, [ map { submit($t, $LONG) } 1, 2 ]);
    is join(' | ', map { summary($_) } @jobs), join(' | ', ("COMPLETED  $CLEAN") x 2), 'the only thread is busy: cleaned all the same';
    return $t->error_log =~ /thread pool "edgerun_sanitize" queue overflow/;
}), 'though the pool refused it';

# Where there are no threads it is done at once.
$t->stop;
write_conf(file => 'single.conf', main => 'master_process off;');
$t->run(conf => 'single.conf');
wait_until { $t->get('/jobs', %alice)->{status} == 200 };
goes_on('one process');

done_testing;
