#!/usr/bin/env perl
# A kept connection that ends under the call that starts a run: HTTP libraries
# repeat such a request silently, which here would start a second run.
use FindBin;
use lib "$FindBin::Bin/lib";
use Edgerun::Test;
use Edgerun::Dialects;
use Edgerun::Jobs;

my $t = Edgerun::Test->new(workers => 1);
$t->start_emulator(duration => 300);
$t->write_conf(jobs_conf(provider => { start_grace => '500ms' }));
$t->run;
my $emulator = $t->emulator;
run_job($t, 'Warm up.');
wait_until { !grep { $_->{thread_exists} } @{ $emulator->runs } };

# The calls about starts since then.
sub calls_since {
    my ($before) = @_;
    return grep { (purpose($_->{call}) // '') =~ /^(?:start|find)$/ } @{ $emulator->log(since => $before->{seq}) };
}

# Where nothing can be looked at, nobody knows.
my $is_found  = call('find') ? 'COMPLETED 1: start find' : 'FAILED 1: start';
my $is_missed = call('find') ? 'COMPLETED 1: start find start' : 'FAILED 0: start';

for my $case (
    [ 'an end',    { action => 'cut_after' },               $is_found ],
    [ 'a reset',   { action => 'cut_after', reset => \1 },  $is_found ],
    [ 'an end before it was carried out', { action => 'cut_before' }, $is_missed ],
    [ 'a reset before it was carried out', { action => 'cut_before', reset => \1 }, $is_missed ],
    [ 'half an answer', { action => 'cut_mid_body' },       $is_found ],
    )
{
    my ($name, $fault, $expected) = @$case;
    run_job($t, 'Warm up.');    # the last call may have ended a connection
    my @before = @{ $emulator->log };
    $emulator->fault({ on => call('start'), %$fault });
    my $job = run_job($t, 'Once, please.');
    my @sent = calls_since($before[-1]);
    my @on_it = grep { $_->{connection} == $sent[0]{connection} } @{ $emulator->log };
    cmp_ok $on_it[0]{seq}, '<', $sent[0]{seq}, "$name: the connection was a kept one";
    # A run that goes on is looked for again and again.
    my $calls = join(' ', map { purpose($_->{call}) } @sent) =~ s/(?<=find)(?: find)+//r;
    is "$job->{status} " . runs_of($t, $job) . ": $calls", $expected,
        "$name: it is looked for before it is repeated, if ever";
}

# The server closes kept connections between two jobs: that is no failure.
$emulator->fault({ on => call('forget') // call('start'), action => 'delay', ms => 0, close => \1, times => -1 });
for (1 .. 3) {
    my $job = run_job($t, 'Once more.');
    is "$job->{status} " . scalar(runs_of($t, $job)), 'COMPLETED 1',
        'a connection that was closed between two jobs does no harm';
    wait_until { !(runs_of($t, $job))[0]{thread_exists} };
}

done_testing;
