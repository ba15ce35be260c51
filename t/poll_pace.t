#!/usr/bin/env perl
# Polls come as often as configured, or as the provider asks for, within bounds.
# Counts are compared, not gaps: a busy machine may delay any one poll.
use FindBin;
use lib "$FindBin::Bin/lib";
use Edgerun::Test;
use Edgerun::Dialects qw(assistants responses);
use Edgerun::Jobs;
use List::Util qw(sum0);

my $t = Edgerun::Test->new(workers => 1);
$t->start_emulator;
$t->write_conf(jobs_conf(provider => { poll_interval => '250ms max=1s', run_timeout => '5m' }));
$t->run;

sub header { return { on => call('poll'), action => 'delay', ms => 0, times => -1, headers => {@_} } }

my @CASES = (
    [ 'without hints',             2000, '',                  undef, 250 ],
    [ 'openai-poll-after-ms',      2400, '[[poll_after=600]]', undef, 600 ],
    [ 'Retry-After',               2800, '', header('Retry-After' => '1'), 1000 ],
    [ 'retry-after-ms',            2400, '', header('retry-after-ms' => '600'), 600 ],
    [ 'a hint above the maximum',  2800, '[[poll_after=60000]]', undef, 1000 ],
    [ 'a hint below all reason',   1000, '', header('openai-poll-after-ms' => '0'), 100 ],
    [ 'a hint that is none',       2000, '', header('openai-poll-after-ms' => '-5', 'Retry-After' => 'soon'), 250 ],
);

# Polled often all the time: where its polls stay away, nobody was able to come.
my $beat = submit($t, 'On and on. [[poll_after=100]] [[duration=600000]]');
await_run($t, $beat);

# They take turns only where a fault must not meet the others.
my @plain = grep { !$_->[3] } @CASES;
check($_) for map { start($_) } @plain;
check(start($_)) for grep { $_->[3] } @CASES;

sub start {
    my ($case) = @_;
    my (undef, $duration, $marker, $fault) = @$case;
    $t->emulator->clear_faults;
    $t->emulator->fault($fault) if $fault;
    return [ $case, submit($t, "Hello. $marker [[duration=$duration]]") ];
}

sub check {
    my ($started) = @_;
    my ($case, $answer) = @$started;
    my ($name, $duration, undef, undef, $interval) = @$case;
    my ($job) = finish($t, [$answer]);
    is $job->{status}, 'COMPLETED', "$name: the job completes";
    my @times = map { $_->{time_ms} }
        grep { $_->{path} =~ /$job->{runId}/ } @{ $t->emulator->log(call => call('poll')) };
    my ($run) = runs_of($t, $job);

    # The last poll is the one that sees the end; its time says how long there were polls.
    my $span = $times[-1] - $run->{created_ms};
    cmp_ok scalar(@times), '<=', $span / $interval + 2, "$name: not more often than asked for";
    my ($over, $seen) = @$run{qw(final_at_ms first_seen_final_ms)};
    cmp_ok $seen - $over, '<=', $interval + 3000 + standstill($over, $seen), "$name: nor much less often";
}

# For how many ms between these times nothing moved.
sub standstill {
    my ($from, $to) = @_;
    my $id = job_of($t, $beat)->{runId};
    my @times = grep { $_ > $from && $_ < $to }
        map { $_->{time_ms} } grep { $_->{path} =~ /$id/ } @{ $t->emulator->log(call => call('poll')) };
    my @edges = ($from, @times, $to);
    return sum0 grep { $_ > 1500 } map { $edges[$_] - $edges[ $_ - 1 ] } 1 .. $#edges;
}

done_testing;
