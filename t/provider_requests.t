#!/usr/bin/env perl
# What the provider is sent, to the letter.
use FindBin;
use lib "$FindBin::Bin/lib";
use Edgerun::Test;
use Edgerun::Jobs;
use Encode qw(encode_utf8);
use JSON::PP;

my $t = Edgerun::Test->new(env => { AZURE_KEY => 'sk-azure' });
$t->start_emulator;
my $emulator = $t->emulator;

sub sent {
    my ($call) = @_;
    my $entries = $emulator->log(defined $call ? (call => $call) : ());
    return wantarray ? @$entries : $entries->[0];
}

$t->write_conf(jobs_conf());
$t->run;
my $job = run_job($t, "Say \"hi\"\n[[answer=hi]]", metadata => { ticket => '17', "k\"\x{e9}y" => 'v' });
is $job->{status}, 'COMPLETED', 'the strict emulator takes everything';
wait_until { sent('delete_thread') };

my $host = '127.0.0.1:' . $emulator->port;
my %common = (
    host          => $host,
    authorization => 'Bearer sk-emulator',
    'openai-beta' => 'assistants=v2',
    accept        => 'application/json',
    'user-agent'  => 'edgerun',
);
for my $entry (sent()) {
    my %headers = %{ $entry->{headers} };
    my $length = delete $headers{'content-length'};
    my $type   = delete $headers{'content-type'};
    is_deeply \%headers, \%common, "$entry->{call}: the common headers and no others";
    my $hasBody = length($entry->{body} // '') > 0;
    is $type, $hasBody ? 'application/json' : undef, "$entry->{call}: a type only with a body";
    is $length, $hasBody ? $entry->{body_bytes} : undef, "$entry->{call}: and a length"
        if $entry->{method} ne 'POST' || $hasBody;
}

my $thread = "/v1/threads/$job->{threadId}";
is_deeply [ map { "$_->{method} $_->{path}" . (length $_->{query} ? "?$_->{query}" : '') }
        grep { $_->{call} ne 'poll_run' } sent() ],
    [
    'POST /v1/threads',
    "POST $thread/messages",
    "POST $thread/runs",
    "GET $thread/runs/$job->{runId}/steps?limit=100&order=asc",
    "GET $thread/messages?run_id=$job->{runId}&limit=100&order=desc",
    "DELETE $thread",
    ],
    'a job is six calls and its polls';

my $decode = sub { decode_json(encode_utf8($_[0]{body})) };
my %tag = (edgerun_job => $job->{id});
is_deeply $decode->(sent('create_thread')), { metadata => {%tag} }, 'the thread names the job';
is_deeply $decode->(sent('add_message')),
    { role => 'user', content => "Say \"hi\"\n[[answer=hi]]", metadata => {%tag} },
    'the message is the query';
is_deeply $decode->(sent('create_run')),
    {
    assistant_id => 'asst_demo',
    metadata     => { %tag, ticket => '17', "k\"\x{e9}y" => 'v' },
    },
    'the run has the assistant, and the client\'s metadata beside the job\'s id';

is submit($t, 'Mine!', metadata => { edgerun_job => 'forged' })->{status}, 400,
    'a client cannot forge the job\'s id';

# All that changes its requests, as Azure wants it. The emulator is OpenAI: a
# proxy before it takes away what that would refuse, and notes what came.
$t->stop;
$emulator->reset;
$t->write_conf(
    jobs_conf(
        provider => {
            base_url       => 'http://127.0.0.1:%%PORT_1%%/azure/v1/',
            api_key        => 'env:AZURE_KEY',
            api_key_header => '"api-key:"',
            organization   => 'org-abc',
            project        => 'proj_abc',
            header         => [ 'X-Team "front door"', 'X-Cost-Centre 12' ],
            query          => [ 'api-version=v1', 'trace=a%20b' ],
            assistant      => undef,
        },
        jobs => 'assistant=$arg_assistant',
        http => <<"END",
    log_format provider '\$request_method \$request_uri|\$http_api_key|\$http_authorization|';
    server {
        listen 127.0.0.1:%%PORT_1%%;
        access_log logs/provider.log provider;
        location /azure/v1/ {
            if (\$args ~ "^(.*?)&?api-version=v1&trace=a%20b\$") {
                set \$args \$1;
            }
            proxy_set_header Authorization "Bearer $Edgerun::Test::API_KEY";
            proxy_pass %%EMULATOR%%/;
        }
    }
END
    )
);
$t->run;
my $answer = submit($t, 'Hello. [[answer=Hi]]', path => '/jobs?assistant=asst_demo');
($job) = finish($t, [$answer]);
is $job->{answer}, 'Hi', 'a job runs there too';

my @lines;
wait_until {
    @lines = grep { !m{/runs/} } split /\n/, Edgerun::Process::slurp($t->dir . '/logs/provider.log');
    @lines == 5;
};
my $base = '/azure/v1/threads';
my $extra = 'api-version=v1&trace=a%20b';
$thread = "$base/$job->{threadId}";
is_deeply \@lines,
    [
    map { "$_|sk-azure|-|" } "POST $base?$extra",
    "POST $thread/messages?$extra",
    "POST $thread/runs?$extra",
    "GET $thread/messages?run_id=$job->{runId}&limit=100&order=desc&$extra",
    "DELETE $thread?$extra",
    ],
    'api_key_header and query change each call; base_url may end with a slash';

my $run = sent('create_run');
is $decode->($run)->{assistant_id}, 'asst_demo', 'the assistant may come from a variable';
is $run->{headers}{'openai-organization'}, 'org-abc', 'organization is sent';
is $run->{headers}{'openai-project'}, 'proj_abc', 'project is sent';
is $run->{headers}{'x-team'}, 'front door', 'header is sent';
is $run->{headers}{'x-cost-centre'}, '12', 'and may be repeated';
is submit($t, 'Hello.', path => '/jobs?assistant=../x')->{status}, 404,
    'an assistant from a variable must be an id';

done_testing;
