#!/usr/bin/env perl
# Client certificates as identities: what NGINX has verified is who it is.
use FindBin;
use lib "$FindBin::Bin/lib";
use Edgerun::Test;

my $t = Edgerun::Test->new;
sub in_dir { return $t->dir . "/$_[0]" }

sub openssl {
    my (@arguments) = @_;
    my ($exit, $output) = Edgerun::Process::capture({ PATH => $ENV{PATH} }, 'openssl', @arguments);
    die "openssl @arguments: $output" if $exit;
    return;
}

my @new = qw(-newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2);
openssl('req', '-x509', @new, '-subj', '/CN=127.0.0.1', '-addext', 'subjectAltName=IP:127.0.0.1',
    '-keyout', in_dir('server.key'), '-out', in_dir('server.pem'));
for my $authority (qw(ca stranger)) {
    openssl('req', '-x509', @new, '-subj', "/CN=$authority",
        '-keyout', in_dir("$authority.key"), '-out', in_dir("$authority.pem"));
}
for my $client ([ alice => 'ca', '/O=Staff/CN=alice' ], [ eve => 'ca', '/O=Guests/CN=eve' ], [ mallory => 'stranger', '/O=Staff/CN=alice' ]) {
    my ($name, $authority, $subject) = @$client;
    openssl('req', @new, '-subj', $subject, '-keyout', in_dir("$name.key"), '-out', in_dir("$name.csr"));
    openssl('x509', '-req', '-days', 2, '-in', in_dir("$name.csr"), '-CA', in_dir("$authority.pem"),
        '-CAkey', in_dir("$authority.key"), '-CAcreateserial', '-out', in_dir("$name.pem"));
}

$t->write_conf(<<'END');
    map $ssl_client_verify:$ssl_client_s_dn $client_name { ~^SUCCESS:(?:.*,)?CN=(?<cn>[^,]+) $cn; }
    map $ssl_client_s_dn $client_role { ~(?:^|,)O=Staff(?:,|$) staff; }
    limit_req_zone $edgerun_user zone=users:1m rate=1r/m;
    server {
        listen 127.0.0.1:%%PORT_0%% ssl;
        ssl_certificate server.pem;
        ssl_certificate_key server.key;
        ssl_client_certificate ca.pem;
        ssl_verify_client optional_no_ca;
        edgerun_auth_identity user=$client_name role=$client_role;
        location / { proxy_pass http://127.0.0.1:%%PORT_1%%; proxy_set_header X-Who "$edgerun_user|$edgerun_role"; }
        location /staff { edgerun_require_role staff; proxy_pass http://127.0.0.1:%%PORT_1%%; }
        location /limited { limit_req zone=users; limit_req_status 429; proxy_pass http://127.0.0.1:%%PORT_1%%; }
    }
    server { listen 127.0.0.1:%%PORT_1%%; location / { return 200 "$http_x_who"; } }
END
$t->run;

# [status, body] for one client.
sub get {
    my ($uri, $client) = @_;
    my @certificate = $client ? ('--cert', in_dir("$client.pem"), '--key', in_dir("$client.key")) : ();
    my (undef, $output) = Edgerun::Process::capture({ PATH => $ENV{PATH} }, 'curl', '-s', '--cacert', in_dir('server.pem'),
        @certificate, '-w', '\n%{http_code}', 'https://127.0.0.1:' . $t->port(0) . $uri);
    my ($body, $status) = $output =~ /\A(.*)\n(\d+)\z/s;
    return [ $status, $status == 200 ? $body : '' ];
}

is_deeply get('/', 'alice'), [ 200, 'alice|staff' ], 'a certificate of the authority is somebody';
is_deeply get('/', 'eve'), [ 200, 'eve|' ], 'each by its own name';
is_deeply get('/'), [ 401, '' ], 'without a certificate it is nobody';
is_deeply get('/', 'mallory'), [ 401, '' ], "a stranger's certificate is nobody's, whatever it says";
is get('/staff', 'alice')->[0], 200, 'a part of its name may be a role';
is get('/staff', 'eve')->[0], 403, 'or not';
is get('/limited', $_->[0])->[0], $_->[1], "limits count by certificate: $_->[0]" for [ alice => 200 ], [ alice => 429 ], [ eve => 200 ];

done_testing;
