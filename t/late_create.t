#!/usr/bin/env perl
# A call that starts a run waits long for a connection, loses its answer, and is
# carried out later still: it is looked for long enough.
use FindBin;
use lib "$FindBin::Bin/lib";
use Edgerun::Test;
use Edgerun::Dialects qw(assistants responses);
use Edgerun::Jobs;

my $t = Edgerun::Test->new(workers => 1);
$t->start_emulator(duration => 300);
$t->write_conf(jobs_conf(provider => {
    max_transfers => 1, poll_interval => '1s', keep_threads => 'on', run_timeout => '5m',
}));
$t->run;

# The only connection is held for three seconds by another job's poll.
my $emulator = $t->emulator;
$emulator->fault($_) for
    { on => call('start'), match => 'victim', action => 'late', ms => 1000 },
    { on => call('poll'),  action => 'delay', ms => 3000 };
my $other = submit($t, 'Hold. [[duration=9000]]');
wait_until { @{ $emulator->log(call => call('start')) } };
$emulator->fault({ on => call('thread'), action => 'delay', ms => 1200 });
my ($job) = finish($t, [ submit($t, 'Mine.', metadata => { x => 'victim' }) ], timeout => 60);

is $job->{status}, 'COMPLETED', 'the job ends well';
is scalar(runs_of($t, $job)), 1, 'and one run was started for it';

done_testing;
