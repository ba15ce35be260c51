#!/usr/bin/env perl
# A worker dies at each point where a job and its quotas could come apart: when it has taken and
# the job is not there, when the job is there and nobody knows, when it has ended and is not
# settled, in the midst of changing a counter. In the end exactly what was accepted is counted.
use FindBin;
use lib "$FindBin::Bin/lib";
use Edgerun::Test;
use Edgerun::Calendar;
use Edgerun::Dialects qw(responses);
use Edgerun::Jobs;
use Edgerun::Process;
use Edgerun::Quotas;
use List::Util qw(sum0 uniq);

my $QUERY = '[[usage=30,0]] Hello.';

# Points of others at which quotas are in question.
my @NEIGHBOURS = qw(submit_reserved submit_published step_committed);
my $OF_JOURNALS = qr/^(?:submit_published|quota_written|quota_journal_\w+)$/;

# What zones that are full, or that were just filled from a journal, pass, and journals whose next
# file begins; unit tests do.
my $ELSEWHERE = qr/^quota_(?:counter_forgotten|counter_dropped|file_\w+)$/;

sub points {
    my ($journals) = @_;
    my %points = map { $_ => 1 } @NEIGHBOURS;
    for my $path (glob "$Edgerun::Test::TOP/src/{store,engine}/*.{h,cpp}") {
        next if $path =~ /quota_restore/;    # the master's
        $points{$_} = 1 for Edgerun::Process::slurp($path) =~ /EDGERUN_CRASH_POINT\((quota_\w+)\)/g;
    }
    return sort grep { !/$ELSEWHERE/ && ($journals || !/$OF_JOURNALS/) } keys %points;
}

die_everywhere('in memory', points(0));
die_everywhere('with journals', points(1));

# For each point two jobs of alice, and one of somebody new; then as many as are accepted.
sub die_everywhere {
    my ($name, @points) = @_;
    my $journals = $name =~ /journals/;
    my $limit = 2 * @points + 4;
    begin_within('month');
    my $t = Edgerun::Test->new(crashing => 1);
    $t->start_emulator(duration => 20);
    $t->write_conf(quota_conf(
        ["limit=$limit period=month", 'unit=tokens limit=unlimited period=month reserve=100'],
        zone     => 'zone=jobs:8m' . ($journals ? ' journal=%%TESTDIR%%/journal sync=off' : ''),
        quotas   => $journals ? 'journal=%%TESTDIR%%/quotas' : undef,
        provider => { poll_interval => '100ms', run_timeout => '5m', start_grace => '1s' },
    ), main => 'env EDGERUN_CRASH_FILE;');
    $t->allow_log(qr/worker process \d+ exited on signal 9/, qr/zone "[^"]*" was locked by \d+/);
    $t->run;

    my (@accepted, %of_others);
    for my $point (@points) {
        order_death($t, $point, $name);
        $of_others{"new-$point"} = insist($t, $QUERY, user => "new-$point");
        push @accepted, map { insist($t, $QUERY) } 1 .. 2;
        ok wait_until { $t->has_crashed }, "$name: a worker dies at $point";
        $t->forget_crash;
        ok wait_until { $t->worker_pids == 2 }, '... and is replaced';
    }
    push @accepted, dies_at_the_end($t, $name);
    is join(' ', uniq map { $_->{status} =~ s/200/202/r } @accepted, values %of_others), '202',
        "$name: all jobs are accepted in the end";
    is settled($t, scalar @accepted), @accepted . '/0', "$name: each is counted once";
    is_deeply { map { $_ => settled($t, 1, user => $_) } keys %of_others }, { map { $_ => '1/0' } keys %of_others },
        "$name: also those of new users";

    push @accepted, grep { $_->{status} == 202 } map { insist($t, $QUERY) } 1 .. 6;
    is scalar @accepted, $limit, "$name: exactly as many are accepted as the quota says";
    is settled($t, $limit), "$limit/0", "$name: ... and counted";
    my @ids = uniq map { $_->{json}{id} } @accepted;
    is_deeply [ sort map { $_->{id} } all_jobs($t) ], [ sort @ids ], "$name: there are no other jobs";

    my @jobs = finish($t, \@accepted);
    is join(' ', uniq map { $_->{status} } @jobs), 'COMPLETED', "$name: all of them complete";
    # Of a run that only its conversation told of nobody knows the tokens: the reserve counts.
    my $tokens = sum0 map { $_->{tokensUsed} // 100 } @jobs;
    is settled($t, $tokens, name => 'month-tokens'), "$tokens/0", "$name: and have cost what they used";
    $t->stop;
    return;
}

# A repair takes a death before: in the midst of the change for somebody new. The master must not
# let the next one come before that one's is ordered.
sub order_death {
    my ($t, $point, $name) = @_;
    return $t->crash_at($point) if $point !~ /^quota_repair_/;
    kill 'STOP', $t->pid;
    $t->crash_at('quota_counter_filled');
    my $connection = $t->connect;
    $connection->write(Edgerun::Http::format_request('POST', '/jobs', json => { query => $QUERY },
        token => Edgerun::Jobs::token_of($t, "lost-$point")));
    ok wait_until { $t->has_crashed }, "$name: a worker leaves a zone to be repaired";
    $t->crash_at($point);
    kill 'CONT', $t->pid;
    return;
}

# Between the last step of a job and what becomes of its quotas. The jobs: more than one, if the
# order came after that step.
sub dies_at_the_end {
    my ($t, $name) = @_;
    my (@jobs, $has_died);
    for (1 .. 3) {
        push @jobs, insist($t, "[[duration=1000]] $QUERY");
        await_run($t, $jobs[-1]);
        $t->crash_at('step_committed');
        wait_until {
            my $job = eval { job_of($t, $jobs[-1]) };
            return $t->has_crashed || $job && Edgerun::Jobs::is_final($job);
        };
        last if $has_died = wait_until { $t->has_crashed } 3;
        $t->forget_crash;
    }
    ok $has_died, "$name: a worker dies when a job has ended";
    return @jobs;
}

done_testing;
