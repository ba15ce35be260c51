package Edgerun::Token;

# Tokens as an identity provider would issue them.

use strict;
use warnings;

sub make {
    my ($claims, $key, $algorithm) = @_;
    require Crypt::JWT;    # takes 200 ms to load; not every test needs it
    my %claims = (exp => time + 3600, %$claims);
    delete $claims{$_} for grep { !defined $claims{$_} } keys %claims;
    return Crypt::JWT::encode_jwt(payload => \%claims, key => $key, alg => $algorithm);
}

1;
