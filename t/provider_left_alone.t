#!/usr/bin/env perl
# max_fails, fail_timeout: a provider that fails is left alone by all workers, until one job
# that tries it goes well.
use FindBin;
use lib "$FindBin::Bin/lib";
use Edgerun::Test;
use Edgerun::Dialects;
use Edgerun::Emulator;
use Edgerun::Jobs;
use Edgerun::Ports;

my $t = Edgerun::Test->new(workers => 2);
my $main = $t->start_emulator(duration => 100);
mkdir $t->dir . "/$_" for 'spare', 'spare/logs';
my $spare = Edgerun::Emulator->start(
    dir => $t->dir . '/spare', port => Edgerun::Ports::reserve(), key => $Edgerun::Test::API_KEY, duration => 100,
);
END { $spare->stop if $spare }

sub configure {
    my ($provider, %options) = @_;
    my $text = jobs_conf(provider => { retries => 0, max_fails => 3, fail_timeout => '3s', %$provider }, %options);
    my ($block) = $text =~ /(    edgerun_provider main \{.*?\n    \}\n)/s;
    my $url = $spare->base_url;
    $t->write_conf($text . ($block =~ s/main/spare/r =~ s/%%EMULATOR%%/$url/r));
    return;
}
configure({}, jobs => 'fallback=spare');
$t->run;

# Jobs by both workers: on many connections, one after another.
sub jobs { return map { run_job($t, "Hello $_.") } 1 .. $_[0] }

# Of both workers together.
$main->stop;
my @jobs = jobs(20);
is scalar(grep { $_->{status} ne 'COMPLETED' } @jobs), 0, 'jobs complete at the other provider';
is scalar(my @left = $t->error_log =~ /provider "main" fails; new jobs leave it alone/g), 1,
    'the first one is left alone, as error.log says once';

$main->restart;
$main->fault({ on => 'any', action => 'status', status => 500, times => -1 });
my $began = time;
@jobs = jobs(5);
is scalar(grep { $_->{status} ne 'COMPLETED' } @jobs), 0, 'so they go on doing';
cmp_ok scalar @{ $main->log }, '<=', 1 + (time - $began) / 3,
    'and nobody calls the first one, but a job that tries, once in fail_timeout';
ok wait_until { jobs(1); @{ $main->log } >= 1 }, 'after fail_timeout a job tries it';
my $tried = @{ $main->log };
my ($first) = map { $_->{time_ms} } @{ $main->log };
ok wait_until { jobs(1); @{ $main->log } > $tried }, 'and after that another one';
cmp_ok $main->log->[-1]{time_ms} - $first, '>=', 2_900, 'not before fail_timeout is over again';

$main->clear_faults;
ok wait_until { jobs(1); $t->error_log =~ /provider "main" answers again/ }, 'when one goes well, error.log says so';
my $before = @{ $spare->runs };
@jobs = jobs(5);
is scalar(grep { $_->{status} ne 'COMPLETED' } @jobs), 0, 'and jobs complete';
is scalar @{ $spare->runs }, $before, 'at the first provider, all of them';

# What is the request's fault, or the key's, is no failure.
$main->fault({ on => 'any', action => 'status', status => 400, times => 10 });
jobs(10);
$main->clear_faults;
my $runs = @{ $main->runs };
jobs(2);
is @{ $main->runs } - $runs, 2, 'refusals leave a provider as it is';

# --- without another one, jobs wait; what runs there is polled all the same, though rarely here, for
# a poll that goes well tells that the provider is back
configure({ run_timeout => '60s', poll_interval => '4s', fail_timeout => '30s' });
$t->reload;
if (my $first_call = call('thread')) {
    my ($long, @failing, @waiting, $statuses, $left_alone);
    wait_until {
        finish($t, \@waiting);    # of a try in which that poll came too early
        $long = submit($t, 'Long. [[duration=3000]]');
        wait_until { (job_of($t, $long) // {})->{runId} };
        my $before = () = $t->error_log =~ /leave it alone/g;
        $main->fault({ on => $first_call, action => 'cut_before', times => -1 });
        @failing = finish($t, [ map { submit($t, "Fail $_.") } 1 .. 3 ]);
        $left_alone = (() = $t->error_log =~ /leave it alone/g) > $before;
        @waiting = map { submit($t, "Wait $_.") } 1 .. 6;
        $statuses = join ' ', map { job_of($t, $_)->{status} } @waiting;
        $main->clear_faults;
        my $id = job_of($t, $long)->{runId};
        return !grep { $_->{path} =~ /$id/ } @{ $main->log(call => call('poll')) };
    } 60;
    is join(' ', map { $_->{status} } @failing), 'FAILED FAILED FAILED', 'without another one, jobs that try it fail';
    ok $left_alone, 'until it is left alone';
    is scalar(grep { $_->{status} != 202 } @waiting), 0, 'later ones are accepted';
    is $statuses, join(' ', ('PENDING') x 6), 'and wait';
    my ($done) = finish($t, [$long]);
    is $done->{status}, 'COMPLETED', 'a run that was under way goes on' or diag error_of($done);
    my @done = finish($t, \@waiting);
    is scalar(grep { $_->{status} ne 'COMPLETED' } @done), 0, 'when the provider is back they complete'
        or diag join ', ', map { error_of($_) } @done;
}

done_testing;
