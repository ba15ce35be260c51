#!/usr/bin/env perl
# The gates of conf/examples, end to end: who is let in, and what the application
# behind them hears.
use FindBin;
use lib "$FindBin::Bin/lib";
use Edgerun::Test;

use Digest::SHA qw(sha256_hex);
use Edgerun::Keys;
use JSON::PP;

# The application (port 0), Keycloak (1) and a session service (2).
my $peers = Edgerun::Test->new(workers => 1);
$peers->write_conf(<<'END_CONF');
    default_type application/json;
    server {
        listen 127.0.0.1:%%PORT_0%%;
        location / {
            return 200 '{"user":"$http_x_user","roles":"$http_x_roles","modules":"$http_x_modules",
                "login":"$http_x_login","credentials":"$http_authorization$http_x_api_key$http_cookie"}';
        }
    }
    server {
        listen 127.0.0.1:%%PORT_1%%;
        location = /realms/demo/protocol/openid-connect/certs { alias %%TESTDIR%%/certs.json; }
    }
    server {
        listen 127.0.0.1:%%PORT_2%%;
        location /session {
            if ($http_x_user) { return 500; }
            if ($cookie_session = "alice's") { add_header X-User alice; add_header X-Roles "staff, admin"; return 200; }
            if ($cookie_session = "bob's") { add_header X-User bob; return 200; }
            return 401;
        }
    }
END_CONF

my $realm_key = Edgerun::Keys->new('RS256', kid => 'sig');
$peers->write_file('certs.json',
    Edgerun::Keys::set($realm_key->jwk(kid => 'enc', use => 'enc', alg => 'RSA-OAEP'), $realm_key));
$peers->run;

# What a client may send to look like somebody else.
my @forged = ('X-User' => 'root', 'X-Roles' => 'admin', 'X-Modules' => 'all', 'X-Login' => 'root');

# An example, started, with these peers; FILES replace what lies beside it.
sub start {
    my ($name, %files) = @_;
    my $t = Edgerun::Test->new;
    $t->write_example($name,
        peers => { 8081 => $peers->port(0), 8180 => $peers->port(1), 8082 => $peers->port(2) });
    $t->write_file($_, $files{$_}) for keys %files;
    return $t->run(conf => $name);
}

sub get {
    my ($t, $uri, @headers) = @_;
    return $t->get($uri, headers => [ @forged, @headers ]);
}

sub bearer { return (Authorization => "Bearer $_[0]") }

sub key_line {
    my ($key, %members) = @_;
    return encode_json({ sha256 => sha256_hex($key), %members }) . "\n";
}

{
    my $t = start('proxy.conf');
    my $alice = $t->token({ sub => 'alice', role => 'ADMIN', assignedModules => [ 'reports', 'chat' ] });
    my $bob = $t->token({ sub => 'bob' });

    is get($t, '/')->{status}, 401, 'proxy.conf: nobody comes through without a token';
    is_deeply get($t, '/', bearer($alice), 'x-api-key' => 'for another server')->{json},
        { user => 'alice', roles => 'ADMIN', modules => 'reports,chat', login => 'root', credentials => '' },
        'the application hears who it is, and no credential';
    my $heard = get($t, '/', bearer($bob))->{json};
    is "$heard->{user}|$heard->{roles}|$heard->{modules}", 'bob||', 'nothing of what the client says instead';
    is get($t, '/reports', bearer($alice))->{status}, 200, 'with role and module it gives reports';
    is get($t, '/reports', bearer($t->token({ sub => 'carol', @$_ })))->{status}, 403, "with $_->[0] only it does not"
        for [ role => 'ADMIN' ], [ assignedModules => 'reports' ];
    my $health = get($t, '/health');
    is $health->{status}, 200, 'its health is open to everybody';
    is $health->{json}{user}, '', 'who remain nobody';
}

{
    my $t = start('keycloak.conf');
    my $issuer = 'http://127.0.0.1:' . $peers->port(1) . '/realms/demo';
    my $token_of = sub {
        return $realm_key->token({
            sub => '0f8b', preferred_username => 'alice', iss => $issuer, aud => [ 'llm-api', 'account' ],
            realm_access => { roles => ['user'] }, resource_access => { 'llm-api' => { roles => ['chat'] } }, @_,
        });
    };

    is get($t, '/')->{status}, 401, 'keycloak.conf: nobody comes through without a token';
    is_deeply get($t, '/', bearer($token_of->()))->{json},
        { user => '0f8b', roles => 'user', modules => 'chat', login => 'alice', credentials => '' },
        "an access token's user, roles, modules and login go on";
    is get($t, '/chat', bearer($token_of->()))->{status}, 200, 'a role of the client is a module';
    is get($t, '/', bearer($token_of->(aud => 'some-client')))->{status}, 401, 'an ID token does not count';
    is get($t, '/', bearer($token_of->(iss => "$issuer/2")))->{status}, 401, "nor does another realm's";
    is get($t, '/', bearer($token_of->(realm_access => { roles => ['guest'] })))->{status}, 403,
        'the role is required';
    is get($t, '/chat', bearer($token_of->(resource_access => {})))->{status}, 403, 'so is the module';
}

{
    my $t = start('api-keys.conf', 'api-keys.jsonl' =>
        key_line('erk_reports', user => 'svc-reports', modules => ['chat'])
      . key_line('erk_other', user => 'svc-other')
      . key_line('erk_old', user => 'svc-old', modules => ['chat'], disabled => JSON::PP::true));

    my $refused = get($t, '/v1/models');
    is $refused->{status}, 401, 'api-keys.conf: nobody comes through without a key';
    like $refused->{body}, qr/"type":"authentication_error"/, "and hears so in OpenAI's words";
    for my $headers ([ bearer('erk_reports') ], [ 'x-api-key' => 'erk_reports' ]) {
        my $heard = get($t, '/v1/models', @$headers)->{json};
        is "$heard->{user}|$heard->{credentials}", 'svc-reports|', "a key in $headers->[0] does, and stays here";
    }
    is get($t, '/v1/models', bearer('erk_old'))->{status}, 401, 'a disabled key does not count';
    is get($t, '/v1/models', bearer('erk_other'))->{status}, 403, 'the module is required';
}

{
    my $t = start('auth-request.conf');
    my $alice = [ Cookie => "session=alice's" ];
    my $bob = [ Cookie => "session=bob's" ];

    is get($t, '/')->{status}, 401, 'auth-request.conf: nobody comes through whom the service does not know';
    my $heard = get($t, '/', @$alice)->{json};
    is "$heard->{user}|$heard->{roles}", 'alice|staff,admin', 'the application hears whom the service named';
    is get($t, '/', @$bob)->{json}{roles}, '', 'and with which roles, also when there are none';
    is get($t, '/admin/', @$alice)->{status}, 200, 'the role of the service counts';
    is get($t, '/admin/', @$bob)->{status}, 403, 'that of the client does not';
    is get($t, '/who', @$alice)->{status}, 404, 'the service cannot be asked from outside';
}

{
    my $t = start('mixed.conf', 'api-keys.jsonl' =>
        key_line('erk_reports', user => 'svc-reports', role => 'admin')
      . key_line('erk_nobody', user => 'svc-nobody'));
    my $token_of = sub {
        my ($user, %claims) = @_;
        return $t->token({ sub => $user, iss => 'https://login.example.com', aud => 'llm', %claims });
    };
    my $alice = $token_of->('alice', role => 'user');

    my $refused = get($t, '/');
    is $refused->{status}, 401, 'mixed.conf: nobody comes through without a credential';
    is $refused->{headers}{'content-type'}, 'application/problem+json', 'which is told as a problem';
    like $refused->{headers}{'www-authenticate'},
        qr{^Bearer realm="company", resource_metadata="https://llm\.example\.com/}, 'and where to get one';
    my $heard = get($t, '/agents', bearer($alice))->{json};
    is "$heard->{user}|$heard->{roles}", 'alice|admin', 'a person has the role of the list';
    $heard = get($t, '/chat', 'x-api-key' => 'erk_reports')->{json};
    is "$heard->{user}|$heard->{roles}", 'svc-reports|service', 'and so has a service';
    is get($t, '/agents', bearer('erk_reports'))->{status}, 403, 'not that of its key';
    is get($t, '/agents', bearer($token_of->('bob', role => 'operator')))->{json}{roles}, 'operator',
        'where the list says none, that of the token counts';
    is get($t, '/agents', bearer($token_of->('bob', role => 'user')))->{status}, 403, 'and may be missing';
    my @dave = bearer($token_of->('dave', assignedModules => 'chat'));
    is get($t, '/chat', @dave)->{status}, 200, 'the same of modules';
    is get($t, '/agents', @dave)->{status}, 403, 'of which all are required';
    is get($t, '/chat', bearer($token_of->('dave')))->{status}, 403, 'each where it is';
    is get($t, '/', bearer($token_of->('carol')))->{status}, 403, 'a disabled user is refused';
    is get($t, '/', bearer($token_of->('mallory')))->{status}, 404, 'an unknown one is not known';
    is get($t, '/', bearer('erk_nobody'))->{status}, 404, 'with a key neither';
    is get($t, '/', bearer($alice), 'x-api-key' => 'erk_reports')->{status}, 400, 'two credentials are one too many';
    is get($t, '/.well-known/oauth-protected-resource')->{json}{resource}, 'https://llm.example.com',
        'where to get a token is open to everybody';

    my @crowd = map { $t->connect } 1 .. 60;
    $_->write(Edgerun::Http::format_request('GET', '/', headers => [ bearer($alice) ])) for @crowd;
    ok scalar(grep { $_->read_response->{status} == 429 } @crowd), 'who asks too often must wait';
    is get($t, '/', bearer($token_of->('bob')))->{status}, 200, 'others need not';
}

done_testing;
