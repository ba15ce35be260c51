# How long the jobs of a killed worker stand still.
package Bench::Adoption;
use strict;
use warnings;

use Exporter qw(import);
use HTTP::Tiny;
use JSON::PP;
use List::Util qw(max);
use Time::HiRes qw(sleep time);

our @EXPORT_OK = qw(measure_adoption);

my $jobs     = 200;
my $duration = 12_000;    # of their runs, ms: all are under way before the kill and after adoption
my $before   = 4;         # seconds of polls that show which connections are whose
my $after    = 7;         # and in which all jobs must have been polled again

# [{ jobs, adopted, still_s, others_s, completed }], one of each kill.
sub measure_adoption {
    my ($session, %size) = @_;
    $session->servers->tolerate(qr/exited on signal 9/);
    return [map { kill_a_worker($session, $_) } 1 .. $size{deaths}];
}

sub kill_a_worker {
    my ($session, $turn) = @_;
    my $edgerun = $session->start_edgerun("adoption-$turn", workers => 2, log => 1);
    my $load = $session->start_load('submit', url => $edgerun->{url}, count => $jobs,
        duration => $duration, settle => 60);
    sleep $before + 0.25 * ($turn - 1);    # somewhere else between two polls each time
    my $victim = busiest(@{ $edgerun->{workers} });
    my $killed = time * 1000;
    kill KILL => $victim;
    sleep $after;
    my %result = (stand_still(requests($edgerun), $killed), turn => $turn);
    my $done = $session->finish_load($load);
    $session->servers->stop_all;
    $session->expect("adoption $turn", $done, accepted => $jobs, completed => $jobs);
    $session->problem("adoption $turn: the killed worker had no jobs") if !$result{adopted};
    return { %result, completed => $done->{completed} };
}

sub busiest {
    my %descriptors = map { my $pid = $_; ($pid => scalar(() = glob "/proc/$pid/fd/*")) } @_;
    return (sort { $descriptors{$b} <=> $descriptors{$a} } @_)[0];
}

sub requests {
    my ($edgerun) = @_;
    my $answer = HTTP::Tiny->new->get("$edgerun->{emulator}_emulator/log?call=poll_run");
    die "the emulator gives no log: $answer->{status}\n" if !$answer->{success};
    return decode_json($answer->{content});
}

# A worker's connections to the provider die with it: jobs whose polls came over one of these were its.
sub stand_still {
    my ($polls, $killed) = @_;
    my (%last, %next, %is_alive);
    for my $poll (@$polls) {
        next if $poll->{time_ms} < $killed - 1000 * $before;    # the warm-up's
        if ($poll->{time_ms} < $killed) {
            $last{ $poll->{path} } = $poll->{connection};
        } else {
            $next{ $poll->{path} } //= ($poll->{time_ms} - $killed) / 1000;
            $is_alive{ $poll->{connection} } = 1;
        }
    }
    my @adopted = grep { !$is_alive{ $last{$_} } } keys %last;
    my @others  = grep { $is_alive{ $last{$_} } } keys %last;
    my $longest = sub { max(0, map { $next{$_} // $after } @_) };
    return (jobs => scalar(keys %last), adopted => scalar(@adopted), still_s => $longest->(@adopted),
        others_s => $longest->(@others));
}

1;
