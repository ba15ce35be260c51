#!/usr/bin/env perl
# A provider answers some calls that start a run never, and carries them out seconds
# later, while workers are killed and stopped: no run is started twice.
use FindBin;
use lib "$FindBin::Bin/lib";
use Edgerun::Test;
use Edgerun::Dialects qw(assistants responses);
use Edgerun::Storm;

use constant { JOBS => 24, LATE => 0.05 };    # of a round; share of the creates

my $t = Edgerun::Test->new;
my $emulator = $t->start_emulator(duration => 300, jitter => 200);
# A thread that is deleted, or has a run, would refuse the late one.
my %provider = (request_timeout => '2s', start_grace => '5s', keep_threads => 'on');
$t->write_conf(storm_conf(provider => \%provider));
$t->run;

# One in twenty, anywhere among all.
my $creates = JOBS * rounds();
$emulator->fault([
    map { { on => call('start'), action => 'late', ms => 2500 + int rand 2000, skip => int rand $creates } }
        1 .. LATE * $creates
]);

my $storm = Edgerun::Storm->new($t, shares => { cancel => 0, delete => 0 });
my @nemesis = (
    sub { $storm->kill_worker },
    sub { $storm->stop_worker(3) },
    sub { $storm->kill_everything },
    sub { $storm->kill_workers },
);
$storm->start;
for my $round (1 .. rounds()) {
    $storm->await_jobs(JOBS);
    $nemesis[ $round % @nemesis ]->();
}
$storm->stop;
$storm->settle(120);

# Creates that met this.
sub creates_with {
    my ($fault) = @_;
    return scalar grep { ($_->{fault} // '') eq $fault } @{ $emulator->log(call => call('start')) };
}
cmp_ok creates_with('late'), '>', 0, 'some creates were late';
ok wait_until { creates_with('late_landing') == creates_with('late') }, 'and all were carried out';
$storm->keeps_promises('all promises are kept');

done_testing;
