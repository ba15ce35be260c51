# The tables: each figure beside stock NGINX and its target.
package Bench::Report;
use strict;
use warnings;

use Exporter qw(import);

our @EXPORT_OK = qw(poll_rows burst_rows flight_rows gate_rows rotation_rows table);

# Figure, its name in a result, its format, its target: of edgerun's against stock's.
my @closed_figures = (
    ['requests/s, 64 connections', 'requests_per_s',     '%.0f', '>= 0.80'],
    ['CPU us per request',         'cpu_us_per_request', '%.2f', '<= 1.25'],
    ['worker busy',                'worker_busy',        '%.2f', ''],
);
my @open_figures = (
    ['p50 ms at 2,000/s', 'latency_p50_ms', '%.3f', ''],
    ['p99 ms at 2,000/s', 'latency_p99_ms', '%.3f', '<= 1.50'],
);
my @burst_figures = (
    ['accepted/s',                   'accepted_per_s',  '%.0f', '>= 20000'],
    ['worker CPU s until accepted',  'cpu_s',           '%.2f', ''],
    ['refused',                      'refused',         '%d',   '0'],
    ['lost',                         'lost',            '%d',   '0'],
    ['seconds until all were final', 'settled_after_s', '%.1f', ''],
);
my @gate_figures = (
    ['requests/s',         'requests_per_s',     '%.0f', '>= 0.85'],
    ['CPU us per request', 'cpu_us_per_request', '%.2f', '<= 1.18'],
);
my @rotation_figures = (
    ['key changes',        'changes',      '%d',   ''],
    ['requests',           'requests',     '%d',   ''],
    ['wrong 401s',         'unauthorized', '%d',   '0'],
    ['other failures',     'failures',     '%d',   '0'],
    ['fetches of the set', 'fetches',      '%d',   ''],
    ['longest answer ms',  'longest_ms',   '%.0f', ''],
);
my @flight_figures = (
    ['completed',                  'completed',                 '%d',   'all'],
    ['completion delay p50 ms',    'delay_p50_ms',              '%.0f', '<= 620'],
    ['completion delay p99 ms',    'delay_p99_ms',              '%.0f', '<= 1300'],
    ['  after seen p50 ms',        'delay_after_seen_p50_ms',   '%.0f', ''],
    ['polls per job',              'polls_per_job',             '%.1f', ''],
    ['KiB per job in flight',      'kib_per_job',               '%.1f', '<= 12'],
    ['  of it private',            'private_kib_per_job',       '%.1f', ''],
    ['  of it job zone',           'shared_kib_per_job',        '%.1f', ''],
    ['KiB per job at the highest', 'peak_kib_per_job',          '%.1f', ''],
    ['CPU s per 1,000 jobs',       'cpu_s_per_1000_jobs',       '%.2f', '< 0.80'],
    ['upstream connections',       'peak_upstream_connections', '%d',   '<= 512'],
    ['emulator busy',              'emulator_busy',             '%.2f', ''],
    ['worker busy',                'worker_busy',               '%.2f', ''],
    ['client polls p50 ms',        'client_poll_p50_ms',        '%.2f', ''],
    ['client polls p99 ms',        'client_poll_p99_ms',        '%.2f', '< 5'],
);

# $runs: { closed => { stock => [...], edgerun => [...] }, open => the same, body_bytes }
sub poll_rows {
    my ($runs) = @_;
    my @rows = (
        map({ compared($runs->{closed}, qw(edgerun stock), @$_) } @closed_figures),
        map({ compared($runs->{open}, qw(edgerun stock), @$_) } @open_figures),
    );
    $_->[0] = "status poll: $_->[0]" for @rows;
    my @stock = sort { $a <=> $b } map { $_->{requests_per_s} } @{ $runs->{closed}{stock} };
    my $noise = sprintf '%.1f %%', 100 * ($stock[-1] - $stock[0]) / median(@stock);
    return @rows, ['body bytes', $runs->{body_bytes}, $runs->{body_bytes}, '', ''],
        ['noise: spread of requests/s', '', $noise, '', ''];
}

sub burst_rows {
    my ($jobs, $bursts) = @_;
    return map {
        my ($label, $name, $format, $target) = @$_;
        ["burst of $jobs: $label", sprintf($format, median_of($bursts, $name)), '', '', $target];
    } @burst_figures;
}

# $runs: { CREDENTIAL => { gated => [...], open => [...] } }; $order: the credentials.
sub gate_rows {
    my ($order, $runs) = @_;
    return map {
        my $name = $_;
        my @rows = map { compared($runs->{$name}, qw(gated open), @$_) } @gate_figures;
        $_->[0] = "gated file, $name: $_->[0]" for @rows;
        @rows;
    } @$order;
}

sub rotation_rows {
    my ($rotation) = @_;
    return map {
        my ($label, $name, $format, $target) = @$_;
        ["rotation: $label", sprintf($format, $rotation->{$name}), '', '', $target];
    } @rotation_figures;
}

# The targets are for 10,000: with fewer, the client's polls weigh more than the jobs.
sub flight_rows {
    my ($jobs, $flight) = @_;
    return map {
        my ($label, $name, $format, $target) = @$_;
        ["$jobs in flight: $label", sprintf($format, $flight->{$name}), '', '',
            $jobs < 10000 ? '' : $target];
    } @flight_figures;
}

# $sides: the names of what is compared, ours first.
sub table {
    my ($sides, @rows) = @_;
    unshift @rows, ['figure', @$sides, 'ratio', 'target'];
    return join '', map { sprintf "%-46s %10s %10s %7s  %s\n", @$_ } @rows;
}

sub compared {
    my ($runs, $our_side, $their_side, $label, $name, $format, $target) = @_;
    my ($ours, $theirs) = map { median_of($runs->{$_}, $name) } $our_side, $their_side;
    my $ratio = $theirs ? sprintf('%.2f', $ours / $theirs) : '';
    return [$label, sprintf($format, $ours), sprintf($format, $theirs), $ratio, $target];
}

sub median_of {
    my ($results, $name) = @_;
    return median(map { $_->{$name} } @$results);
}

sub median {
    my @sorted = sort { $a <=> $b } @_;
    return ($sorted[$#sorted / 2] + $sorted[@sorted / 2]) / 2;
}

1;
