#!/usr/bin/env perl
# Threads that are kept for a time do not fill the zone: new jobs have room.
use FindBin;
use lib "$FindBin::Bin/lib";
use Edgerun::Test;
use Edgerun::Dialects;
use Edgerun::Jobs;

my $t = Edgerun::Test->new;
$t->start_emulator(duration => 1);
$t->write_conf(jobs_conf(
    zone     => 'zone=jobs:256k max_answer=4k',
    provider => { keep_threads => '1h' },
));
$t->run;

my $first = run_job($t, 'The first.');
my %seen;
for my $i (1 .. 120) {
    my $answer = submit($t, "Number $i.");
    $seen{ $answer->{status} }++;
    finish($t, [$answer]) if $answer->{status} == 202;
}
is_deeply \%seen, { 202 => 120 }, 'more jobs are taken than the zone has room for';
is run_job($t, 'Go on.', threadId => $first->{threadId})->{status}, 'COMPLETED',
    'while threads that were kept before there was a lack of room can be continued';

done_testing;
