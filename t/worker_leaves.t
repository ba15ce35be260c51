#!/usr/bin/env perl
# Workers that leave on request hand their jobs over at once.
use FindBin;
use lib "$FindBin::Bin/lib";
use Edgerun::Test;
use Edgerun::Dialects;
use Edgerun::Jobs;
use Time::HiRes qw(time);

my $t = Edgerun::Test->new;
$t->start_emulator(duration => 1500, jitter => 1000);
my $emulator = $t->emulator;
my %provider = (poll_interval => '200ms', run_timeout => '5m', request_timeout => '3m');
$t->write_conf(jobs_conf(provider => \%provider, server => 'add_header X-Worker $pid always;'));
$t->run;

sub submit_some {
    my $connection = $t->connect;
    return map { submit($t, "Job $_", on => $connection) } 1 .. 60;
}

sub all_complete {
    my ($name, @answers) = @_;
    my @jobs = finish($t, \@answers);
    is ended_badly($t, @jobs), '', "$name: all jobs complete, each by one run";
    return;
}

sub is_gone {
    my ($pid) = @_;
    return wait_until { !Edgerun::Process::is_alive($pid) };
}

for my $signal (qw(QUIT TERM)) {
    my @answers = submit_some();
    my $pid = $answers[0]{headers}{'x-worker'};
    kill $signal, $pid;
    ok is_gone($pid), "$signal: the worker leaves soon";
    all_complete($signal, @answers);
}

# An impatient operator.
my @answers = submit_some();
for (1 .. 15) {
    kill 'HUP', $t->pid;
    select undef, undef, undef, 0.03;
}
all_complete('a storm of reloads', @answers);
ok wait_until { $t->worker_pids(1) == 2 }, 'a storm of reloads: two workers are left in the end';

# A call that starts a run keeps its worker, but not for ever.
$t->write_conf(jobs_conf(provider => \%provider), main => 'worker_shutdown_timeout 500ms;');
$t->reload;
$emulator->fault({ on => call('start'), action => 'hang', carried_out => \1, times => 5 });
@answers = map { submit($t, "Job $_ [[duration=500]]") } 1 .. 5;
wait_until { !@{ $emulator->faults } };
my $began = time;
ok $t->reload, 'worker_shutdown_timeout: the old workers leave';
cmp_ok time - $began, '<', 60, 'worker_shutdown_timeout: before the call would have ended';
all_complete('worker_shutdown_timeout', @answers);

# The whole server stops: soon, whatever is under way.
$emulator->fault({ on => 'any', action => 'hang', times => -1 });
submit($t, "Job $_") for 1 .. 5;
wait_until { @{ $emulator->log } >= 5 };
$began = time;
is $t->stop('TERM'), 0, 'TERM stops NGINX';
cmp_ok time - $began, '<', 60, 'though its provider hangs';

done_testing;
