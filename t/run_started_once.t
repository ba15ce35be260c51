#!/usr/bin/env perl
# A kept connection that ends under the call that starts a run: HTTP libraries
# repeat such a request silently, which here would start a second run.
use FindBin;
use lib "$FindBin::Bin/lib";
use Edgerun::Test;
use Edgerun::Jobs;

my $t = Edgerun::Test->new(workers => 1);
$t->start_emulator(duration => 300);
$t->write_conf(jobs_conf(provider => { start_grace => '500ms' }));
$t->run;
my $emulator = $t->emulator;
run_job($t, 'Warm up.');
wait_until { @{ $emulator->log(call => 'delete_thread') } };

sub calls_of_run {
    my ($job) = @_;
    return grep { $_->{call} =~ /_runs?$/ && $_->{call} ne 'poll_run' && $_->{path} =~ /$job->{threadId}/ }
        @{ $emulator->log };
}

for my $case (
    [ 'an end',    { action => 'cut_after' },               'create_run list_runs' ],
    [ 'a reset',   { action => 'cut_after', reset => \1 },  'create_run list_runs' ],
    [ 'an end before it was carried out', { action => 'cut_before' }, 'create_run list_runs create_run' ],
    [ 'a reset before it was carried out', { action => 'cut_before', reset => \1 }, 'create_run list_runs create_run' ],
    [ 'half an answer', { action => 'cut_mid_body' },       'create_run list_runs' ],
    )
{
    my ($name, $fault, $calls) = @$case;
    my %known = map { $_->{connection} => 1 } @{ $emulator->log };
    $emulator->fault({ on => 'create_run', %$fault });
    my $job = run_job($t, 'Once, please.');
    my @sent = calls_of_run($job);
    ok $known{ $sent[0]{connection} }, "$name: the connection was a kept one";
    is join(' ', map { $_->{call} } @sent), $calls, "$name: it is looked for before it is repeated";
    is "$job->{status} " . scalar(runs_of($t, $job)), 'COMPLETED 1', "$name: one run is started";
}

# The server closes kept connections between two jobs: that is no failure.
$emulator->fault({ on => 'delete_thread', action => 'delay', ms => 0, close => \1, times => -1 });
for (1 .. 3) {
    my $job = run_job($t, 'Once more.');
    is "$job->{status} " . scalar(runs_of($t, $job)), 'COMPLETED 1',
        'a connection that was closed between two jobs does no harm';
    wait_until { !(runs_of($t, $job))[0]{thread_exists} };
}

done_testing;
