#!/usr/bin/env perl
# A function with uri=: edgerun POSTs each call to it, as the operator wrote it and for
# the user who asked, and hands the answer to the model.
use FindBin;
use lib "$FindBin::Bin/lib";
use Edgerun::Test;
use Edgerun::Jobs;

use JSON::PP;

my $KEY = 'a-key-of-the-tools/+';

my $t = Edgerun::Test->new(env => { TOOL_KEY => "Bearer $KEY", EMPTY => '' });
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

# ------------------------------------------------------------------ headers

# /where repeats the key that it was given; $other is one more line of an assistant.
sub headers_conf {
    my ($other) = @_;
    return jobs_conf(
        provider => { api => 'chat', assistant => 'helper', model => 'gpt-4o' },
        http     => <<"END",
    edgerun_assistant helper {
        tool function lookup.json uri=$uri;
        tool function where.json uri=http://127.0.0.1:%%PORT_1%%/;
        header Authorization env:TOOL_KEY;
        header X-Tenant demo;
        $other
    }
    server { listen 127.0.0.1:%%PORT_1%%; location / { return 200 "\$http_x_tenant: \$http_authorization"; } }
END
    );
}
$t->emulator->reset;
$t->write_conf(headers_conf(''));
$t->reload;

my $job = run_job($t, 'Look. [[tools=lookup,where]][[tool_arguments={"a":"b"}]]', user => 'ada');
is $job->{status}, 'COMPLETED', 'a job with headers for its functions completes' or diag error_of($job);
my ($seen) = @{ $t->emulator->log(call => 'tool') };
is $seen->{headers}{authorization}, "Bearer $KEY", 'the endpoint sees the secret of "header"';
is $seen->{headers}{'x-tenant'}, 'demo', 'and a value that is none';
my @told = @{ $t->emulator->log(call => 'create_completion') };
is scalar @told, 2, 'the model is asked twice';
is scalar(grep { encode_json($_) =~ /\Q$KEY\E|X-Tenant/i } @told), 0, '... without any of it';
my $shown = $t->get("/jobs/$job->{id}?include=steps", token => $t->token({ sub => 'ada' }));
my ($where) = grep { ($_->{name} // '') eq 'where' } @{ $shown->{json}{steps} };
is $where->{output}, 'demo: Bearer ' . '*' x length $KEY, 'where an endpoint repeats it, it is hidden';
unlike $shown->{body}, qr/\Q$KEY\E/, 'the job does not show it';
unlike $t->error_log, qr/\Q$KEY\E/, 'it stands in no log';

$t->write_file('empty_key', "\n");
chmod 0600, $t->dir . '/empty_key';
for (
    [ 'header X-Key env:EMPTY;',      '(env:EMPTY is unset or empty)' ],
    [ 'header X-Key env:NOT_SET;',    '(env:NOT_SET is unset or empty)' ],
    [ 'header X-Key file:empty_key;', '(its file is unset or empty)' ],
) {
    my ($line, $why) = @$_;
    $t->write_conf(headers_conf($line));
    $t->reload;
    my $answer = submit($t, 'Look.', user => 'ada');
    is $answer->{status}, 503, "$line: 503";
    is $answer->{json}{message}, qq(set header "X-Key" in edgerun_assistant "helper" $why), 'with what is to be set';
}

done_testing;
