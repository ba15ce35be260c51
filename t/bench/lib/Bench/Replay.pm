# How fast a journal is read: in memory, and by an NGINX that starts on it.
package Bench::Replay;
use strict;
use warnings;

use Exporter qw(import);
use IO::Socket::INET;
use JSON::PP;
use Time::HiRes qw(sleep time);

use Bench::Servers qw(on_core read_file);

our @EXPORT_OK = qw(measure_replay);

# { records_per_s, jobs, ready_s, ready_empty_s }; %size: bench (its path), replayed (jobs of it),
# jobs (of NGINX).
sub measure_replay {
    my ($session, %size) = @_;
    my $empty = start_on_journal($session, 0);
    my $full  = start_on_journal($session, $size{jobs});
    return {
        records_per_s => records_per_second($session, $size{bench}, $size{replayed}),
        jobs          => $size{jobs},
        ready_s       => $full,
        ready_empty_s => $empty,
    };
}

# Seconds from the start of NGINX until it answers for a job, with so many in its journal.
sub start_on_journal {
    my ($session, $jobs) = @_;
    my ($servers, $name) = ($session->servers, "replay-$jobs");
    my $edgerun = $session->start_edgerun($name, zone => 'journal=' . $session->dir . "/journal-$name sync=off");
    $session->finish_jobs($edgerun, $jobs || 1);
    $servers->stop($edgerun->{master});

    my $start = time;
    $edgerun = $servers->start_again($edgerun);
    my $seconds = seconds_until_ready($session, $edgerun, $start);
    $session->poll("all jobs after a restart", $edgerun, seconds => 1) if $seconds;
    $servers->stop_all;
    return $seconds;
}

sub seconds_until_ready {
    my ($session, $edgerun, $start) = @_;
    my ($id)  = split ' ', read_file($session->servers->ids_file);
    my $token = read_file($session->servers->token_file);
    while (time < $start + 60) {
        my $status = status_of($edgerun->{port}, "/simulations/$id", $token);
        return time - $start if $status == 200;
        return $session->problem("replay: a job answers $status after a restart") && 0 if $status != 503;
        sleep 0.002;
    }
    $session->problem('replay: not ready within 60 s');
    return 0;
}

sub status_of {
    my ($port, $path, $token) = @_;
    my $socket = IO::Socket::INET->new(PeerAddr => '127.0.0.1', PeerPort => $port) or die "connect: $!\n";
    print $socket "GET $path HTTP/1.1\r\nHost: bench\r\nAuthorization: Bearer $token\r\nConnection: close\r\n\r\n";
    my ($status) = (readline($socket) // '') =~ m{^HTTP/1\.1 (\d+)};
    return $status // 0;
}

sub records_per_second {
    my ($session, $bench, $jobs) = @_;
    my @line = (on_core(0), $bench, "--benchmark_filter=Replay/$jobs\$", '--benchmark_format=json');
    open my $out, '-|', @line or die "$bench: $!\n";
    my $json = do { local $/; readline $out };
    close $out or $session->problem('journal_bench failed');
    my ($rate) = map { $_->{items_per_second} // () } @{ decode_json($json || '{}')->{benchmarks} // [] };
    $session->problem("journal_bench measured no replay of $jobs jobs") if !$rate;
    return $rate // 0;
}

1;
