#!/usr/bin/env perl
# A run that takes too long ends as a 504 in the job, and upstream too.
use FindBin;
use lib "$FindBin::Bin/lib";
use Edgerun::Test;
use Edgerun::Dialects;
use Edgerun::Jobs;

my $t = Edgerun::Test->new;
$t->start_emulator(duration => 60_000, cancel => 200);
$t->write_conf(jobs_conf(provider => { run_timeout => '1s' }));
$t->run;

# OPTIONS: query; has_run => 1: only a job whose run began in time will do.
sub times_out {
    my ($name, $fault, %options) = @_;
    my $job;
    wait_until {
        $t->emulator->clear_faults;
        $t->emulator->fault($fault) if $fault;
        $job = run_job($t, $options{query} // 'Think long.');
        return !$options{has_run} || runs_of($t, $job);
    };
    is error_of($job), '504 RunTimeout: the run did not end within 1 s', "$name: a 504";
    is $job->{status}, 'FAILED', "$name: the job has failed";
    ok !exists $job->{answer}, "$name: without an answer";
    return $job;
}

sub is_cancelled {
    my ($job, $what) = @_;
    ok wait_until { (runs_of($t, $job))[0]{status} eq 'cancelled' }, "$what is cancelled upstream";
    ok wait_until { !(runs_of($t, $job))[0]{thread_exists} }, 'and its thread deleted';
    return;
}

my $job = times_out('a long run', undef, has_run => 1);
is_cancelled($job, 'its run');
if (call('cancel')) {
    my ($cancel) = @{ $t->emulator->log(call => call('cancel')) };
    is_deeply [ @{ $cancel->{headers} }{qw(content-type content-length)} ], [ undef, '0' ],
        'by a call without a body, and so without a type';
}

$job = times_out('a create call that hangs', { on => call('start'), action => 'hang' });
is scalar(runs_of($t, $job)), 0, 'no run was started';

# The answer is lost; by the time it is looked for, the job is over.
$job = times_out('a run whose start got lost', { on => call('start'), action => 'hang', carried_out => \1 },
    has_run => 1);
is scalar(runs_of($t, $job)), 1, 'it was started once';
ok wait_until { (runs_of($t, $job))[0]{status} eq dialect('lost_run') }, 'and ends as far as it can be found';
ok wait_until { !(runs_of($t, $job))[0]{thread_exists} }, 'and its thread is deleted';

if (call('poll')) {
    $job = times_out('a poll that hangs', { on => call('poll'), action => 'hang' }, has_run => 1);
    is_cancelled($job, 'its run');
}
times_out('a list that hangs', { on => call('answer'), action => 'hang' }, query => 'Quick. [[duration=1]]') if call('answer');
if (call('thread')) {
    $job = times_out('a thread that hangs', { on => call('thread'), action => 'hang' });
    ok !exists $job->{threadId}, 'there is no thread to show';
}

done_testing;
