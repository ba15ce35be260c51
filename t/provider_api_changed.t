#!/usr/bin/env perl
# A provider that speaks another dialect after a reload does not take the jobs of the former one.
use FindBin;
use lib "$FindBin::Bin/lib";
use Edgerun::Test;
use Edgerun::Jobs;

my $t = Edgerun::Test->new;
$t->start_emulator;
$t->write_conf(jobs_conf(provider => { api => 'assistants', assistant => 'asst_demo' }));
$t->run;

my $job = run_job($t, 'Think. [[duration=60000]]', until => qr/^RUNNING$/);
$t->write_conf(jobs_conf(provider => { api => 'chat', model => 'gpt-4.1', assistant => undef }));
$t->reload;
my ($last) = finish($t, [$job]);
is error_of($last), '502 ProviderUnavailable: the job\'s provider is not configured any more',
    'a running job ends with an error that says so';
is scalar @{ $t->emulator->log(call => 'create_completion') }, 0, 'nothing is started for it anew';
is run_job($t, 'Hello.')->{status}, 'COMPLETED', 'new jobs are the new dialect\'s';

done_testing;
