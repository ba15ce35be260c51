#!/usr/bin/env perl
# The disk under a journal fails, or is full: new jobs are refused, nothing that
# was acknowledged is lost, and all is well when the disk is.
use FindBin;
use lib "$FindBin::Bin/lib";
use Edgerun::Test;
use Edgerun::Disk;
use Edgerun::Jobs;
use Edgerun::Storm;
use List::Util qw(uniq);

# One worker, one journal: it is known whose flush fails.
my $t = Edgerun::Test->new(workers => 1);
$t->start_emulator(duration => 2500);
$t->write_conf(storm_conf());
my $disk = Edgerun::Disk->new($t, 'journal');
$t->allow_log(qr/journal/);
$t->run;
wait_until { submit($t, 'Ready?')->{status} == 202 };

sub accepted { return wait_until { my $answer = submit($t, 'Again.'); $answer->{status} == 202 && $answer } }

sub outcomes {
    my (@jobs) = @_;
    return join ' ', uniq map { "$_->{status} " . scalar(runs_of($t, $_)) . error_of($_) } @jobs;
}

sub restart_after_power_cut {
    $t->kill_all;
    $disk->cut_power;
    $t->run;
    wait_until { submit($t, 'Ready?')->{status} == 202 };
    return;
}

# A flush fails.
my @before = map { submit($t, "Before $_") } 1 .. 10;
is join(' ', uniq map { $_->{status} } @before), '202', 'jobs are accepted';
my $refused = wait_until {
    $disk->set(failFlushes => 1);    # perhaps another one's than this submission's
    my $answer = submit($t, 'Meanwhile.');
    return $answer->{status} != 202 && $answer;
};
is $refused->{status}, 503, 'a submission whose flush fails is refused';
ok $refused->{headers}{'retry-after'}, 'with Retry-After';
ok my $after = accepted(), 'the next segment takes jobs';
restart_after_power_cut();
is outcomes(finish($t, [ @before, $after ])), 'COMPLETED 1', 'after a power cut all acknowledged jobs complete, by one run';

# All fail for a while.
@before = map { submit($t, "Before $_") } 1 .. 10;
$disk->set(failFlushes => -1);
wait_until { submit($t, 'Refused.')->{status} == 503 };
is join(' ', uniq map { submit($t, "Refused $_")->{status} } 1 .. 20), '503', 'as long as all flushes fail, nothing is accepted';
ok job_of($t, $before[0]), 'jobs are shown all the same';
$disk->set(failFlushes => 0);
ok $after = accepted(), 'afterwards, jobs are accepted';
is outcomes(finish($t, [ @before, $after ])), 'COMPLETED 1', 'and all complete, by one run';

# The disk is full, and the present segment at its end.
@before = map { submit($t, "Before $_") } 1 .. 10;
$disk->set(isFull => 1, failWrites => 1);
wait_until { submit($t, 'Refused.')->{status} == 503 };
is join(' ', uniq map { submit($t, "Refused $_")->{status} } 1 .. 20), '503', 'a full disk takes no jobs';
is outcomes(finish($t, \@before)), 'COMPLETED 1', 'those that run complete in the reserve, by one run';
restart_on_full_disk();
$disk->set(isFull => 0);
ok $after = accepted(), 'with room, jobs are accepted again';
restart_after_power_cut();
is outcomes(finish($t, [ @before, $after ])), 'COMPLETED 1', 'after a power cut all are there';

# What became final in the reserve is there even if there is still no room.
sub restart_on_full_disk {
    $t->kill_all;
    $t->run;
    ok wait_until { job_of($t, $before[0]) }, 'NGINX starts on a full disk';
    is outcomes(map { job_of($t, $_) } @before), 'COMPLETED 1', 'and knows how they ended';
    return;
}
$t->stop;

# Failures at any moment under load, then a power cut.
$t = Edgerun::Test->new;
$t->start_emulator(duration => 800, jitter => 700);
$t->write_conf(storm_conf());
$disk = Edgerun::Disk->new($t, 'journal');
$t->allow_log(qr/journal/);
$t->run;
my $storm = Edgerun::Storm->new($t);
$storm->start;
for my $round (1 .. rounds()) {
    $storm->await_jobs(20);
    my ($what, $times) = @{ ([ failFlushes => 1 ], [ failWrites => 2 ], [ failFlushes => 3 ])[ $round % 3 ] };
    $storm->nemesis("$what $times", sub { $disk->set($what => $times) });
}
wait_until { !$disk->number('failFlushes') && !$disk->number('failWrites') };
$storm->await_jobs(20);
$storm->stop;
$t->kill_all;
$disk->cut_power;
$t->run;
$storm->keeps_promises('under load, all promises are kept');

done_testing;
