package Edgerun::Keys;

# Key pairs of an identity provider: made at random, they sign tokens as any
# provider would, or as no provider should.

use strict;
use warnings;

use Carp qw(croak);
use Crypt::JWT ();
use Crypt::PK::ECC;
use Crypt::PK::Ed25519;
use Crypt::PK::RSA;
use JSON::PP;
use MIME::Base64 qw(encode_base64url);

my %curve_of = (ES256 => 'secp256r1', ES384 => 'secp384r1', ES512 => 'secp521r1');

# new(ALGORITHM, OPTIONS): kid => 'a', bits => 2048 (RSA)
sub new {
    my ($class, $algorithm, %options) = @_;
    my $key;
    if ($algorithm =~ /^[RP]S/) {
        $key = Crypt::PK::RSA->new;
        $key->generate_key(($options{bits} // 2048) / 8, 65537);
    }
    elsif ($curve_of{$algorithm}) {
        $key = Crypt::PK::ECC->new;
        $key->generate_key($curve_of{$algorithm});
    }
    elsif ($algorithm eq 'EdDSA') {
        $key = Crypt::PK::Ed25519->new;
        $key->generate_key;
    }
    else {
        croak "no keys for $algorithm";
    }
    return bless { key => $key, algorithm => $algorithm, kid => $options{kid} }, $class;
}

sub kid { return $_[0]{kid} }

# A compact JWS of these claims (alice's unless told; exp is an hour away unless
# told); undef removes a claim. OPTIONS:
#   alg      another algorithm of the same key
#   header   more of the header, { name => value }; undef removes a member
sub token {
    my ($self, $claims, %options) = @_;
    my %claims = (exp => time + 3600, %{ $claims // { sub => 'alice' } });
    delete $claims{$_} for grep { !defined $claims{$_} } keys %claims;
    my %header = (defined $self->{kid} ? (kid => $self->{kid}) : (), %{ $options{header} // {} });
    delete $header{$_} for grep { !defined $header{$_} } keys %header;
    return Crypt::JWT::encode_jwt(
        payload => \%claims, key => $self->{key}, alg => $options{alg} // $self->{algorithm},
        extra_headers => \%header);
}

# The public key as a JWK; more members, or undef to leave one out, by name.
sub jwk {
    my ($self, %more) = @_;
    my %jwk = (
        %{ decode_json($self->{key}->export_key_jwk('public')) },
        alg => $self->{algorithm}, use => 'sig',
        defined $self->{kid} ? (kid => $self->{kid}) : (), %more);
    delete $jwk{$_} for grep { !defined $jwk{$_} } keys %jwk;
    return \%jwk;
}

# The public key as PEM ("PUBLIC KEY").
sub pem {
    my ($self) = @_;
    return $self->{key}->export_key_pem($curve_of{ $self->{algorithm} } ? 'public_short' : $self->{algorithm} eq 'EdDSA' ? 'public' : 'public_x509');
}

sub private_pem { return $_[0]{key}->export_key_pem('private') }
sub der         { return $_[0]{key}->export_key_der($_[0]{algorithm} =~ /^[RP]S/ ? 'public_x509' : 'public') }

# A JWK Set, as text, of these keys (or JWKs).
sub set {
    my (@keys) = @_;
    my @jwks = map { ref $_ eq 'HASH' ? $_ : $_->jwk } @keys;
    return JSON::PP->new->canonical->encode({ keys => \@jwks });
}

# A token of exactly this header and payload (text, or data), and a signature
# made by a function of the signing input.
sub compact {
    my ($header, $payload, $sign) = @_;
    my $json = JSON::PP->new->canonical;
    my $input = join '.', map { encode_base64url(ref $_ ? $json->encode($_) : $_) } $header, $payload;
    return "$input." . encode_base64url($sign->($input));
}

1;
