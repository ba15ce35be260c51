#!/usr/bin/env perl
# max_fails counts what a provider fails to do, not what its calls wait for at edgerun: here
# for max_transfers.
use FindBin;
use lib "$FindBin::Bin/lib";
use Edgerun::Test;
use Edgerun::Jobs;

my $t = Edgerun::Test->new(workers => 1);
$t->start_emulator(duration => 50);
$t->write_conf(jobs_conf(
    provider => {
        max_transfers => 1, request_timeout => '13s', retries => 0, max_fails => 1, fail_timeout => '60s',
    },
));
$t->run;

$t->emulator->fault({ on => 'create_thread', action => 'delay', ms => 8000, times => -1 });
my @jobs = finish($t, [ map { submit($t, "Job $_") } 1 .. 4 ]);
is $jobs[0]{status}, 'COMPLETED', 'a slow provider answers in time';
my @failed = grep { $_->{status} eq 'FAILED' } @jobs;
ok scalar @failed, 'but not all calls could be made in time';
unlike $t->error_log, qr/leave it alone/, 'which is no fault of the provider';

$t->emulator->clear_faults;
is run_job($t, 'Later.')->{status}, 'COMPLETED', 'so the next job begins there';

done_testing;
