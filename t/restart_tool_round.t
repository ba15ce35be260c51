#!/usr/bin/env perl
# With a journal, a response that goes on with the outputs of tools is polled after a restart,
# though no conversation tells that it was started.
use FindBin;
use lib "$FindBin::Bin/lib";
use Edgerun::Test;
use Edgerun::Jobs;

my $t = Edgerun::Test->new;
$t->start_emulator(duration => 100);
$t->write_file('lookup.json', '{"name": "lookup", "parameters": {"type": "object"}}');
my $uri = $t->emulator->tool_url('lookup');
$t->write_conf(jobs_conf(
    provider => { api => 'responses', assistant => 'helper', model => 'gpt-4o', conversations => 'off' },
    zone     => 'zone=jobs:4m journal=%%TESTDIR%%/journal sync=always',
    http     => "edgerun_assistant helper { tool function lookup.json uri=$uri; }",
));
$t->run;
wait_until { submit($t, 'Ready? [[duration=1]]')->{status} == 202 };

my $answer = submit($t, 'Look. [[tools=lookup]][[duration=2000]]');
my $second = wait_until {
    my ($response) = grep { $_->{rounds} == 1 } @{ $t->emulator->runs };
    return $response;
};
wait_until { grep { $_->{path} =~ /\Q$second->{id}\E/ } @{ $t->emulator->log(call => 'poll_response') } };
$t->kill_all;
$t->run;

my ($job) = finish($t, [$answer]);
is $job->{status}, 'COMPLETED', 'the job completes' or diag error_of($job);
is $job->{runId}, $second->{id}, 'by the response that it had';
is scalar(grep { $_->{question} =~ /^Look/ } @{ $t->emulator->runs }), 2, 'and no other was started';

done_testing;
