# A static file behind the gate and beside it, and the credentials to fetch it with.
package Bench::Gate;
use strict;
use warnings;

use Crypt::JWT qw(encode_jwt);
use Crypt::PK::ECC;
use Crypt::PK::Ed25519;
use Crypt::PK::RSA;
use Crypt::PRNG qw(random_bytes random_string);
use Digest::SHA qw(sha256_hex);
use Exporter qw(import);
use JSON::PP;
use MIME::Base64 qw(encode_base64url);

use Bench::Servers qw(write_file);

our @EXPORT_OK = qw(make_files gate_locations credentials claims);

my $file_bytes = 1024;
my $json       = JSON::PP->new->canonical;

# As identity providers issue them.
sub claims {
    return (
        iss => 'https://login.example.com/', aud => 'https://api.example.com',
        sub => 'user-0123456789', exp => int(time) + 86400, nbf => int(time) - 60,
        iat => int(time) - 60, jti => '0b9f2a6e-5c1d-4a7e-9e0f-2f6f1b1a9d11',
        azp => 'web-client', scope => 'openid profile email', role => 'clinician',
        assignedModules => [qw(simulation reports knowledge)], simRateLimit => 100,
    );
}

# The file that is served, under each location's name.
sub make_files {
    my ($dir) = @_;
    for my $location ('', qw(/open /jwt /keys /mixed /rotated)) {
        mkdir "$dir/www$location" or die "$dir/www$location: $!\n";
        write_file("$dir/www$location/file", 'x' x $file_bytes) if $location;
    }
}

sub gate_locations {
    my ($dir) = @_;
    my $jwt = <<"END";
            edgerun_auth_jwt          "bench";
            edgerun_auth_jwt_key_file $dir/public.json;
            edgerun_auth_jwt_key_file $dir/secret.json;
END
    my $keys = "            edgerun_auth_api_keys     $dir/api-keys;\n";
    return <<"END";
        location /open/ {
        }
        location /jwt/ {
$jwt        }
        location /keys/ {
$keys        }
        location /mixed/ {
$jwt$keys            edgerun_auth_jwt_issuer   https://login.example.com/;
            edgerun_auth_jwt_audience https://api.example.com;
            edgerun_require_role      clinician;
            edgerun_require_module    simulation;
        }
END
}

# New keys, of which those that verify go to $dir, and a credential of each kind:
# { name, location, option, file }; the option says how the load tool sends it.
sub credentials {
    my ($dir) = @_;
    my %pair = (
        RS256 => Crypt::PK::RSA->new->generate_key(256, 65537),
        PS256 => Crypt::PK::RSA->new->generate_key(256, 65537),
        ES256 => Crypt::PK::ECC->new->generate_key('nistp256'),
        ES384 => Crypt::PK::ECC->new->generate_key('nistp384'),
        EdDSA => Crypt::PK::Ed25519->new->generate_key,
    );
    my $secret = random_bytes(32);
    write_keys("$dir/public.json",
        map { { %{ $pair{$_}->export_key_jwk('public', 1) }, kid => $_, alg => $_ } } keys %pair);
    write_keys("$dir/secret.json",
        { kty => 'oct', kid => 'HS256', alg => 'HS256', k => encode_base64url($secret) });
    my $api_key = write_api_key("$dir/api-keys");

    my @tokens = map { token($dir, $_, $pair{$_} // $secret) }
        qw(HS256 RS256 PS256 ES256 ES384 EdDSA);
    my $key = { name => 'API key', location => 'keys', option => 'key-file', file => $api_key };
    return (@tokens, $key,
        { %{ $tokens[3] }, name => 'mixed, ES256',   location => 'mixed' },
        { %$key,           name => 'mixed, API key', location => 'mixed' });
}

sub token {
    my ($dir, $algorithm, $key) = @_;
    my $file = "$dir/token-$algorithm";
    write_file($file, encode_jwt(payload => { claims() }, key => $key, alg => $algorithm,
            extra_headers => { kid => $algorithm, typ => 'JWT' }));
    return { name => $algorithm, location => 'jwt', option => 'token-file', file => $file };
}

sub write_keys {
    my ($path, @keys) = @_;
    write_file($path, $json->encode({ keys => \@keys }));
}

# One among a thousand; returns the path of the key itself.
sub write_api_key {
    my ($path) = @_;
    my @keys = map { 'erk_' . random_string(43) } 1 .. 1000;
    write_file($path, join '', map {
            $json->encode({ sha256 => sha256_hex($_), user => 'service', role => 'clinician',
                    modules => ['simulation'] }) . "\n" } @keys);
    chmod 0600, $path;
    write_file("$path-one", $keys[500]);
    return "$path-one";
}

1;
