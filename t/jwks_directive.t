#!/usr/bin/env perl
# edgerun_auth_jwt_jwks_uri: what it takes, and what nginx -t says of the rest.
use FindBin;
use lib "$FindBin::Bin/lib";
use Edgerun::Test;
use Edgerun::Keys;
use Edgerun::KeyServer;
use List::Util qw(uniq);

my $t = Edgerun::Test->new;
mkdir $t->dir . '/html';
$t->write_file('html/page', 'inside');
$t->allow_log(qr/edgerun_auth_jwt_jwks_uri/);
$t->write_file('no.pem',    "no certificate\n");

# (is it fine?, output of nginx -t) for lines in a location each.
sub check {
    my (@lines) = @_;
    my $n = 0;
    $t->write_conf(join "\n", 'server { listen 127.0.0.1:%%PORT_0%%; edgerun_auth_jwt "app";',
        (map { $n++; "location /$n { edgerun_auth_jwt_jwks_uri $_; }" } @lines), '}');
    my ($exit, $output) = $t->test_config;
    return ($exit == 0, $output);
}

# ---------------------------------------------------------------- what it takes

my @fine = (
    'https://127.0.0.1/jwks',
    'https://127.0.0.1:8443/realms/app/protocol/openid-connect/certs',
    'https://127.0.0.1',
    'https://127.0.0.1/',
    'https://127.0.0.1/keys/',
    'https://127.0.0.1/keys?p=B2C_1_sign-in&v=2.0',
    'https://127.0.0.1?p=1',
    'https://[::1]/jwks',
    'http://127.0.0.1/jwks',
    'http://127.9.9.9:8080/jwks',
    'http://localhost:8080/jwks',
    'http://[::1]:8080/jwks',
    'https://127.0.0.1/a refresh=1s',
    'https://127.0.0.1/b refresh=1d unknown_key=100ms',
    'https://127.0.0.1/b unknown_key=100ms refresh=24h',
    'https://127.0.0.1/c trusted_certificate=/etc/ssl/certs/ca-certificates.crt',
);
my ($is_fine, $output) = check(@fine);
ok $is_fine, 'all that it takes' or diag $output;

# ------------------------------------------------------------------- mistakes

my @mistakes = (
    [ 'ftp://127.0.0.1/jwks',   qr{must begin with https:// or http://: "ftp://127\.0\.0\.1} ],
    [ '/jwks',                  qr{must begin with https://} ],
    [ 'HTTPS://127.0.0.1/jwks', qr{must begin with https://} ],
    [ 'https:///jwks',          qr{must begin with https://|has no usable host} ],
    [ 'https://127.0.0.1:99999/jwks', qr{has no usable host} ],
    [ 'https://unix:/run/sock', qr{has no usable host} ],
    [ 'http://10.0.0.1/jwks',   qr{must begin with https://: who can change what comes over plain http:// from "10\.0\.0\.1" chooses the keys; where the source speaks no TLS, name a proxy on 127\.0\.0\.1} ],
    [ 'http://127.evil.test/jwks', qr{must begin with https://: who} ],
    [ 'http://localhost.evil.test/jwks', qr{must begin with https://: who} ],
    [ 'https://me:hunter2@127.0.0.1/jwks', qr{must not hold a user name or password} ],
    [ 'https://127.0.0.1/jwks#keys', qr{must not hold a fragment; leave out "#" and what follows} ],
    [ '"https://127.0.0.1/a b"', qr{must consist of plain characters, others escaped as %XX} ],
    [ "https://127.0.0.1/\xc3\xa9", qr{must consist of plain characters} ],
    [ 'https://127.0.0.1/1 refresh=soon', qr{takes refresh of 1s or more, for example "refresh=10m", not "soon"} ],
    [ 'https://127.0.0.1/2 refresh=10ms', qr{takes refresh of 1s or more} ],
    [ 'https://127.0.0.1/3 unknown_key=0', qr{takes unknown_key of 100ms or more, for example "unknown_key=30s", not "0"} ],
    [ 'https://127.0.0.1/4 refresh=1h refresh=2h', qr{takes "refresh" once} ],
    [ 'https://127.0.0.1/5 refesh=1h', qr{has an unknown parameter "refesh=1h"; did you mean "refresh"\?} ],
    [ 'https://127.0.0.1/6 10m', qr{has an unknown parameter "10m"; it takes URL \[refresh=TIME\]} ],
    [ 'https://127.0.0.1/7 trusted_certificate=none.pem', qr{takes a PEM file of certificates as trusted_certificate, and "[^"]*none\.pem" cannot be read as one} ],
    [ 'https://127.0.0.1/8 trusted_certificate=no.pem', qr{takes a PEM file of certificates as trusted_certificate} ],
    [ 'https://127.0.0.1/9 trusted_certificate=', qr{takes a PEM file of certificates as trusted_certificate} ],
    [ 'http://127.0.0.1/10 trusted_certificate=/etc/ssl/certs/ca-certificates.crt', qr{has a "trusted_certificate", which http:// has no use for} ],
);
($is_fine, $output) = check('https://127.0.0.1/fine refresh=1m', map { $_->[0] } @mistakes);
ok !$is_fine, 'mistakes are refused';
my @told = $output =~ /^(.*\[emerg\].*)$/mg;
like $told[$_], qr/"edgerun_auth_jwt_jwks_uri" $mistakes[$_][1].* in \S+:\d+$/, "told: $mistakes[$_][0]" for 0 .. $#mistakes;
is scalar @told, @mistakes, 'each once, in one run';
unlike $output, qr/hunter2/, 'no password in the output';
unlike $output, qr/has no key/, 'and nothing follows from them';

($is_fine, $output) = check('https://127.0.0.1/x', 'https://127.0.0.1/x refresh=1h', 'https://127.0.0.1:443/x');
ok !$is_fine, 'one URL with two ways to ask it';
like $output, qr{names the URL of \S+nginx\.conf:\d+ with other parameters; write the same in both places}, 'is told';
is scalar(() = $output =~ /emerg/g), 1, 'where they differ';

($is_fine, $output) = check('https://no-such-host.invalid/jwks');
ok !$is_fine, 'a host that is not there';
like $output, qr{the host "no-such-host\.invalid" of "edgerun_auth_jwt_jwks_uri" could not be resolved; correct it, or add a "resolver" to http \{\}}, 'is told';

# -------------------------------------------------- what reaches the source

my $source = Edgerun::KeyServer->start($t->dir);
my $key    = Edgerun::Keys->new('ES256', kid => 'one');
$source->serve($key);
my %paths = (
    ''                    => '/',
    '/'                   => '/',
    '/keys/'              => '/keys/',
    '/a%2fb/c'            => '/a%2fb/c',
    '?p=1'                => '/?p=1',
    '/keys?p=secret&v=%20' => '/keys?p=secret&v=%20',
);
my @uris = sort keys %paths;
$t->write_conf(join "\n",
    'server { listen 127.0.0.1:%%PORT_0%%; edgerun_auth_jwt "app";',
    (map { "location /$_ { edgerun_auth_jwt_jwks_uri @{[ $source->url($uris[$_]) ]}; alias %%TESTDIR%%/html/page; }" } 1 .. $#uris),
    '}');
$t->run;
ok wait_until { $t->get("/$_", token => $key->token)->{status} == 200 }, "a source at \"$uris[$_]\"" for 1 .. $#uris;
is join(' ', uniq sort map { $_->{path} } $source->requests), join(' ', sort map { $paths{$_} } @uris[ 1 .. $#uris ]),
    'its path and query are as they were written';
my ($request) = $source->requests;
like $request->{headers}, qr/^Host: 127\.0\.0\.1:@{[ $source->port ]}\r$/m, 'Host names it';
unlike $t->error_log, qr/p=secret/, 'a query is not logged';

done_testing;
