#!/usr/bin/env perl
# Who may pass the gate: tokens, the header that carries them, and what the
# refused are told.
use FindBin;
use lib "$FindBin::Bin/lib";
use Edgerun::Test;

use JSON::PP qw(encode_json);
use MIME::Base64 qw(encode_base64url);

my $t = Edgerun::Test->new;

$t->write_conf(<<'END');
    edgerun_auth_jwt_secret env:EDGERUN_JWT_SECRET;
    large_client_header_buffers 4 32k;

    server {
        listen 127.0.0.1:%%PORT_0%%;
        root %%TESTDIR%%/html;
        edgerun_auth_jwt "the \"inner\" room";

        location / { }
        location /role/ { edgerun_require_role admin auditor; alias %%TESTDIR%%/html/; }
        location /module/ { edgerun_require_module chat rag; alias %%TESTDIR%%/html/; }
        location /both/ {
            edgerun_require_role admin;
            edgerun_require_module chat;
            alias %%TESTDIR%%/html/;
        }
        location /nested/ {
            edgerun_auth_jwt_claims user=email role=realm.roles modules=app.modules;
            edgerun_require_role admin;
            edgerun_require_module chat;
            alias %%TESTDIR%%/html/;
        }
    }
END
mkdir $t->dir . '/html';
$t->write_file('html/page', 'inside');
$t->run;

# The status for a token, or for claims.
sub status_of {
    my ($token, $uri) = @_;
    $token = $t->token({ sub => 'alice', %$token }) if ref $token;
    return $t->get($uri // '/page', token => $token)->{status};
}

# The status for the value of Authorization, sent as it is.
sub status_of_header {
    my (@values) = @_;
    return $t->get('/page', headers => [ map { (Authorization => $_) } @values ])->{status};
}

# A token of any header and payload, signed rightly with HS256.
sub signed {
    my ($header, $payload) = @_;
    require Digest::SHA;
    my $input = join '.', map { encode_base64url(ref $_ ? encode_json($_) : $_) } $header, $payload;
    return "$input." . encode_base64url(Digest::SHA::hmac_sha256($input, $Edgerun::Test::SECRET));
}

my %alice = (sub => 'alice', exp => time + 3600);
my $valid = $t->token({ sub => 'alice' });

# --------------------------------------------------------- what is answered

my $inside = $t->get('/page', token => $valid);
is $inside->{status}, 200, 'a valid token passes';
is $inside->{body}, 'inside', 'to what is behind the gate';
ok !exists $inside->{headers}{'www-authenticate'}, 'without a challenge';

my $none = $t->get('/page');
is $none->{status}, 401, 'without a token it is 401';
is $none->{headers}{'www-authenticate'}, 'Bearer realm="the \"inner\" room"',
    'the challenge names the realm, and no error where nothing was presented';
is_deeply $none->{json},
    { error => 'Unauthorized', message => 'valid credentials are required', statusCode => 401 },
    'the body is an error in JSON';
is $none->{headers}{'content-type'}, 'application/json', 'and says so';
is $none->{headers}{'cache-control'}, 'no-store', 'no cache keeps it';
is $none->{headers}{'content-length'}, length $none->{body}, 'its length is told';

my $bad = $t->get('/page', token => "$valid-");
is $bad->{status}, 401, 'a bad token is 401';
is $bad->{headers}{'www-authenticate'}, 'Bearer realm="the \"inner\" room", error="invalid_token"',
    'the challenge says that the token is at fault';
is $bad->{body}, $none->{body}, 'the body tells no more than without a token';
is $t->get('/page', token => $t->token({ sub => 'alice', exp => 1 }))->{body}, $bad->{body},
    'nor does it tell why a token is refused';

my $forbidden = $t->get('/role/page', token => $valid);
is $forbidden->{status}, 403, 'a missing role is 403';
is_deeply $forbidden->{json},
    { error => 'Forbidden', message => 'the role admin or auditor is required', statusCode => 403 },
    'the message names the roles of which one is required';
is $forbidden->{headers}{'www-authenticate'},
    'Bearer realm="the \"inner\" room", error="insufficient_scope"', 'with the challenge of RFC 6750';
is $forbidden->{headers}{'content-type'}, 'application/json', '403 is JSON too';
is $forbidden->{headers}{'cache-control'}, 'no-store', 'and not kept either';
is $t->get('/module/page', token => $t->token({ sub => 'a', assignedModules => ['chat'] }))
    ->{json}{message}, 'the module rag is required', 'the message names the module that is missing';

my $head = $t->request('HEAD', '/page');
is $head->{status}, 401, 'HEAD is refused as GET is';
is $head->{headers}{'content-length'}, length $none->{body}, 'with the length that GET has';
is $t->get('/page', version => '1.0')->{status}, 401, 'HTTP/1.0 is refused too';
is $t->get('/page', version => '1.0', token => $valid)->{status}, 200, 'and let in';

# ------------------------------------------------------------------- claims

is status_of({ exp => time - 1 }), 401, 'an expired token is refused';
is status_of({ exp => undef }), 401, 'so is one that never expires';
is status_of({ exp => 'tomorrow' }), 401, 'or whose exp is no number';
is status_of({ nbf => time + 600 }), 401, 'or that is not valid yet';
is status_of({ nbf => time - 1 }), 200, 'but not one that has become valid';
is status_of({ sub => undef }), 401, 'a token without a user is refused';
is status_of({ sub => "a\r\nX-Admin: 1" }), 401, 'so is a user with control characters';
is status_of({ sub => 7 }), 401, 'and a user that is no string';
is status_of(signed({ alg => 'HS256' }, '{"sub":"a","sub":"b","exp":9e9}')), 401,
    'members that stand twice are refused';
is status_of(signed({ alg => 'HS256' }, [1])), 401, 'so is a payload that is no object';

# --------------------------------------------------------------- algorithms

my $none_header = encode_base64url('{"alg":"none"}');
my $claims      = encode_base64url(encode_json(\%alice));
is status_of(signed({ alg => 'HS256' }, \%alice)), 200, 'HS256 is verified';
is status_of("$none_header.$claims."), 401, 'alg none is refused';
is status_of("$none_header.$claims." . (split /\./, $valid)[2]), 401, 'with any signature';
is status_of(signed({ alg => $_ }, \%alice)), 401, "alg $_ is refused, however it is signed"
    for qw(none None RS256 ES256 hs256 HS512 HS1);
is status_of($t->token({ sub => 'alice' }, undef, 'HS384')), 401,
    'HS384 is refused with a key of less than 48 bytes';
is status_of($t->token({ sub => 'alice' }, 'another secret of 32 bytes or more!!')), 401,
    'another key is refused';
is status_of(signed({ alg => 'HS256', crit => ['exp'] }, \%alice)), 401,
    'a header with crit is refused';
my ($header, undef, $signature) = split /\./, $valid;
my $mallory = encode_base64url(encode_json({ %alice, sub => 'mallory' }));
is status_of("$header.$mallory.$signature"), 401, 'a changed payload is refused';

# -------------------------------------------------------------- the header

is status_of_header("Bearer $valid"), 200, 'the scheme is Bearer';
is status_of_header("bearer $valid"), 200, 'in any case';
is status_of_header("BEARER   $valid"), 200, 'with any spaces';
is status_of_header("Bearer $valid   "), 200, 'spaces behind the token do not count';
is status_of_header($_->[0]), 401, "$_->[1] is refused" for (
    [ 'Bearer',              'a scheme alone' ],
    [ 'Bearer    ',          'a scheme and spaces' ],
    [ "bearer\t$valid",      'a tab for a space' ],
    [ "Bearer$valid",        'a scheme without a space' ],
    [ "Bearer $valid x",     'more than a token' ],
    [ "Bearer $valid, Bearer $valid", 'a list' ],
    [ "Bearer \"$valid\"",   'a quoted token' ],
    [ 'Basic YTpi',          'another scheme' ],
    [ $valid,                'a token without a scheme' ],
    [ 'B',                   'a letter' ],
    [ '',                    'an empty value' ],
    [ 'Bearer ..',           'two dots' ],
    [ "Bearer \xff\xfe.\x80.", 'bytes above 127' ],
    [ 'Bearer ' . 'a' x 20_480, '20 KiB' ],
    [ 'Bearer ' . signed({ alg => 'HS256' }, { %alice, pad => 'a' x 15_360 }), 'a valid token of 20 KiB' ],
);
is status_of_header(@$_), 400, 'two headers are a bad request'
    for [ ("Bearer $valid") x 2 ], [ "Bearer $valid", 'Basic YTpi' ], [ 'Basic YTpi', "Bearer $valid" ];
is $t->get("/page?access_token=$valid")->{status}, 401, 'a token in the URL does not count';

# ---------------------------------------------------------- roles, modules

is status_of({ role => $_ }, '/role/page'), 200, "role $_ is one of those required"
    for qw(admin auditor);
is status_of({ role => [ 'user', 'auditor' ] }, '/role/page'), 200, 'roles may be an array';
is status_of({ role => $_ }, '/role/page'), 200, "or a string: \"$_\"" for 'user,admin', 'user admin', ' user , admin,, ';
is status_of({ role => $_->[0] }, '/role/page'), 403, "$_->[1] is not the role" for (
    [ 'administrator', 'a longer name' ],
    [ 'adm',           'a shorter name' ],
    [ 'ADMIN',         'another case' ],
    [ 'user,administrator', 'a list of others' ],
    [ 'user admin,x',  'a name with a blank between commas' ],
    [ [ 'user,admin' ], 'an array element with a comma' ],
    [ [ 'user admin' ], 'or with a blank' ],
    [ '',              'an empty string' ],
    [ [],              'an empty array' ],
);
is status_of({ role => { admin => JSON::PP::true } }, '/role/page'), 401,
    'a role that is an object makes the token unusable';

is status_of({ assignedModules => [qw(x rag chat)] }, '/module/page'), 200,
    'all modules that are required pass';
is status_of({ assignedModules => ['rag'] }, '/module/page'), 403, 'some of them do not';
is status_of({ assignedModules => 'chat rag' }, '/module/page'), 200, 'a string may name several';
is status_of({ assignedModules => 'chat ragtime' }, '/module/page'), 403, 'by their whole names';
is status_of({ role => 'admin', assignedModules => 'chat' }, '/both/page'), 200,
    'role and module pass together';
is status_of({ role => 'admin' }, '/both/page'), 403, 'the role alone does not';
is status_of({ assignedModules => 'chat' }, '/both/page'), 403, 'nor does the module';

my %deep = (email => 'a@b', realm => { roles => ['admin'] }, app => { modules => ['chat'] });
is status_of({ sub => undef, %deep }, '/nested/page'), 200, 'claims are found inside objects';
is status_of({ sub => undef, %deep, realm => ['admin'] }, '/nested/page'), 403,
    'and only there';
is status_of({ %deep, email => undef }, '/nested/page'), 401,
    'the user is the claim that is configured';

done_testing;
