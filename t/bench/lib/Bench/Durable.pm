# Submissions that are on the disk when their clients hear of them, by how long a flush takes.
package Bench::Durable;
use strict;
use warnings;

use Exporter qw(import);

our @EXPORT_OK = qw(measure_durable);

my $poll_rate = 1000;    # of finished jobs, meanwhile

# Name, and how many milliseconds longer each flush takes; undef: no journal.
my @disks = (['none', undef], ['native', 0], ['+1 ms', 1], ['+5 ms', 5]);

# { NAME => [results of jobload accept] }, in turn.
sub measure_durable {
    my ($session, %size) = @_;
    my %runs;
    for my $turn (1 .. $size{repeat}) {
        for my $disk (@disks) {
            my ($name, $delay) = @$disk;
            my $run = accept_jobs($session, "durable-$turn-" . ($delay // 'none'), $delay, $size{jobs});
            $session->expect("durable, $name", $run, accepted => $size{jobs},
                completed => $size{jobs}, poll_errors => 0);
            push @{ $runs{$name} }, $run;
        }
    }
    return \%runs;
}

sub accept_jobs {
    my ($session, $name, $delay, $jobs) = @_;
    my $servers = $session->servers;
    my $edgerun = $session->start_edgerun($name, defined $delay ? journal($session, $name, $delay) : ());
    $session->finish_jobs($edgerun, 100);
    my $run = $session->load('accept', url => $edgerun->{url}, worker => $edgerun->{worker},
        ids => $servers->ids_file, count => $jobs, duration => 2000, rate => $poll_rate, settle => 90);
    $servers->stop_all;
    return $run;
}

sub journal {
    my ($session, $name, $delay) = @_;
    my $directory = $session->dir . "/journal-$name";
    return (
        zone        => "journal=$directory sync=always",
        environment => $delay ? $session->servers->slow_disk($directory, $delay) : {},
    );
}

1;
