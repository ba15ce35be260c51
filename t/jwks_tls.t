#!/usr/bin/env perl
# The source of keys must prove who it is.
use FindBin;
use lib "$FindBin::Bin/lib";
use Edgerun::Test;
use Edgerun::Certificates;
use Edgerun::Keys;
use Edgerun::KeyServer;

my $t      = Edgerun::Test->new;
my $source = Edgerun::KeyServer->start($t->dir);
my $key    = Edgerun::Keys->new('ES256', kid => 'one');
$source->serve($key);
make_certificates();

sub in_dir { return $t->dir . "/$_[0]" }

sub make_certificates {
    my $certificates = Edgerun::Certificates->new($t->dir);
    $certificates->self_signed($_) for qw(ca other-ca);
    $certificates->signed('good',     'ca', names => 'IP:127.0.0.1,DNS:localhost');
    $certificates->signed('misnamed', 'ca', names => 'DNS:other.test');
    return;
}

# NGINX itself speaks TLS before the source; plain HTTP where TLS is expected.
sub tls_server {
    my ($port, $certificate) = @_;
    return <<"END";
    server {
        listen 127.0.0.1:%%PORT_$port%% ssl;
        ssl_certificate @{[ in_dir("$certificate.pem") ]};
        ssl_certificate_key @{[ in_dir("$certificate.key") ]};
        location / { proxy_pass @{[ $source->url('') ]}; }
    }
END
}

my ($good, $misnamed, $plain) = map { 'https://127.0.0.1:' . $t->port($_) } 1, 2, 3;
my $named = 'https://localhost:' . $t->port(1);
my @cases = (
    [ trusted     => "$good/trusted trusted_certificate=ca.pem",         200 ],
    [ by_name     => "$named/by_name trusted_certificate=ca.pem",        200 ],
    [ unknown_ca  => "$good/unknown_ca",                                 503, qr/certificate/i ],
    [ other_ca    => "$good/other_ca trusted_certificate=other-ca.pem",  503, qr/certificate/i ],
    [ misnamed    => "$misnamed/misnamed trusted_certificate=ca.pem",    503, qr/no alternative certificate subject name|does not match/i ],
    [ plain       => "$plain/plain trusted_certificate=ca.pem",          503, qr/SSL|TLS|wrong version/i ],
);
$t->write_conf(join "\n",
    tls_server(1, 'good'), tls_server(2, 'misnamed'),
    "server { listen 127.0.0.1:%%PORT_3%%; location / { proxy_pass @{[ $source->url('') ]}; } }",
    'server { listen 127.0.0.1:%%PORT_0%%; root %%TESTDIR%%/html; edgerun_auth_jwt "app";',
    (map { "location /$_->[0] { edgerun_auth_jwt_jwks_uri $_->[1]; alias %%TESTDIR%%/html/page; }" } @cases),
    '}');
mkdir in_dir('html');
$t->write_file('html/page', 'inside');
$t->run;

my %connections = map { $_->[0] => $t->connect } @cases;
$connections{$_}->write(Edgerun::Http::format_request('GET', "/$_", token => $key->token)) for keys %connections;
for my $case (@cases) {
    my ($name, undef, $status, $log) = @$case;
    is $connections{$name}->read_response->{status}, $status, "$name: $status";
    ok wait_until { $t->error_log =~ /no keys from "[^"]+\/$name": [^\n]*(?:$log)/ }, "$name: the log says why" if $log;
}
is join(' ', sort map { $_->{path} } $source->requests), '/by_name /trusted',
    'who cannot prove who it is is asked nothing';
unlike $t->error_log, qr/stale global SSL error/, "no error stays for NGINX's own TLS";

done_testing;
