#!/usr/bin/env perl
# keep_threads: how long a thread is there after its last job.
use FindBin;
use lib "$FindBin::Bin/lib";
use Edgerun::Test;
use Edgerun::Calendar;
use Edgerun::Dialects;
use Edgerun::Jobs;
use Time::HiRes qw(time);

my $t = Edgerun::Test->new;
$t->start_emulator(cancel => 50);
my $emulator = $t->emulator;
write_conf(undef);
$t->run;
my %alice = (token => Edgerun::Jobs::token_of($t, 'alice'));

# The second server takes no job of somebody who has one that runs.
sub write_conf {
    my ($time) = @_;
    $t->write_conf(
        jobs_conf(
            provider => { keep_threads => $time, run_timeout => '5m' },
            http     => 'server {
                listen 127.0.0.1:%%PORT_1%%;
                edgerun_auth_jwt "jobs";
                edgerun_auth_jwt_secret env:EDGERUN_JWT_SECRET;
                location /jobs { edgerun_jobs zone=jobs provider=main; edgerun_max_running 1; }
            }'
        )
    );
    return;
}
keep_running();
sub keep_running { return await_run($t, submit($t, 'On and on. [[duration=600000]]')) }

# Can a job go on in its thread? To ask does not make the thread live longer.
sub is_known {
    my ($job) = @_;
    my $answer = $t->post('/jobs', %alice, port => 1, json => { query => 'Where?', threadId => $job->{threadId} });
    return $answer->{status} == 429;
}

sub has_thread { return (runs_of($t, $_[0]))[0]{thread_exists} }

# Whatever is known of a thread upstream, or is not.
sub is_forgotten {
    my ($job, $name) = @_;
    ok wait_until { !is_known($job) }, "$name: it is unknown";
    ok wait_until { !has_thread($job) }, "$name: and deleted upstream";
    is submit($t, 'Where?', threadId => $job->{threadId})->{status}, 404, "$name: so no job is taken for it";
    return;
}

# ----------------------------------------------------------------------- off

off_keeps_for_those_who_wait() if call('thread');
sub off_keeps_for_those_who_wait {
    my $running = submit($t, 'Begin. [[duration=600000]]');
    my $thread = await_run($t, $running)->{threadId};
    my $waiting = submit($t, 'Go on. [[duration=60000]]', threadId => $thread);
    is $waiting->{status}, 202, 'off: a thread can be continued while its job runs';
    $emulator->finish;
    keep_running();
    my ($first) = finish($t, [$running]);
    is $first->{status}, 'COMPLETED', 'off: which ends';
    my $third = submit($t, 'Go on, too. [[duration=100]]', threadId => $thread);
    is $third->{status}, 202, 'off: and while another one waits or runs';
    await_run($t, $waiting);
    $t->post("$waiting->{headers}{location}/cancel", %alice);
    my @jobs = finish($t, [ $waiting, $third ]);
    is join(' ', map { "$_->{status} $_->{threadId}" } @jobs), "CANCELLED $thread COMPLETED $thread", 'off: they go on in it';
    is_forgotten($_, 'off: the thread of jobs that are all over') for $first;
    is scalar(grep { index($_->{path}, $thread) >= 0 } @{ $emulator->log(call => call('forget')) }), 1, 'off: it was deleted once';

    my $begun = submit($t, 'Begin. [[duration=60000]]');
    $thread = await_run($t, $begun)->{threadId};
    my $last = submit($t, 'Fail. [[error=invalid_prompt:No.]]', threadId => $thread);
    $t->post("$begun->{headers}{location}/cancel", %alice);
    my ($failed) = finish($t, [$last]);
    is $failed->{status}, 'FAILED', 'off: a cancelled and a failed job';
    is_forgotten($failed, 'off: their thread');
    return;
}
is run_job($t, 'Hello.')->{threadId}, undef, 'off: there is no thread to go on in' if !call('thread');

# ---------------------------------------------------------------------- TIME

write_conf('1h');
ok $t->reload(old => 'stay'), 'a reload';    # a call that is held keeps its worker
my %ends = (
    'a job that completes' => run_job($t, 'Hello.'),
    'a job that fails'     => run_job($t, 'Fail. [[error=invalid_prompt:No.]]'),
    'a job that is cancelled' => do {
        my $answer = submit($t, 'Stop. [[duration=60000]]');
        await_run($t, $answer);
        $t->post("$answer->{headers}{location}/cancel", %alice)->{json};
    },
);
delete @ends{ grep { !$ends{$_}{threadId} } keys %ends };
for my $name (sort keys %ends) {
    ok has_thread($ends{$name}), "1h: $name leaves its thread" if call('thread');
    go_on("1h: $name", $ends{$name});
}

# Who keeps it may leave.
my $kept = run_job($t, 'Hello.');
write_conf('3s');
ok $t->reload(old => 'stay'), 'another reload';
$t->kill_worker($_) for $t->worker_pids;
ok is_known($kept), '1h: a thread is there also if all workers die';

go_on("3s: $_", $ends{$_}) for sort keys %ends;
is_forgotten($ends{$_}, "3s: $_: the thread") for sort keys %ends;
go_on('3s: after a reload', $kept);
$t->kill_worker($_) for $t->worker_pids;
is_forgotten($kept, '3s: when all workers have died: the thread');

sub go_on {
    my ($name, $job) = @_;
    my $answer = submit($t, 'Go on.', threadId => $job->{threadId});
    is $answer->{status}, 202, "$name: it can be continued";
    is((finish($t, [$answer]))[0]{status}, 'COMPLETED', "$name: by a job that completes");
    return;
}

# Its time begins anew with each job. What takes longer than that time here tells nothing, and is
# tried again.
my ($second, $is_there, $third);
wait_until {
    my $since = time;
    my $first = run_job($t, 'Begin.');
    my $long = submit($t, 'Go on. [[duration=4000]]', threadId => $first->{threadId});
    return if time - $since >= 3;
    ($second) = finish($t, [$long]);
    $since = seconds_of($second->{completedAt});
    $is_there = has_thread($second);
    $third = submit($t, 'And on.', threadId => $first->{threadId});
    return time - $since < 3;
} 60;
is $second->{status}, 'COMPLETED', '3s: a job takes longer';
ok $is_there, '3s: its thread is there' if call('thread');
is $third->{status}, 202, '3s: and can be continued';
is((finish($t, [$third]))[0]{status}, 'COMPLETED', '3s: by a job that completes');
is_forgotten($second, '3s: when its time is over');

# The job is erased, so nobody can go on.
my $erased = run_job($t, 'Hello.');
$t->request('DELETE', "/jobs/$erased->{id}", %alice);
is submit($t, 'Where?', threadId => $erased->{threadId})->{status}, 404, '3s: the thread of an erased job is unknown at once';
ok wait_until { !has_thread($erased) }, '3s: and deleted in time';

# A thread takes no message while a cancelled run ends in it ("too"); who carries a job on deletes a
# thread once more, if nobody has heard that it was.
my @refused = grep { ($_->{status} // 0) >= 400 && $_->{body} !~ /\[\[error=|, too\./ } @{ $emulator->log };
is join(' ', grep { $_ ne (call('forget') // '') . ' 404' } map { "$_->{call} $_->{status}" } @refused), '',
    'the provider refused nothing else';

done_testing;
