#!/usr/bin/env perl
# However the body comes - in pieces, in chunks, by file, pipelined, too large or
# never whole - the answer is right and the connection stays usable.
use FindBin;
use lib "$FindBin::Bin/lib";
use Edgerun::Test;
use Edgerun::Dialects;

my $t = Edgerun::Test->new;
$t->start_emulator(duration => 50);

$t->write_conf(<<'END');
    edgerun_auth_jwt "site";
    edgerun_auth_jwt_secret env:EDGERUN_JWT_SECRET;

    edgerun_provider main {
        %%DIALECT%% base_url %%EMULATOR%%; api_key env:OPENAI_API_KEY;
        poll_interval 100ms;
    }
    edgerun_job_zone zone=jobs:16m;

    server {
        listen 127.0.0.1:%%PORT_0%%;
        client_body_buffer_size 1k;
        lingering_timeout 100ms;
        location /jobs { edgerun_jobs zone=jobs provider=main; }
        location /file { client_body_in_file_only clean; edgerun_jobs zone=jobs provider=main; }
        location /single { client_body_in_single_buffer on; edgerun_jobs zone=jobs provider=main; }
        location /small { client_max_body_size 2k; edgerun_jobs zone=jobs provider=main; }
        location /impatient { client_body_timeout 200ms; edgerun_jobs zone=jobs provider=main; }
        location /proxied { edgerun_auth_jwt off; proxy_pass http://127.0.0.1:%%PORT_0%%/jobs; }
        location /streamed { edgerun_auth_jwt off; proxy_request_buffering off; proxy_http_version 1.1; proxy_pass http://127.0.0.1:%%PORT_0%%/jobs; }
    }
END
$t->run;

my $token = $t->token({ sub => 'alice' });
my @json = ('Content-Type' => 'application/json');

# A submission of about so many bytes, whose text can be told from all others.
my $asked = 0;
sub question {
    my ($bytes) = @_;
    my $text = 'question ' . ++$asked . ' ';
    $text .= 'x' x ($bytes - length $text) if $bytes && $bytes > length $text;
    return ($text, "{\"query\":\"$text\"}");
}

sub chunks {
    my ($body, $size) = @_;
    my $out = '';
    $out .= sprintf "%x\r\n%s\r\n", length $_, $_ for unpack "(a$size)*", $body;
    return "${out}0\r\n\r\n";
}

# Was the job of this answer asked upstream with exactly this text?
sub arrives {
    my ($answer, $text, $what) = @_;
    is $answer ? $answer->{status} : undef, 202, "$what: accepted";
    my $found = wait_until {
        grep { index($_->{body}, "\"$text\"") >= 0 } @{ $t->emulator->log(call => call('query')) };
    };
    ok $found, "$what: the text arrives whole";
    return;
}

# -------------------------------------------------------------- ways to come

for my $bytes (0, 1000, 1024, 5000, 11_900) {
    for my $uri (qw(/jobs /file /single /proxied /streamed)) {
        my ($text, $body) = question($bytes);
        arrives($t->post($uri, token => $token, headers => \@json, body => $body), $text, "$bytes bytes to $uri");
    }
}

for my $size (1, 7, 1000, 100_000) {
    my ($text, $body) = question(3000);
    my @headers = (@json, 'Transfer-Encoding' => 'chunked');
    arrives($t->post('/jobs', token => $token, headers => \@headers, body => chunks($body, $size)), $text,
        "chunks of $size bytes");
}

my ($text, $body) = question(2000);
my $bytes = Edgerun::Http::format_request('POST', '/jobs', token => $token, headers => \@json, body => $body);
my $slow = $t->connect;
for my $piece (unpack '(a397)*', $bytes) {
    $slow->write($piece);
    $t->get('/jobs/x');    # the server has turned to others meanwhile
}
arrives($slow->read_response, $text, 'a body in pieces');

my $expecting = $t->connect;
$expecting->{deadline} = time + 30;
($text, $body) = question(2000);
$expecting->write(Edgerun::Http::format_request('POST', '/jobs', token => $token,
    headers => [ @json, Expect => '100-continue', 'Content-Length' => length $body ]));
is $expecting->_until("\r\n\r\n"), 'HTTP/1.1 100 Continue', 'a client that expects is told to go on';
$expecting->write($body);
arrives($expecting->read_response, $text, 'Expect: 100-continue');
my $warned = $t->connect;
$warned->write(Edgerun::Http::format_request('POST', '/jobs',
    headers => [ @json, Expect => '100-continue', 'Content-Length' => length $body ]));
is $warned->read_response->{status}, 401, 'but is refused at once if it is not let in';

# ------------------------------------------------------- pipelining, keep-alive

my $line = $t->connect;
my @texts = map { [ question($_) ] } 10, 3000, 20;
$line->write(join '', map { Edgerun::Http::format_request('POST', '/jobs', token => $token, headers => \@json, body => $_->[1]) } @texts);
arrives($line->read_response, $_->[0], 'pipelined') for @texts;
$line->write(join '', map { Edgerun::Http::format_request(@$_) }
    [ 'POST', '/jobs', headers => \@json, body => 'x' x 3000 ],
    [ 'POST', '/jobs', token => $token, headers => \@json, body => '{"query":"between"}' ],
    [ 'POST', '/jobs', token => $token, body => 'x' x 3000 ],
    [ 'POST', '/jobs', token => $token, headers => \@json, body => '{}' ]);
is join(' ', map { $line->read_response->{status} } 1 .. 4), '401 202 415 400', 'refusals stay in line';
ok $line->is_closed, 'NGINX itself ends the connection after 400';

my $kept = $t->connect;
for (
    [ 401, 'POST', '/jobs', headers => \@json ],
    [ 415, 'POST', '/jobs', token => $token ],
    [ 405, 'PUT', '/jobs', token => $token, headers => \@json ],
    [ 404, 'GET', '/jobs/x', token => $token, headers => \@json ],
) {
    my ($status, $method, $uri, @options) = @$_;
    is $kept->request($method, $uri, @options, body => 'x' x 5000)->{status}, $status, "$status for $method";
    is $kept->post('/jobs', token => $token, json => { query => 'after' })->{status}, 202,
        '... and the connection goes on';
}

# ---------------------------------------------------------------- too large

for (
    [ 'by its length', [@json], 'x' x 3000 ],
    [ 'in chunks', [ @json, 'Transfer-Encoding' => 'chunked' ], chunks('x' x 3000, 500) ],
    [ 'in one chunk', [ @json, 'Transfer-Encoding' => 'chunked' ], chunks('x' x 3000, 5000) ],
) {
    my ($how, $headers, $body) = @$_;
    my $answer = $t->post('/small', token => $token, headers => $headers, body => $body);
    is $answer->{status}, 413, "too large $how";
    is_deeply $answer->{json}, { error => 'PayloadTooLarge', message => 'the request body is too large', statusCode => 413 },
        '... in JSON';
}
($text, $body) = question(1900);
arrives($t->post('/small', token => $token, headers => \@json, body => $body), $text, 'just small enough');
my $million = $t->post('/jobs', token => $token, headers => \@json, body => '{"query":"' . 'y' x 1_000_000 . '"}');
is $million->{status}, 202, 'a text of a million bytes is cut and accepted';

# ---------------------------------------------------------------- never whole

is $t->raw("POST /jobs HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer $token\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n")->{status},
    400, 'broken chunks are refused';
my $unknown = $t->raw("POST /jobs HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip\r\n\r\n");
is $unknown->{status}, 501, 'an unknown transfer coding is refused';

ok wait_until {
    6 == grep { $_->{body} =~ /"(?:after|between)"|yyyy/ } @{ $t->emulator->log(call => call('query')) };
}, 'all that was accepted so far has arrived';
sub starts { return scalar @{ $t->emulator->log(call => call('start')) } }
ok wait_until { starts() == @{ $t->emulator->log(call => call('query')) } }, 'and begun';
my $before = starts();
for my $abort (0, 1) {
    my $leaving = $t->connect;
    $leaving->write(substr Edgerun::Http::format_request('POST', '/jobs', token => $token, headers => \@json,
        body => '{"query":"' . 'z' x 5000 . '"}'), 0, 3000);
    $leaving->close(abort => $abort);
}
my $late = $t->connect;
$late->write(substr Edgerun::Http::format_request('POST', '/impatient', token => $token, headers => \@json,
    body => '{"query":"' . 'z' x 5000 . '"}'), 0, 3000);
my $timeout = $late->read_response;
is $timeout->{status} // 408, 408, 'a client that stops sending is not waited for';
ok $late->is_closed, 'its connection is closed';
arrives($t->post('/jobs', token => $token, headers => \@json, body => (question(10))[1]), "question $asked ", 'the next job');
wait_until { starts() > $before };
is starts() - $before, 1, 'half a submission is none';

# A client that leaves as soon as it has sent all has submitted its job.
my $gone = $t->connect;
($text, $body) = question(100);
$gone->write(Edgerun::Http::format_request('POST', '/jobs', token => $token, headers => \@json, body => $body));
$gone->close;
ok wait_until { grep { index($_->{body}, "\"$text\"") >= 0 } @{ $t->emulator->log(call => call('query')) } },
    'a client need not wait for the answer';

done_testing;
