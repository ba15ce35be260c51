# Clients that wait with "Prefer: wait": for one job, and each for its own.
package Bench::Waiting;
use strict;
use warnings;

use Exporter qw(import);

our @EXPORT_OK = qw(measure_waiting);

# { watch, await }: results of these sub-commands of jobload.
sub measure_waiting {
    my ($session, %size) = @_;
    my $edgerun = $session->start_edgerun('waiting');
    my @common  = (url => $edgerun->{url}, worker => $edgerun->{worker}, count => $size{clients});
    my $watch   = $session->load('watch', @common, seconds => $size{observed}, settle => 30);
    my $await   = $session->load('await', @common, duration => 4000, jitter => 2000, settle => 60);
    $session->servers->stop_all;
    my @expected = (answered => $size{clients}, errors => 0);
    $session->expect('clients that wait for one job',          $watch, @expected, early => 0);
    $session->expect('clients that wait each for its own job', $await, @expected);
    return { watch => $watch, await => $await };
}

1;
