#!/usr/bin/env perl
# The power is cut, and with it goes what was not flushed: with sync=always no
# accepted job is lost, no run started twice, nothing goes back.
use FindBin;
use lib "$FindBin::Bin/lib";
use Edgerun::Test;
use Edgerun::Disk;
use Edgerun::Storm;

sub storm_on_disk {
    my ($sync) = @_;
    my $t = Edgerun::Test->new;
    $t->start_emulator(duration => 800, jitter => 700);
    $t->write_conf(storm_conf(sync => $sync));
    my $disk = Edgerun::Disk->new($t, 'journal');
    $t->run;
    return ($t, $disk, Edgerun::Storm->new($t));
}

# Of what was not flushed, all is lost, or, in every second round, this page and that.
sub cut_power {
    my ($t, $disk, $storm, $round) = @_;
    $storm->survey;    # what has been shown just before must be shown again
    $storm->nemesis(
        'cut the power',
        sub {
            $t->kill_all;
            $disk->cut_power(torn => $round % 2);
        }
    );
    $t->run;
    return;
}

my ($t, $disk, $storm) = storm_on_disk('always');
$storm->start;
for my $round (1 .. rounds()) {
    # The slower the flushes, the more is under way when it happens.
    $disk->set(delayMs => (5, 100)[ $round % 2 ]);
    $storm->await_jobs(20);
    cut_power($t, $disk, $storm, $round);
}
$storm->await_jobs(20);
$storm->stop;
$storm->settle;
cut_power($t, $disk, $storm, 0);
$storm->keeps_promises('sync=always: all promises are kept');
cmp_ok $disk->number('flushes'), '>', 0, 'there were flushes';
$t->stop;

# Is that disk really one that loses? Without flushes it must.
($t, $disk, $storm) = storm_on_disk('off');
$storm->start;
$storm->await_jobs(20);
$storm->stop;
cut_power($t, $disk, $storm, 0);
$storm->settle;
my @lost = grep { $_->{rule} eq 'lost' } @{ $storm->broken };
cmp_ok scalar @lost, '>', 10, 'sync=off: jobs are lost, as it says';

done_testing;
