#!/usr/bin/env perl
# Under load, all processes of NGINX are killed at once, over and over: with a
# journal, no accepted job is lost, no run started twice, nothing goes back.
use FindBin;
use lib "$FindBin::Bin/lib";
use Edgerun::Test;
use Edgerun::Dialects qw(assistants responses);
use Edgerun::Storm;

for my $sync (qw(always off)) {
    my $t = Edgerun::Test->new;
    $t->start_emulator(duration => 800, jitter => 700);
    $t->write_conf(storm_conf(sync => $sync));
    $t->run;

    my $storm = Edgerun::Storm->new($t);
    $storm->start;
    for my $round (1 .. rounds()) {
        $storm->await_jobs(20);
        $round % 4 == 3 ? $storm->kill_master : $storm->kill_everything;
    }
    $storm->await_jobs(20);
    $storm->stop;
    $storm->settle;
    $storm->kill_everything;
    $storm->keeps_promises("sync=$sync: all promises are kept");
    $t->stop;
}

done_testing;
