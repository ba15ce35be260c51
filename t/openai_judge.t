#!/usr/bin/env perl
# The judge of t/openai_requests.t: requests that are right, and some that are wrong in one
# thing each.
use FindBin;
use lib "$FindBin::Bin/lib";
use Edgerun::Test;
use Edgerun::Node;
use JSON::PP;

need_node();

sub verdicts {
    my @requests = @_;
    return run_node('check_requests.mjs', [], JSON::PP->new->utf8->encode(\@requests));
}

my %right = (
    method  => 'POST',
    path    => '/v1/threads/thread_1/runs',
    query   => '',
    headers => {
        'authorization' => 'Bearer sk-x',
        'openai-beta'   => 'assistants=v2',
        'content-type'  => 'application/json',
    },
    body => '{"assistant_id":"asst_1","metadata":{"a":"b"}}',
);
my $question = '"model":"m","messages":[{"role":"user","content":"x"}]';
my $flat     = '"tools":[{"type":"function","name":"f","parameters":{}}]';
my $nested   = '"tools":[{"type":"function","function":{"name":"f","parameters":{}}}]';
my %chat     = (path => '/v1/chat/completions');
my %list     = (method => 'GET', body => '');
sub body    { return (body => '{"assistant_id":"a",' . $_[0] . '}') }
sub without { return (headers => { %{ $right{headers} }, $_[0] => undef }) }

my @judged = (
    [ 'a right one' => qr/^right / ],
    [ 'an unknown member'           => qr/^wrong .*\(metdata\)/,    body('"metdata":{}') ],
    [ 'a missing member'            => qr/^wrong .*'assistant_id'/, body => '{}' ],
    [ 'a member of another type'    => qr{^wrong .*metadata/a},     body('"metadata":{"a":1}') ],
    [ 'a member in the wrong place' => qr/^wrong .*body: include/,  body('"include":[]') ],
    [ 'a body that is cut'          => qr/^wrong .*not JSON/,       body => '{"assistant_id":"a' ],
    [ 'an unknown query argument'   => qr/^wrong .*query: limit/,   query => 'limit=3' ],
    [ 'an unknown path'             => qr/^wrong .*no such call/,   path => '/v1/threads/t/run' ],
    [ 'an unknown method'           => qr/^wrong .*no such call/,   method => 'PUT' ],
    [ 'a missing header' => qr/^wrong .*openai-beta: missing/,      without('openai-beta') ],
    [ 'a missing key'    => qr/^wrong .*authorization: missing/,    without('authorization') ],
    [ 'a right list'     => qr/^right /,         %list, query => 'limit=10&order=asc' ],
    [ 'an unknown order' => qr/^wrong .*order/,  %list, query => 'order=up' ],
    [ 'a limit in words' => qr/^wrong .*limit/,  %list, query => 'limit=ten' ],
    [ 'chat\'s tools'    => qr/^right /,         %chat, body => "{$question,$nested}" ],
    [ 'flat tools in chat' => qr/^wrong POST/,   %chat, body => "{$question,$flat}" ],
    [
        'nested tools in responses' => qr/^wrong POST/,
        path => '/v1/responses',
        body => "{\"model\":\"m\",\"input\":\"x\",$nested}"
    ],
);
my @answers = verdicts(map { my (undef, undef, %change) = @$_; +{ %right, %change } } @judged);
like $answers[$_], $judged[$_][1], "the judge knows $judged[$_][0]" for 0 .. $#judged;

done_testing;
