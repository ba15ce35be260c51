#!/usr/bin/env perl
# What is no submission is refused with a reason, and costs nothing upstream.
use FindBin;
use lib "$FindBin::Bin/lib";
use Edgerun::Test;

my $t = Edgerun::Test->new(env => { NO_KEY => undef, EMPTY_KEY => '' });
$t->start_emulator;

$t->write_conf(<<'END');
    edgerun_auth_jwt "site";
    edgerun_auth_jwt_secret env:EDGERUN_JWT_SECRET;

    edgerun_provider main {
        api assistants; base_url %%EMULATOR%%; api_key env:OPENAI_API_KEY; assistant asst_demo;
    }
    edgerun_provider no_key { api assistants; base_url %%EMULATOR%%; assistant asst_demo; }
    edgerun_provider unset { api assistants; base_url %%EMULATOR%%; api_key env:NO_KEY; assistant asst_demo; }
    edgerun_provider empty { api assistants; base_url %%EMULATOR%%; api_key env:EMPTY_KEY; }
    edgerun_provider no_assistant { api assistants; base_url %%EMULATOR%%; api_key env:OPENAI_API_KEY; }
    edgerun_job_zone zone=jobs:8m;

    server {
        listen 127.0.0.1:%%PORT_0%%;
        location /jobs { edgerun_jobs zone=jobs provider=main; }
        location /no_key { edgerun_jobs zone=jobs provider=no_key; }
        location /unset { edgerun_jobs zone=jobs provider=unset; }
        location /empty { edgerun_jobs zone=jobs provider=empty; }
        location /no_assistant { edgerun_jobs zone=jobs provider=no_assistant; }
        location /page { error_page 400 415 =200 /hint; edgerun_jobs zone=jobs provider=main; }
        location /hint { edgerun_auth_jwt off; return 200 "a hint: $edgerun_error"; }
    }
END
$t->run;

my $token = $t->token({ sub => 'alice' });
my @json = ('Content-Type' => 'application/json');

# The answer to a body of these bytes.
sub submit {
    my ($body, %options) = @_;
    return $t->post($options{uri} // '/jobs', token => $token, headers => \@json, body => $body, %options);
}

sub error_is {
    my ($answer, $status, $name, $message, $what) = @_;
    is $answer->{status}, $status, $what;
    my %error = %{ $answer->{json} // {} };
    is_deeply [ sort keys %error ], [qw(error message statusCode)], '... an error object';
    is_deeply [ @error{qw(error statusCode)} ], [ $name, $status ], '... of this name and status';
    like $error{message} // '', $message, '... which says why';
    is $answer->{headers}{'content-type'}, 'application/json', '... in JSON';
    return;
}

# ---------------------------------------------------------------------- 400

error_is submit($_->[0]), 400, 'BadRequest', qr/^the body is not valid JSON$/, "$_->[1] is not JSON" for (
    [ '',                          'nothing' ],
    [ ' ',                         'blank' ],
    [ 'query=hello',               'a form' ],
    [ '{"query":"hello"',          'half an object' ],
    [ '{"query":"hello"} x',       'an object and more' ],
    [ '{"query":"hello"}{}',       'two objects' ],
    [ "{'query':'hello'}",         'single quotes' ],
    [ '{"query":"a","query":"b"}', 'a member that stands twice' ],
    [ '{"query":"a","qu\u0065ry":"b"}', 'one that stands twice in disguise' ],
    [ '{"query":"a\u0000b"}',      'NUL in a text' ],
    [ "{\"query\":\"a\0b\"}",      'a raw NUL' ],
    [ "{\"query\":\"a\nb\"}",      'a raw newline in a text' ],
    [ "{\"query\":\"\xff\"}",      'a byte that is not UTF-8' ],
    [ "{\"query\":\"\xc0\xaf\"}",  'overlong UTF-8' ],
    [ "{\"query\":\"\xed\xa0\x80\"}", 'half a surrogate pair in UTF-8' ],
    [ '{"query":"\ud800"}',        'half a surrogate pair in JSON' ],
    [ "\xef\xbb\xbf{\"query\":\"a\"}", 'a byte order mark' ],
    [ '{"query":NaN}',             'NaN' ],
    [ '{"query":"a","metadata":' . '[' x 5000 . ']' x 5000 . '}', 'deep nesting' ],
);

error_is submit($_), 400, 'BadRequest', qr/^the body must be a JSON object$/, "$_ is no object"
    for '[]', '"query"', '17', 'null', '[{"query":"hello"}]';

error_is submit($_->[0]), 400, 'BadRequest', $_->[1], $_->[0] for (
    [ '{}',                        qr/^"query" is missing$/ ],
    [ '{"metadata":{}}',           qr/^"query" is missing$/ ],
    [ '{"query":""}',              qr/^"query" must not be empty$/ ],
    [ '{"query":" \t\r\n "}',      qr/^"query" must not be empty$/ ],
    ( map { [ "{\"query\":$_}",    qr/^"query" must be a string$/ ] } qw(17 null true [] {} ["a"]) ),
    [ '{"query":"a","model":"gpt"}', qr/^unknown member "model"; the body takes "query", "threadId" and "metadata"$/ ],
    [ '{"Query":"a"}',             qr/^unknown member "Query"/ ],
    [ '{"query":"a","' . 'x' x 500 . '":1}', qr/^unknown member "x{64}"/ ],
    [ '{"query":"a","b\u000d\u000ac":1}', qr/^unknown member "b\r\nc"/ ],
);

error_is submit("{\"query\":\"a\",\"threadId\":$_}"), 400, 'BadRequest',
    qr/^"threadId" must be the id of a thread$/, "threadId $_"
    for '""', '17', 'null', '[]', '"a b"', '"../runs"', '"a/b"', '"a%2fb"', '"a?b"', '"thread_\u00e4"',
    '"' . 'a' x 200 . '"';
error_is submit('{"query":"a","threadId":"thread_unknown"}'), 404, 'NotFound', qr/thread/,
    'a thread that nobody has';

my %pairs = map { ("n$_" => 'v') } 1 .. 16;
my $sixteen = join ',', map { "\"$_\":\"v\"" } sort keys %pairs;
error_is submit("{\"query\":\"a\",\"metadata\":$_->[0]}"), 400, 'BadRequest', $_->[1], "metadata: $_->[2]" for (
    [ "{$sixteen}",           qr/at most 15 members/, 'too many members' ],
    [ '[]',                   qr/must be an object/, 'an array' ],
    [ 'null',                 qr/must be an object/, 'null' ],
    [ '"a"',                  qr/must be an object/, 'a string' ],
    [ '{"a":1}',              qr/names of at most 64 characters and strings of at most 512/, 'a number' ],
    [ '{"a":{"b":"c"}}',      qr/names of at most 64/, 'an object inside' ],
    [ '{"' . 'a' x 65 . '":"b"}', qr/names of at most 64/, 'a long name' ],
    [ '{"a":"' . 'b' x 513 . '"}', qr/strings of at most 512/, 'a long value' ],
    [ '{"edgerun_job":"b"}',  qr/edgerun_job/, 'a name of ours' ],
);
is submit("{\"query\":\"a\",\"metadata\":$_->[0]}")->{status}, 202, "metadata: $_->[1]" for (
    [ '{}', 'none' ],
    [ '{"' . "\xc3\xa4" x 64 . '":"' . "\xf0\x9f\x90\x9f" x 512 . '"}', 'counted in characters' ],
    [ '{' . $sixteen =~ s/"n1":"v",//r . '}', '15 members' ],
);

# ------------------------------------------------------- 415, 405, 503, 404

my $good = '{"query":"hello"}';
error_is submit($good, headers => $_->[0]), 415, 'UnsupportedMediaType', qr{application/json},
    "$_->[1] is not JSON's content type" for (
    [ [], 'none' ],
    [ [ 'Content-Type' => '' ], 'an empty one' ],
    [ [ 'Content-Type' => 'text/plain' ], 'text/plain' ],
    [ [ 'Content-Type' => 'application/x-www-form-urlencoded' ], 'that of forms' ],
    [ [ 'Content-Type' => 'application/jsonp' ], 'a longer one' ],
    [ [ 'Content-Type' => 'application' ], 'a shorter one' ],
    [ [ 'Content-Type' => 'application/problem+json' ], 'that of errors' ],
    [ [ 'Content-Type' => 'text/plain; application/json' ], 'a parameter' ],
);
is submit($good, headers => [ 'Content-Type' => $_ ])->{status}, 202, "$_ is"
    for 'application/json; charset=utf-8', 'application/json;charset=UTF-8', 'Application/JSON', 'application/json ;x=y';

for my $method (qw(PUT DELETE PATCH OPTIONS PROPFIND)) {
    my $answer = $t->request($method, '/jobs', token => $token, headers => \@json, body => $good);
    error_is $answer, 405, 'MethodNotAllowed', qr/allowed: GET, HEAD, POST$/, "$method submits nothing";
    is $answer->{headers}{allow}, 'GET, HEAD, POST', '... Allow says what is there';
}
for my $method (qw(POST PUT PATCH)) {
    my $answer = $t->request($method, '/jobs/AAAAAAAAAAAAAAAAAAAAAAAAAAAA', token => $token, headers => \@json, body => $good);
    is $answer->{status}, 405, "$method on a job is refused";
    is $answer->{headers}{allow}, 'GET, HEAD, DELETE', '... Allow says what is not';
}

my %missing = (
    '/no_key'       => qr/^set api_key in edgerun_provider "no_key"$/,
    '/unset'        => qr/^set api_key in edgerun_provider "unset" \(env:NO_KEY is unset or empty\)$/,
    '/empty'        => qr/^set api_key in edgerun_provider "empty" \(env:EMPTY_KEY is unset or empty\); set assistant in edgerun_provider "empty"/,
    '/no_assistant' => qr/^set assistant in edgerun_provider "no_assistant" or in edgerun_jobs$/,
);
for my $uri (sort keys %missing) {
    my $answer = submit($good, uri => $uri);
    error_is $answer, 503, 'ServiceUnavailable', $missing{$uri}, "$uri lacks something";
    ok !exists $answer->{headers}{'retry-after'}, '... that time alone does not bring';
    is $t->get("$uri/AAAAAAAAAAAAAAAAAAAAAAAAAAAA", token => $token)->{status}, 404, '... jobs can be asked for';
}
is $t->post('/no_key', headers => \@json, body => $good)->{status}, 401, 'who is not let in learns nothing of it';

# ------------------------------------------------------------------- others

is submit('nonsense', uri => '/page')->{body}, 'a hint: BadRequest', 'error_page may explain';
is $t->post('/jobs', headers => \@json, body => 'nonsense')->{status}, 401,
    'who is not let in is not told of the body';

ok wait_until { @{ $t->emulator->log(call => 'create_run') } == 7 }, 'only what was accepted was asked upstream'
    or diag scalar @{ $t->emulator->log(call => 'create_run') };

done_testing;
