#!/usr/bin/env perl
# Under load, workers are killed and stopped and NGINX is reloaded, over and over: no
# accepted job is lost, no run started twice, nothing goes back.
use FindBin;
use lib "$FindBin::Bin/lib";
use Edgerun::Test;
use Edgerun::Dialects qw(assistants responses);
use Edgerun::Disk;
use Edgerun::Storm;

my $t = Edgerun::Test->new;
$t->start_emulator(duration => 3000, jitter => 2900, delay => 100);
$t->write_conf(storm_conf());
# Slow calls and slow flushes: whatever happens, happens in the midst of them.
my $disk = Edgerun::Disk->new($t, 'journal');
$disk->set(delayMs => 60);
$t->run;

my $storm = Edgerun::Storm->new($t);
my @nemesis = (
    sub { $storm->kill_worker },
    sub { $storm->stop_worker(3.5) },    # longer than the lease
    sub { $storm->reload },
    sub { $storm->kill_workers },
    sub { $storm->kill_worker; $storm->reload; $storm->kill_worker },
);
$storm->start;
for my $round (1 .. rounds()) {
    $storm->await_jobs(20);
    $nemesis[ $round % @nemesis ]->();
}
$storm->await_jobs(20);
$storm->stop;
$storm->keeps_promises('all promises are kept');

done_testing;
