#!/usr/bin/env perl
# A client that gives the outputs of its tools, and then cancels before they are written down,
# has cancelled its job.
use FindBin;
use lib "$FindBin::Bin/lib";
use Edgerun::Test;
use Edgerun::Jobs;

my $t = Edgerun::Test->new(workers => 1);
$t->start_emulator;
$t->write_file('ask.json', '{"name": "ask", "parameters": {"type": "object"}}');
$t->write_conf(jobs_conf(
    provider => { assistant => 'helper', model => 'gpt-4o', run_timeout => '5m' },
    zone     => 'zone=jobs:4m journal=%%TESTDIR%%/journal sync=always',
    http     => 'edgerun_assistant helper { model gpt-4o; tool function ask.json; }',
));
$t->run;
wait_until { submit($t, 'Ready? [[duration=1]]')->{status} == 202 };

my $token = $t->token({ sub => 'alice' });
for my $round (1 .. 5) {
    # It goes on for long with its outputs, and is cancelled amid that.
    my $answer = submit($t, 'Ask. [[tools=ask]] [[duration=60000]]');
    await_run($t, $answer);
    $t->emulator->finish;
    my $job = $t->wait_for_job("/jobs/$answer->{json}{id}", token => $token, until => qr/REQUIRES_ACTION/)->{json};
    my @given = map { +{ toolCallId => $_->{id}, output => 'yes' } } @{ $job->{requiredAction}{toolCalls} };
    my ($giving, $cancelling) = map { $t->connect } 1 .. 2;
    $giving->write(Edgerun::Http::format_request(
        'POST', "/jobs/$job->{id}/tool_outputs", token => $token, json => { toolOutputs => \@given },
    ));
    $cancelling->write(Edgerun::Http::format_request('POST', "/jobs/$job->{id}/cancel", token => $token));
    my $cancelled = $cancelling->read_response(method => 'POST');
    is "$cancelled->{status} $cancelled->{json}{status}", '200 CANCELLED', "job $round is cancelled";
    $giving->read_response(method => 'POST');
}

done_testing;
