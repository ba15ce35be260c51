#!/usr/bin/env perl
# A reload loses no job, starts no run twice, and takes over what has changed.
use FindBin;
use lib "$FindBin::Bin/lib";
use Edgerun::Test;
use Edgerun::Jobs;
use List::Util qw(uniq);

use constant JOBS => 200;

my $t = Edgerun::Test->new;
$t->start_emulator(duration => 6000, jitter => 4000);
my $emulator = $t->emulator;
my %slow = (poll_interval => '300ms', run_timeout => '60s');
$t->write_conf(jobs_conf(provider => \%slow));
$t->run;

my $done = run_job($t, 'Before all. [[duration=1]]');
my $connection = $t->connect;
my @answers = map { submit($t, "Job $_", on => $connection) } 1 .. JOBS;
is scalar(grep { $_->{status} == 202 } @answers), JOBS, 'jobs are running';
ok $t->reload(timeout => 20), "reload $_: the old workers leave soon" for 1 .. 10;
push @answers, submit($t, 'Afterwards.');

my @jobs = finish($t, \@answers);
is join(' ', uniq map { $_->{status} . error_of($_) } @jobs), 'COMPLETED', 'all jobs complete';
my %runs;
$runs{ $_->{job} }++ for @{ $emulator->runs };
is scalar(grep { ($runs{ $_->{id} } // 0) != 1 } @jobs), 0, 'each by one run';
is_deeply job_of($t, $done), $done, 'a finished job reads as before';
ok wait_until { $emulator->stats->{threads} == 0 }, 'no thread is left behind';

# A call that starts a run is under way for two seconds.
$emulator->reset;
$emulator->settings({ duration => 500 });
$emulator->fault({ on => 'create_run', action => 'delay', ms => 2000 });
my $answer = submit($t, 'Start slowly.');
ok wait_until { (runs_of($t, job_of($t, $answer)))[0] }, 'a run is being started';
ok $t->reload(timeout => 20), 'meanwhile, a reload';
my ($job) = finish($t, [$answer]);
is $job->{status}, 'COMPLETED', 'the job completes';
is scalar @{ $emulator->log(call => 'create_run') }, 1, 'its run was asked for once';

# As above, but the answer never comes.
$emulator->reset;
$emulator->settings({ duration => 500 });
$emulator->fault({ on => 'create_run', action => 'hang', carried_out => \1 });
$t->write_conf(jobs_conf(provider => { %slow, request_timeout => '2s' }));
$t->reload;
$answer = submit($t, 'Start and hang.');
ok wait_until { (runs_of($t, job_of($t, $answer)))[0] }, 'a run is being started, without an answer';
ok $t->reload(timeout => 20), 'meanwhile, a reload';
($job) = finish($t, [$answer]);
is $job->{status} . scalar(runs_of($t, $job)), 'COMPLETED1', 'the job completes by that run';

# Another poll interval.
$emulator->reset;
$t->write_conf(jobs_conf(provider => { %slow, poll_interval => '1500ms' }));
$t->reload;
$answer = submit($t, 'Hello. [[duration=5000]]');
wait_until { @{ $emulator->log(call => 'poll_run') } };
$t->write_conf(jobs_conf(provider => { %slow, poll_interval => '100ms' }));
$t->reload;
finish($t, [$answer]);
cmp_ok scalar @{ $emulator->log(call => 'poll_run') }, '>', 8, 'a changed interval concerns running jobs';

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
$answer = submit($t, 'Hello. [[duration=30000]]');
wait_until { job_of($t, $answer)->{status} eq 'RUNNING' };
$t->write_conf(jobs_conf(provider => \%slow) =~ s/edgerun_provider main/edgerun_provider other/r =~ s/provider=main/provider=other/r);
ok $t->reload, 'a reload without the provider';
($job) = finish($t, [$answer]);
is error_of($job), '502 ProviderUnavailable: the job\'s provider is not configured any more',
    'ends its jobs clearly';
is run_job($t, 'Hello. [[duration=1]]')->{status}, 'COMPLETED', 'the new provider\'s jobs run';

done_testing;
