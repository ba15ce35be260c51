#!/usr/bin/env perl
# A reload loses no job, starts no run twice, and takes over what has changed.
use FindBin;
use lib "$FindBin::Bin/lib";
use Edgerun::Test;
use Edgerun::Dialects;
use Edgerun::Jobs;
use List::Util qw(uniq);

use constant JOBS => 200;

my $t = Edgerun::Test->new;
$t->start_emulator(duration => 6000, jitter => 4000);
my $emulator = $t->emulator;
my %slow = (poll_interval => '300ms', run_timeout => '5m');
$t->write_conf(jobs_conf(provider => \%slow));
$t->run;

my $done = run_job($t, 'Before all. [[duration=1]]');
my $connection = $t->connect;
my @answers = map { submit($t, "Job $_", on => $connection) } 1 .. JOBS;
is scalar(grep { $_->{status} == 202 } @answers), JOBS, 'jobs are running';
ok $t->reload(timeout => 40), "reload $_: the old workers leave soon" for 1 .. 10;
push @answers, submit($t, 'Afterwards.');

my @jobs = finish($t, \@answers);
is join(' ', uniq map { $_->{status} . error_of($_) } @jobs), 'COMPLETED', 'all jobs complete';
is join(' ', uniq run_counts($t, @jobs)), '1', 'each by one run';
is_deeply job_of($t, $done), $done, 'a finished job reads as before';
ok wait_until { !$emulator->stats->{threads} && !grep { $_->{thread_exists} } @{ $emulator->runs } },
    'no thread is left behind';

# A call that starts a run is under way for two seconds.
$emulator->reset;
$emulator->settings({ duration => 500 });
$emulator->fault({ on => call('start'), action => 'delay', ms => 2000 });
my $answer = submit($t, 'Start slowly.');
ok wait_until { (runs_of($t, job_of($t, $answer)))[0] }, 'a run is being started';
ok $t->reload(timeout => 40), 'meanwhile, a reload';
my ($job) = finish($t, [$answer]);
is $job->{status}, 'COMPLETED', 'the job completes';
is scalar @{ $emulator->log(call => call('start')) }, 1, 'its run was asked for once';

# As above, but the answer never comes. A call that is held may take as long as its run.
$emulator->reset;
$emulator->settings({ duration => 500 });
$emulator->fault({ on => call('start'), action => 'hang', carried_out => \1 });
$t->write_conf(jobs_conf(provider => { %slow, request_timeout => '2s', run_timeout => dialect('runs_on') ? '2m' : '15s' }));
$t->reload;
$answer = submit($t, 'Start and hang.');
ok wait_until { (runs_of($t, job_of($t, $answer)))[0] }, 'a run is being started, without an answer';
ok $t->reload(timeout => 40), 'meanwhile, a reload';
($job) = finish($t, [$answer]);
is "$job->{status} " . runs_of($t, $job), dialect('runs_on') ? 'COMPLETED 1' : 'FAILED 1',
    'the job completes by that run';

follows_poll_interval() if call('poll');

# A zone cannot change under its jobs.
$emulator->reset;
$answer = submit($t, 'Hello. [[duration=1500]]');
$t->write_conf(jobs_conf(zone => 'zone=jobs:4m ttl=2h', provider => \%slow));
$t->allow_log(qr/edgerun_job_zone "jobs" exists with/);
ok !$t->reload, 'a reload with another ttl is refused';
like $t->error_log,
    qr/\[emerg\] .*edgerun_job_zone "jobs" exists with ttl=3600000ms .*restart NGINX or give the zone a new name/,
    'and says what to do';
($job) = finish($t, [$answer]);
is $job->{status}, 'COMPLETED', 'the old configuration goes on';
is run_job($t, 'Hello. [[duration=1]]')->{status}, 'COMPLETED', 'and takes jobs';

# The provider of a running job goes away.
# A worker that leaves holds its calls to their end.
$answer = submit($t, 'Hello. [[duration=' . (dialect('runs_on') ? 30_000 : 3000) . ']]');
await_run($t, $answer);
$t->write_conf(jobs_conf(provider => \%slow) =~ s/edgerun_provider main/edgerun_provider other/r =~ s/provider=main/provider=other/r);
ok $t->reload, 'a reload without the provider';
($job) = finish($t, [$answer]);
is error_of($job), dialect('runs_on') ? '502 ProviderUnavailable: the job\'s provider is not configured any more' : '',
    'ends its jobs clearly';
is run_job($t, 'Hello. [[duration=1]]')->{status}, 'COMPLETED', 'the new provider\'s jobs run';

sub follows_poll_interval {
    $emulator->reset;
    $t->write_conf(jobs_conf(provider => { %slow, poll_interval => '1500ms' }));
    $t->reload;
    my $polled = submit($t, 'Hello. [[duration=60000]]');
    wait_until { @{ $emulator->log(call => call('poll')) } };
    $t->write_conf(jobs_conf(provider => { %slow, poll_interval => '100ms' }));
    $t->reload;
    ok wait_until { short_intervals() > 5 }, 'a changed interval concerns running jobs';
    $t->post("$polled->{headers}{location}/cancel", token => Edgerun::Jobs::token_of($t, 'alice'));
    return;
}

# Polls that came sooner than they would have before.
sub short_intervals {
    my @times = map { $_->{time_ms} } @{ $emulator->log(call => call('poll')) };
    return scalar grep { $times[$_] - $times[ $_ - 1 ] < 1000 } 1 .. $#times;
}

done_testing;
