#!/usr/bin/env perl
# A function with uri=: edgerun POSTs each call to it, as the operator wrote it and for
# the user who asked, and hands the answer to the model.
use FindBin;
use lib "$FindBin::Bin/lib";
use Edgerun::Test;
use Edgerun::Jobs;

use JSON::PP;

my $t = Edgerun::Test->new;
$t->start_emulator(duration => 50);
$t->write_file('lookup.json', '{"name": "lookup", "parameters": {"type": "object"}}');
$t->write_file('where.json', '{"name": "where"}');
my $uri = $t->emulator->tool_url('lookup');
my $assistant = <<"END";
    edgerun_assistant helper {
        tool function lookup.json uri=$uri;
        tool function where.json uri=http://127.0.0.1:%%PORT_1%%/where/?key=1&on;
    }
    server { listen 127.0.0.1:%%PORT_1%%; location / { return 200 "\$request_method \$request_uri"; } }
END

for my $api (qw(assistants responses chat)) {
    $t->emulator->reset;
    $t->write_conf(jobs_conf(
        provider => { api => $api, assistant => 'helper', model => 'gpt-4o' },
        http     => $assistant,
    ));
    $t->pid ? $t->reload : $t->run;

    my $job = run_job($t, 'Look. [[tools=lookup,where]][[tool_arguments={"a":"b"}]]', user => 'ada');
    is $job->{status}, 'COMPLETED', "$api: a job with a function completes" or diag error_of($job);
    my @calls = @{ $t->emulator->log(call => 'tool') };
    is scalar @calls, 1, 'whose endpoint was called once';
    my $body = decode_json($calls[0]{body});
    like delete $body->{toolCallId}, qr/^call_/, 'with the id of the call';
    is_deeply $body, { tool => 'lookup', arguments => { a => 'b' }, jobId => $job->{id}, user => 'ada' },
        'its arguments, the job, and the user who asked';

    my $steps = $t->get("/jobs/$job->{id}?include=steps", token => $t->token({ sub => 'ada' }))->{json}{steps};
    my ($lookup, $where) = grep { $_->{type} eq 'function' } @$steps;
    is "$lookup->{name} $lookup->{arguments}", 'lookup {"a":"b"}', 'the steps show the call';
    is_deeply decode_json($lookup->{output}), { tool => 'lookup', echo => { a => 'b' } }, 'and what came of it';
    is $where->{output}, 'POST /where/?key=1&on', 'each uri is called as it was written';
}

done_testing;
