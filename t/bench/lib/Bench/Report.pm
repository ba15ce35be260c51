# The tables: each figure beside stock NGINX and its target.
package Bench::Report;
use strict;
use warnings;

use Exporter qw(import);

our @EXPORT_OK = qw(poll_rows burst_rows flight_rows tool_rows gate_rows rotation_rows durable_rows waiting_rows
    replay_rows adoption_rows knowledge_start_rows knowledge_search_rows quota_rows table);

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
my @durable_figures = (
    ['accepted/s',             'accepted_per_s', '%.0f', ''],
    ['submission p50 ms',      'latency_p50_ms', '%.2f', ''],
    ['submission p99 ms',      'latency_p99_ms', '%.2f', ''],
    ['polls meanwhile p99 ms', 'poll_p99_ms',    '%.2f', '< 5'],
);
my @watch_figures = (
    ['answered',               'answered',          '%d',   'all'],
    ['CPU ms/s, nobody waits', 'idle_cpu_ms_per_s', '%.2f', ''],
    ['CPU ms/s, all wait',     'held_cpu_ms_per_s', '%.2f', 'the same'],
    ['KiB per client',         'kib_per_client',    '%.1f', ''],
    ['ms until the last knew', 'delay_max_ms',      '%.0f', '<= 50'],
);
my @await_figures = (
    ['answered',                'answered',     '%d',   'all'],
    ['ms until each knew, p99', 'delay_p99_ms', '%.0f', '<= 50'],
    ['the longest',             'delay_max_ms', '%.0f', '<= 50'],
);
my @replay_figures = (
    ['records/s',                  'records_per_s', '%.0f', '>= 500000'],
    ['jobs',                       'jobs',          '%d',   ''],
    ['s from start to ready, all', 'ready_s',       '%.3f', ''],
    ['s from start to ready, 100', 'ready_empty_s', '%.3f', ''],
);
my @adoption_figures = (
    ['its jobs',           'adopted',  '%d',   ''],
    ['s until all go on',  'still_s',  '%.2f', '<= 3'],
    ['s, polls of others', 'others_s', '%.2f', ''],
);
my @start_figures = (
    ['s of nginx -t',          'test_s',     '%.3f', '< 1'],
    ['  of it CPU',            'test_cpu_s', '%.2f', ''],
    ['s from start to answer', 'start_s',    '%.3f', '< 1'],
);
my @search_figures = (
    ['p50 ms at 2,000/s', 'latency_p50_ms', '%.3f', ''],
    ['p99 ms at 2,000/s', 'latency_p99_ms', '%.3f', '< 2 ms'],
);
my @quota_figures = (
    ['accepted/s',        'accepted_per_s', '%.0f', ''],
    ['worker CPU s',      'cpu_s',          '%.2f', ''],
    ['submission p50 ms', 'latency_p50_ms', '%.2f', ''],
    ['submission p99 ms', 'latency_p99_ms', '%.2f', ''],
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
    return plain_rows('rotation', $rotation, @rotation_figures);
}

# $runs: { none => [...], native => the same, ... } as of Bench::Durable.
sub durable_rows {
    my ($runs) = @_;
    return map {
        my $disk = $_;
        my @rows = map { compared($runs, $disk, 'none', @$_) } @durable_figures;
        $_->[0] = "sync=always, $disk: $_->[0]" for @rows;
        @rows;
    } 'native', '+1 ms', '+5 ms';
}

sub waiting_rows {
    my ($waiting) = @_;
    my ($watch, $await) = @$waiting{qw(watch await)};
    return plain_rows("$watch->{clients} wait for one job", $watch, @watch_figures),
        plain_rows("$await->{clients} wait for theirs", $await, @await_figures);
}

sub replay_rows {
    my ($replay) = @_;
    return plain_rows('journal', $replay, @replay_figures);
}

# Of several kills: the jobs of a usual one, and the longest time.
sub adoption_rows {
    my ($kills) = @_;
    my %all = (adopted => median_of($kills, 'adopted'),
        map { my $name = $_; ($name => (sort { $b <=> $a } map { $_->{$name} } @$kills)[0]) } qw(still_s others_s));
    return plain_rows('kill -9 of a worker', \%all, @adoption_figures);
}

# $runs: of Bench::Knowledge.
sub knowledge_start_rows {
    my ($runs) = @_;
    my $base = $runs->{base};
    my @rows = map { compared($runs->{start}, qw(with without), @$_) } @start_figures;
    $_->[0] = "knowledge base: $_->[0]" for @rows;
    return @rows, map { ["knowledge base: $_", sprintf('%.0f', $base->{$_}), '', '', ''] } qw(keywords articles mib);
}

sub knowledge_search_rows {
    my ($runs) = @_;
    my @rows = (
        map({ compared($runs->{closed}, qw(edgerun stock), @$_[0 .. 2], '') } @closed_figures),
        map({ compared($runs->{open}, qw(edgerun stock), @$_) } @search_figures),
    );
    $_->[0] = "search: $_->[0]" for @rows;
    return @rows, ['search: body bytes', $runs->{body_bytes}, $runs->{body_bytes}, '', ''];
}

# $runs: { none => [...], quota => the same, ... } as of Bench::Quota.
sub quota_rows {
    my ($runs) = @_;
    return map {
        my ($name, $beside, $what) = @$_;
        my @rows = map { compared($runs, $name, $beside, @$_) } @quota_figures;
        $_->[0] = "$what: $_->[0]" for @rows;
        @rows;
    } ['quota', 'none', 'quota'], ['journal', 'none', 'quota with a journal'],
        ['durable, quota', 'durable', 'both journals'];
}

# Nothing to compare with.
sub plain_rows {
    my ($what, $result, @figures) = @_;
    return map {
        my ($label, $name, $format, $target) = @$_;
        ["$what: $label", sprintf($format, $result->{$name}), '', '', $target];
    } @figures;
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

sub tool_rows {
    my ($api, $jobs, $flight) = @_;
    my @figures = grep { $_->[1] !~ /^(?:delay|polls_per|kib|private|shared|peak_kib)/ } @flight_figures;
    return map {
        my ($label, $name, $format, $target) = @$_;
        my $judged = $name =~ /^(?:completed|client_poll_p99_ms)$/ ? $target : '';
        ["$jobs with tools, $api: $label", sprintf($format, $flight->{$name} // 0), '', '', $judged];
    } @figures;
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
