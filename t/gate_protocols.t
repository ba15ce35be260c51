#!/usr/bin/env perl
# The gate and edgerun_jobs speak every version of HTTP that NGINX speaks.
use FindBin;
use lib "$FindBin::Bin/lib";
use Edgerun::Test;

use IO::Socket::INET;
use JSON::PP qw(decode_json);

my $t = Edgerun::Test->new;
$t->start_emulator(duration => 50);

$t->write_conf(<<'END');
    edgerun_auth_jwt "site";
    edgerun_auth_jwt_secret env:EDGERUN_JWT_SECRET;

    edgerun_provider main {
        api assistants; base_url %%EMULATOR%%; api_key env:OPENAI_API_KEY; assistant asst_demo;
        poll_interval 100ms;
    }
    edgerun_job_zone zone=jobs:8m;

    server {
        listen 127.0.0.1:%%PORT_0%%;
        listen 127.0.0.1:%%PORT_1%% http2;
        root %%TESTDIR%%/html;
        location / { }
        location /open/ { edgerun_auth_jwt off; alias %%TESTDIR%%/html/; }
        location /jobs { edgerun_jobs zone=jobs provider=main; }
        location /free { edgerun_auth_jwt off; edgerun_jobs zone=jobs provider=main; }
    }
END
mkdir $t->dir . '/html';
$t->write_file('html/page', 'inside');
$t->run;
my $token = $t->token({ sub => 'alice' });

# ----------------------------------------------------------------- HTTP/0.9

# Everything that comes back for one line.
sub answer_to_line {
    my ($line) = @_;
    my $socket = IO::Socket::INET->new('127.0.0.1:' . $t->port) or die "no connection: $@";
    print $socket "$line\r\n";
    return do { local $/; <$socket> };
}

is answer_to_line('GET /open/page'), 'inside', 'HTTP/0.9 is answered';
is decode_json(answer_to_line('GET /page'))->{error}, 'Unauthorized', 'and refused, since it has no header';
is decode_json(answer_to_line('GET /jobs/0123456789'))->{error}, 'Unauthorized', 'from jobs as well';
is decode_json(answer_to_line('GET /free/0123456789'))->{error}, 'NotFound', 'a job may be asked for';
is_deeply decode_json(answer_to_line('GET /free'))->{jobs}, [], 'and all jobs';

# ----------------------------------------------------------------- HTTP/1.0

my %old = (version => '1.0', token => $token);
my $job = $t->post('/jobs', %old, json => { query => 'hello' });
is $job->{status}, 202, 'HTTP/1.0 submits a job';
like $t->get($job->{headers}{location}, %old)->{json}{status}, qr/^[A-Z]+$/, 'and polls it';
my $connection = $t->connect;
is $connection->get('/jobs/x', version => '1.0', headers => [ Connection => 'keep-alive' ])->{status}, 401,
    'an HTTP/1.0 connection is kept alive';
is $connection->get('/jobs/x', %old)->{status}, 404, 'if it asks for that';

# ------------------------------------------------------------------- HTTP/2

my $has_http2 = (Edgerun::Process::capture({ PATH => $ENV{PATH} }, 'curl', '-V'))[1] =~ /\bHTTP2\b/;

# (status, headers, body) by HTTP/2.
sub http2 {
    my ($uri, @options) = @_;
    my (undef, $out) = Edgerun::Process::capture({ PATH => $ENV{PATH} }, 'curl', '-sS', '-i', '-m', 60,
        '--http2-prior-knowledge', @options, 'http://127.0.0.1:' . $t->port(1) . $uri);
    my ($head, $body) = split /\r\n\r\n/, $out, 2;
    my ($status) = $head =~ m{^HTTP/2 (\d+)} or return (0, {}, $out);
    return ($status, { $head =~ /^([^:\s]+): ([^\r\n]*)/mg }, $body);
}

SKIP: {
    skip 'curl has no HTTP/2', 8 if !$has_http2;
    my @bearer = ('-H', "Authorization: Bearer $token");
    my @post = (@bearer, '-H', 'Content-Type: application/json', '--data-binary');

    my ($status, $headers, $body) = http2('/page');
    is $status, 401, 'HTTP/2 is refused without a token';
    is $headers->{'www-authenticate'}, 'Bearer realm="site"', 'with the challenge';
    is decode_json($body)->{statusCode}, 401, 'and JSON';
    is((http2('/page', @bearer))[2], 'inside', 'with one it passes');

    ($status, $headers, $body) = http2('/jobs', @post, '{"query":"hello"}');
    is $status, 202, 'HTTP/2 submits a job';
    is decode_json($body)->{status}, 'PENDING', 'which it is shown';
    my $location = $headers->{location};
    my $last;
    wait_until { $last = decode_json((http2($location, @bearer))[2]); $last->{status} eq 'COMPLETED' };
    is $last->{status}, 'COMPLETED', 'and may poll';
    $t->write_file('large.json', '{"query":"' . 'x' x 100_000 . '"}');
    is((http2('/jobs', @post, '@' . $t->dir . '/large.json'))[0], 202, 'a large body arrives, too');
}

done_testing;
