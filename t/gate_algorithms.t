#!/usr/bin/env perl
# Every algorithm, from JWK Sets and PEM files; keys are chosen by kid and pinned
# to what they are for.
use FindBin;
use lib "$FindBin::Bin/lib";
use Edgerun::Test;
use Edgerun::Keys;

use JSON::PP qw(encode_json);
use MIME::Base64 qw(encode_base64url);

my $t = Edgerun::Test->new;
my @algorithms = qw(RS256 RS384 RS512 PS256 PS384 PS512 ES256 ES384 ES512 EdDSA);
my %key = map { $_ => Edgerun::Keys->new($_, kid => "key-$_") } @algorithms;
my $rsa   = Edgerun::Keys->new('RS256');
my $curve = Edgerun::Keys->new('ES256');
my $other = Edgerun::Keys->new('RS256', kid => 'key-RS256');

$t->write_file('all.json', Edgerun::Keys::set(values %key));
$t->write_file('rsa.json', Edgerun::Keys::set($rsa->jwk(alg => undef)));
$t->write_file('one.json', encode_json($key{ES256}->jwk));
$t->write_file('rsa.pem', $rsa->pem);
$t->write_file('two.pem', $key{EdDSA}->pem . $curve->pem);
$t->write_file('oct.json', encode_json({ keys => [
    { kty => 'oct', kid => 'o', alg => 'HS256', k => encode_base64url('k' x 32) },
    { kty => 'oct', kid => 'p', k => encode_base64url('l' x 64) } ] }));
chmod 0600, $t->dir . '/oct.json';

$t->write_conf(<<'END');
    server {
        listen 127.0.0.1:%%PORT_0%%;
        edgerun_auth_jwt "site";
        edgerun_auth_jwt_key_file all.json;
        location /all { root %%TESTDIR%%/html; }
        location /some { edgerun_auth_jwt_algorithms ES256 EdDSA; root %%TESTDIR%%/html; }
        location /rsa { edgerun_auth_jwt_key_file rsa.json; root %%TESTDIR%%/html; }
        location /one { edgerun_auth_jwt_key_file one.json; root %%TESTDIR%%/html; }
        location /pem { edgerun_auth_jwt_key_file rsa.pem; edgerun_auth_jwt_key_file two.pem; root %%TESTDIR%%/html; }
        location /oct { edgerun_auth_jwt_key_file oct.json; root %%TESTDIR%%/html; }
        location /mixed { edgerun_auth_jwt_secret env:EDGERUN_JWT_SECRET; edgerun_auth_jwt_key_file all.json; root %%TESTDIR%%/html; }
    }
END
mkdir $t->dir . '/html';
$t->write_file("html/$_", 'inside') for qw(all some rsa one pem oct mixed);
$t->run;

my %alice = (sub => 'alice');
sub status { my ($uri, $token) = @_; return $t->get($uri, token => $token)->{status} }

for my $algorithm (@algorithms) {
    my $token = $key{$algorithm}->token(\%alice);
    is status('/all', $token), 200, "$algorithm is verified";
    is status('/all', $token), 200, 'also the second time';
    my ($head, $rest) = $token =~ /^(.*\.)(.*)$/;
    substr($rest, 10, 1) =~ tr/A-Za-z0-9_-/B-ZAb-za1-90\-_/;
    is status('/all', $head . $rest), 401, 'but not with a bit changed';
    is status('/some', $token), $algorithm =~ /^(?:ES256|EdDSA)$/ ? 200 : 401, 'where it is allowed';
    is status('/all', $key{$algorithm}->token(\%alice, header => { kid => 'nobody' })), 401, 'a kid that no key has is refused';
    is status('/all', $key{$algorithm}->token(\%alice, header => { kid => $algorithm eq 'ES256' ? 'key-ES384' : 'key-ES256' })), 401, "and another key's";
}

is status('/all', $other->token(\%alice)), 401, 'a kid is a name, not a proof';
is status('/all', $key{RS256}->token(\%alice, alg => $_)), 401, "a key for RS256 does not verify $_" for qw(RS512 PS256);
is status('/rsa', $rsa->token(\%alice, alg => $_)), 200, "a key without alg verifies $_" for qw(RS256 RS384 RS512 PS256 PS384 PS512);
is status('/rsa', $rsa->token(\%alice, header => { kid => 'any' })), 200, 'a key without kid is asked whatever the token names';
is status('/one', $key{ES256}->token(\%alice)), 200, 'a file may hold one JWK';
is status('/pem', $rsa->token(\%alice)), 200, 'or a public key in PEM';
is status('/pem', $curve->token(\%alice)), 200, 'or several';
is status('/pem', $key{EdDSA}->token(\%alice)), 200, 'of any kind';
is status('/pem', $key{ES256}->token(\%alice)), 401, 'and no others';
is status('/oct', $t->token(\%alice, 'k' x 32)), 200, 'a secret may stand in a JWK';
is status('/oct', $t->token(\%alice, 'l' x 64, 'HS512')), 200, 'for what it is long enough for';
is status('/oct', $t->token(\%alice, 'k' x 32, 'HS384')), 401, 'and not for more';
is status('/mixed', $t->token(\%alice)), 200, 'secrets and files may stand side by side';
is status('/mixed', $key{PS384}->token(\%alice)), 200, 'each for its own algorithms';
is status('/one', $t->token(\%alice)), 401, 'a level that names keys uses only its own';

done_testing;
