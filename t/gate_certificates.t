#!/usr/bin/env perl
# Client certificates as identities: what NGINX has verified is who it is.
use FindBin;
use lib "$FindBin::Bin/lib";
use Edgerun::Test;
use Edgerun::Certificates;

my $t = Edgerun::Test->new;
sub in_dir { return $t->dir . "/$_[0]" }

my $certificates = Edgerun::Certificates->new($t->dir);
$certificates->self_signed('server', subject => '/CN=127.0.0.1', names => 'IP:127.0.0.1');
$certificates->self_signed($_) for qw(ca stranger);
$certificates->signed('alice',   'ca',       subject => '/O=Staff/CN=alice');
$certificates->signed('eve',     'ca',       subject => '/O=Guests/CN=eve');
$certificates->signed('mallory', 'stranger', subject => '/O=Staff/CN=alice');

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
