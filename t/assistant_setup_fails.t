#!/usr/bin/env perl
# One job at a time sets an assistant up. When it ends without having done so, the next one
# tries at once.
use FindBin;
use lib "$FindBin::Bin/lib";
use Edgerun::Test;
use Edgerun::Jobs;

my $t = Edgerun::Test->new;
$t->start_emulator(duration => 50);
$t->write_conf(jobs_conf(
    provider => { assistant => 'helper', model => 'gpt-4o', request_timeout => '60s' },
    http     => 'edgerun_assistant helper { model gpt-4o; }',
));
$t->run;

$t->emulator->fault({ on => 'create_assistant', action => 'status', status => 400, times => 3 });
like error_of(run_job($t, "Job $_")), qr/^502 ProviderError: could not create the assistant/,
    "job $_ is told why there is no assistant" for 1 .. 3;
is run_job($t, 'Job 4')->{status}, 'COMPLETED', 'and the next one creates it';

$t->emulator->reset;
$t->write_conf(jobs_conf(
    provider => { assistant => 'other', model => 'gpt-4o', request_timeout => '60s' },
    http     => 'edgerun_assistant other { model gpt-4o; }',
));
$t->reload;
$t->emulator->fault({ on => 'list_assistants', action => 'hang', times => 1 });
my $first = submit($t, 'Never mind.');
wait_until { @{ $t->emulator->log(call => 'list_assistants') } };
my $path = $first->{headers}{location} =~ s{^https?://[^/]+}{}r;
is $t->post("$path/cancel", token => $t->token({ sub => 'alice' }))->{status}, 200, 'a job is cancelled meanwhile';
is run_job($t, 'Me, too.')->{status}, 'COMPLETED', 'which keeps nobody waiting';

done_testing;
