#!/usr/bin/env perl
# What attackers send: each class of known holes in verifiers of tokens.
use FindBin;
use lib "$FindBin::Bin/lib";
use Edgerun::Test;
use Edgerun::Keys;

use Digest::SHA qw(hmac_sha256 hmac_sha384 hmac_sha512);
use IO::Select;
use IO::Socket::INET;
use JSON::PP qw(encode_json);
use MIME::Base64 qw(encode_base64url decode_base64url);

my $t = Edgerun::Test->new;
my $rsa = Edgerun::Keys->new('RS256', kid => 'rsa');
my $ec  = Edgerun::Keys->new('ES256', kid => 'ec');
my $ed  = Edgerun::Keys->new('EdDSA', kid => 'ed');
$t->write_file('keys.json', Edgerun::Keys::set($rsa, $ec, $ed));
$t->write_file('loose.json', Edgerun::Keys::set(map { $_->jwk(alg => undef, kid => undef, use => undef) } $rsa, $ec, $ed));
$t->write_file('rsa.pem', $rsa->pem);

$t->write_conf(<<'END');
    large_client_header_buffers 4 64k;
    log_format who "user=$edgerun_user";
    access_log %%TESTDIR%%/logs/who.log who;
    server {
        listen 127.0.0.1:%%PORT_0%%;
        root %%TESTDIR%%/html;
        edgerun_auth_jwt "site";
        location /keys { edgerun_auth_jwt_key_file keys.json; }
        location /loose { edgerun_auth_jwt_key_file loose.json; }
        location /pem { edgerun_auth_jwt_key_file rsa.pem; }
        location /mixed { edgerun_auth_jwt_key_file keys.json; edgerun_auth_jwt_secret env:EDGERUN_JWT_SECRET; }
        location /secret {
            edgerun_auth_jwt_secret env:EDGERUN_JWT_SECRET;
            edgerun_auth_jwt_issuer https://login.example.com/ "https://second";
            edgerun_auth_jwt_audience https://api.example.com mobile;
        }
        location /lenient { edgerun_auth_jwt_secret env:EDGERUN_JWT_SECRET; edgerun_auth_jwt_leeway 60s; }
        location /admin { edgerun_auth_jwt_secret env:EDGERUN_JWT_SECRET; edgerun_require_role admin; }
    }
END
mkdir $t->dir . '/html';
$t->write_file("html/$_", 'inside') for qw(keys loose pem mixed secret lenient admin);
$t->run;

my %alice = (sub => 'alice', exp => time + 3600);
my $json  = JSON::PP->new->canonical;
sub status_of { my ($uri, $token) = @_; return $t->get($uri, token => $token)->{status} }

# Refused in every location, whatever keys it has.
sub is_refused {
    my ($token, $why) = @_;
    my %passed = map { $_ => 1 } grep { status_of($_, $token) != 401 } qw(/keys /loose /pem /mixed);
    is join(' ', sort keys %passed), '', "refused: $why";
    return;
}

sub hs256 { my ($header, $payload, $key) = @_; return Edgerun::Keys::compact($header, $payload, sub { hmac_sha256($_[0], $key // $Edgerun::Test::SECRET) }) }

is status_of($_, $rsa->token(\%alice)), 200, "$_ takes what is right" for qw(/keys /loose /pem /mixed);

# ---------------------------------------------------------------- alg "none"

for my $alg ('none', 'None', 'NONE', 'nOnE', '', undef, 0, ['RS256'], { RS256 => 1 }) {
    for my $kid (undef, 'rsa') {
        my %header = (alg => $alg, defined $kid ? (kid => $kid) : ());
        my $token = Edgerun::Keys::compact(\%header, \%alice, sub { '' });
        my $name = 'alg ' . JSON::PP->new->allow_nonref->encode($alg) . ($kid ? ' with a kid' : '');
        is_refused($token, "$name, without a signature");
        is_refused($token . (split /\./, $rsa->token(\%alice))[2], "$name, with another's");
    }
}
is_refused(Edgerun::Keys::compact({ typ => 'JWT' }, \%alice, sub { '' }), 'no alg at all');
is_refused(Edgerun::Keys::compact('{"alg":"none","alg":"RS256"}', \%alice, sub { 'x' }), 'alg twice');

# ------------------------------------------- a public key taken for a secret

my %as_secret = (
    'PEM'                       => $rsa->pem,
    'PEM without last newline'  => $rsa->pem =~ s/\n\z//r,
    'PEM with a leading blank'  => ' ' . $rsa->pem,
    'DER'                       => $rsa->der,
    'JWK'                       => $json->encode($rsa->jwk),
    'modulus'                   => $rsa->jwk->{n},
    'modulus in bytes'          => decode_base64url($rsa->jwk->{n}),
    'nothing'                   => '',
    'point'                     => decode_base64url($ec->jwk->{x}),
    'Ed25519 key'               => decode_base64url($ed->jwk->{x}),
);
my %mac = (HS256 => \&hmac_sha256, HS384 => \&hmac_sha384, HS512 => \&hmac_sha512);
for my $name (sort keys %as_secret) {
    for my $alg (sort keys %mac) {
        for my $kid (undef, 'rsa', 'ec', 'ed') {
            my $token = Edgerun::Keys::compact({ alg => $alg, defined $kid ? (kid => $kid) : () }, \%alice, sub { $mac{$alg}->($_[0], $as_secret{$name}) });
            status_of('/keys', $token) == 401 && status_of('/loose', $token) == 401 && status_of('/mixed', $token) == 401 or fail "$alg with $name" and last;
        }
    }
    pass "HMAC with the public key's $name is refused";
}

# ----------------------------------------------- keys and URLs in the header

my $listener = IO::Socket::INET->new(Listen => 5, LocalAddr => '127.0.0.1') or die $!;
my $url = 'http://127.0.0.1:' . $listener->sockport . '/keys';
my $own = Edgerun::Keys->new('RS256', kid => 'own');
for my $extra ({ jwk => $own->jwk }, { jku => $url }, { x5u => $url }, { x5c => ['MIIB'] }, { jwk => $own->jwk, kid => 'rsa' }, { jku => $url, kid => 'rsa' }) {
    is_refused($own->token(\%alice, header => $extra), 'a key of the token itself: ' . join ', ', sort keys %$extra);
}
is status_of('/keys', $rsa->token(\%alice, header => { jwk => $own->jwk, jku => $url })), 200, 'they are not even read';

# ----------------------------------------------------------------------- kid

for my $kid ('../../../../dev/null', '/dev/null', "' OR 1=1 --", "rsa\0", 'RSA', 'rsa ', '', 'k' x 257, 'k' x 8192, 7, ['rsa'], { rsa => 1 }, JSON::PP::null) {
    my $shown = substr JSON::PP->new->allow_nonref->encode($kid), 0, 30;
    is status_of('/keys', $own->token(\%alice, header => { kid => $kid })), 401, "kid $shown opens nothing";
}
is status_of('/keys', hs256({ alg => 'HS256', kid => '../../dev/null' }, \%alice, '')), 401, 'nor with an empty secret';

# ----------------------------------------------------- signatures that cheat

my ($head, $body, $signature) = split /\./, $ec->token(\%alice);
my $n = pack 'H*', 'ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551';
my $raw = decode_base64url($signature);
my $der = do { my ($r, $s) = map { s/\A\0+//r } unpack 'a32 a32', $raw; $_ = (ord($_) & 128 ? "\0$_" : $_) for $r, $s; my $b = "\x02" . chr(length $r) . $r . "\x02" . chr(length $s) . $s; "\x30" . chr(length $b) . $b };
my %cheat = (
    'r = s = 0' => "\0" x 64, 'r = s = n' => $n x 2, 'r = 0' => "\0" x 32 . substr($raw, 32), 's = 0' => substr($raw, 0, 32) . "\0" x 32,
    'DER' => $der, 'a byte more' => "$raw\0", 'a byte less' => substr($raw, 0, 63), 'padded' => "\0" . substr($raw, 0, 32) . "\0" . substr($raw, 32), 'one byte' => 'x',
);
is_refused(join('.', $head, $body, encode_base64url($cheat{$_})), "ES256 with $_") for sort keys %cheat;
my ($rhead, $rbody, $rsignature) = split /\./, $rsa->token(\%alice);
is_refused("$rhead.$rbody." . encode_base64url(decode_base64url($rsignature) . "\0"), 'RS256 with a byte more');
is_refused("$rhead.$rbody." . encode_base64url("\0" x 256), 'RS256 with zeros');
is_refused("$rhead.$rbody." . encode_base64url("\0" x 255 . "\1"), 'RS256 with one');
is_refused($_, 'a signature that is spelled otherwise') for "$rhead.$rbody.$rsignature=", "$rhead.$rbody.$rsignature==", "$rhead.$rbody. $rsignature", "$rhead.$rbody.$rsignature\%0a", "$rhead.$rbody." . $rsignature =~ tr{-_}{+/}r . '+';

# ------------------------------------------------------------ serializations

is_refused($_, 'JSON serialization: ' . substr $_, 0, 20) for
    $json->encode({ payload => $rbody, protected => $rhead, signature => $rsignature }),
    $json->encode({ payload => $rbody, signatures => [ { protected => $rhead, signature => $rsignature } ] }),
    $json->encode({ payload => $rbody, protected => encode_base64url('{}'), header => { alg => 'none' }, signature => '' });
is_refused("$rhead.$rbody.$rsignature.$_", 'more parts') for '', 'x', 'x.y', '.' x 1000;
is_refused($_, 'crit or b64') for map { hs256($_, \%alice) } { alg => 'HS256', crit => ['b64'], b64 => JSON::PP::false }, { alg => 'HS256', b64 => JSON::PP::true }, { alg => 'HS256', crit => [] }, { alg => 'HS256', crit => ['x'], x => 1 };

# ------------------------------------------------------- sizes and depths

my %big = (
    '40,000 dots'      => '.' x 40_000,
    'a deep header'    => hs256('{"alg":"HS256","x":' . '[' x 3000 . ']' x 3000 . '}', \%alice),
    'a deep payload'   => hs256({ alg => 'HS256' }, '{"sub":"a","exp":9e9,"x":' . '[' x 4000 . ']' x 4000 . '}'),
    'many claims'      => hs256({ alg => 'HS256' }, '{"sub":"a","exp":9e9' . join('', map { ",\"$_\":1" } 1 .. 4000) . '}'),
    '300 roles'        => hs256({ alg => 'HS256' }, $json->encode({ %alice, role => [ map { "r$_" } 1 .. 300 ] })),
    '300 in a string'  => hs256({ alg => 'HS256' }, $json->encode({ %alice, role => join ' ', map { "r$_" } 1 .. 300 })),
    'a role of 257'    => hs256({ alg => 'HS256' }, $json->encode({ %alice, role => ['r' x 257] })),
);
is status_of('/mixed', $big{$_}), 401, "$_: refused" for grep { $_ ne 'many claims' } sort keys %big;
like status_of('/mixed', $big{'many claims'}), qr/^(?:200|401)$/, 'many claims: an answer';

# -------------------------------------------------------------------- times

for my $exp (0, -1, '"9999999999"', '1e30', '1e400', 'null', 'true', '[9999999999]', '{}', '9223372036854775808', '-0.5', '""') {
    is status_of('/lenient', hs256({ alg => 'HS256' }, "{\"sub\":\"a\",\"exp\":$exp}")), 401, "exp $exp is refused";
}
is status_of('/lenient', hs256({ alg => 'HS256' }, "{\"sub\":\"a\",\"exp\":9e9,\"nbf\":$_}")), 401, "nbf $_ is refused" for '"0"', 'null', 'true', '1e400', -1;
is status_of('/lenient', hs256({ alg => 'HS256' }, { sub => 'a', exp => time + $_ })), $_ > -60 ? 200 : 401, "leeway: exp $_ s away" for -30, -61;
is status_of('/lenient', hs256({ alg => 'HS256' }, { %alice, nbf => time + $_ })), $_ < 60 ? 200 : 401, "leeway: nbf $_ s away" for 30, 90;
is status_of('/mixed', hs256({ alg => 'HS256' }, { sub => 'a', exp => time - 1 })), 401, 'no leeway unless asked for';

# --------------------------------------------------------- issuer, audience

my %right = (%alice, iss => 'https://login.example.com/', aud => 'mobile');
sub claims_pass { my ($claims, $expected, $what) = @_; return is status_of('/secret', $t->token({ %right, %$claims })), $expected, $what }
claims_pass({}, 200, 'issuer and audience as demanded');
claims_pass({ iss => 'https://second', aud => [ 'other', 'https://api.example.com' ] }, 200, 'any of several');
claims_pass({ iss => $_ }, 401, 'issuer ' . (defined $_ ? $json->allow_nonref->encode($_) : 'none')) for
    undef, '', 'https://login.example.com', 'https://login.example.com/x', 'https://LOGIN.example.com/', ' https://second', ['https://second'], 1;
claims_pass({ aud => $_ }, 401, 'audience ' . (defined $_ ? $json->allow_nonref->encode($_) : 'none')) for
    undef, '', 'mobil', 'mobile2', 'MOBILE', 'mobile other', 'other,mobile', [], ['other'], [ ['mobile'] ], { mobile => 1 }, 1, JSON::PP::true, [ 1, 'mobile' ];

# ------------------------------------------------------------------- claims

for my $user ("a\0b", "a\nX-Admin: 1", "a\rb", "\x{85}", "\x7f", ' a', 'a ', '', 'u' x 257, 1, undef, ['a'], { a => 1 }) {
    my $shown = substr JSON::PP->new->ascii->allow_nonref->encode($user), 0, 20;
    is status_of('/mixed', hs256({ alg => 'HS256' }, JSON::PP->new->utf8->encode({ %alice, sub => $user }))), 401, "user $shown is refused";
}
is status_of('/admin', hs256({ alg => 'HS256' }, '{"sub":"a","exp":9e9,"role":"user","rol\u0065":"admin"}')), 401, 'a claim that stands twice, once escaped';
is status_of('/admin', hs256({ alg => 'HS256' }, $_)), 401, "no claims: $_" for '[]', 'null', '"x"', '1', '', '{', '{"sub":"a","exp":9e9}x', "\xef\xbb\xbf{\"sub\":\"a\",\"exp\":9e9}", "{\"sub\":\"\xff\",\"exp\":9e9}";
is status_of('/admin', $t->token({ %alice, role => $_->[0] })), $_->[1], 'role ' . $json->encode($_->[0])
    for [ 'admin', 200 ], [ 'user admin', 200 ], [ ['admin'], 200 ], [ 'administrator', 403 ], [ 'Admin', 403 ], [ "admin\x{a0}", 403 ], [ ['user,admin'], 403 ], [ { admin => 1 }, 401 ], [ [1], 401 ], [ "admin\0", 401 ];

is scalar(() = $t->error_log =~ /$rsignature|$signature/g), 0, 'the log shows no token';
ok !IO::Select->new($listener)->can_read(0), 'no URL of a token is ever asked';

done_testing;
