#!/usr/bin/env perl
# A worker that leaves while calls of tools wait for a connection awaits those that it has sent,
# and then gives the job away, however long clients keep it.
use FindBin;
use lib "$FindBin::Bin/lib";
use Edgerun::Test;
use Edgerun::Dialects;
use Edgerun::Http;
use Edgerun::Jobs;
use Edgerun::Tools;

my $CALLS = 60;    # several times what 32 connections allow at once

my $t = Edgerun::Test->new(workers => 1);
$t->start_emulator(duration => 50);
my $url = 'uri=' . $t->emulator->tool_url('one') . ' timeout=60s';
$t->write_file('nginx.conf', "%%GLOBALS%%\nevents { worker_connections 32; }\nhttp { %%HTTP%%\n"
    . tools_conf([ function_tool($t, 'one', $url) ], provider => { run_timeout => '5m' }) . '}');
$t->run;

my %slow = (on => 'tool', action => 'delay', times => -1);
$t->emulator->fault({ %slow, ms => 60_000 });
my $job = submit($t, question('Look.', [ ('one') x $CALLS ]))->{json};
ok wait_until { tool_calls($t) > 1 }, 'tools are called';
$job = job_of($t, $job);
my $waiting = $t->connect;
$waiting->write(Edgerun::Http::format_request('GET', "/jobs/$job->{id}",
    token => Edgerun::Jobs::token_of($t, 'alice'),
    headers => [ Prefer => 'wait=60', 'If-None-Match' => "\"$job->{version}\"" ]));
job_of($t, $job) for 1 .. 2;    # the one worker has read the request before these
ok $t->reload(old => 'stay'), 'a reload';
cmp_ok scalar(tool_calls($t)), '<', $CALLS / 2, 'before most of the round were';

# What the old worker sends from now on takes longer than it keeps a queue.
$t->emulator->clear_faults;
$t->emulator->fault({ %slow, ms => 300 });
$t->emulator->finish;
my $heard = $waiting->read_response(timeout => 50);
is $heard && $heard->{status}, 200, 'the client that waits is told how the job went on';
($job) = finish($t, [$job]);
is $job->{status}, 'COMPLETED', 'which completes' or diag error_of($job);
my %ids = map { $_->{told}{toolCallId} => 1 } tool_calls($t);
is scalar keys %ids, $CALLS, 'each tool of the round was called';
my $told = outputs_told($t);
is scalar(grep { /^\{"tool":"one"/ } values %$told), $CALLS, 'and the model is told of all';
is_deeply [ map { "$_->{call} $_->{status}" } grep { ($_->{status} // 0) >= 400 } @{ $t->emulator->log } ], [],
    'the provider refused nothing';

done_testing;
