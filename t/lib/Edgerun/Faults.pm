package Edgerun::Faults;

# What a provider can do wrong with any call, and what a job says about it then.

use strict;
use warnings;

use Exporter qw(import);

our @EXPORT = qw(@FAULTS $NONSENSE);

my $could_not = qr/could not [\w ]+/;

my $CUT = qr/^502 ProviderUnavailable: $could_not: no whole response came from the provider: \S/;
my $LARGE = qr/^502 ProviderError: $could_not: the provider's response is larger than allowed$/;
my $KEY   = qr/^502 ProviderError: $could_not: the provider refused edgerun's credentials$/;
my $QUOTA = qr/^502 RateLimited: $could_not: edgerun's quota at the provider is spent$/;
our $NONSENSE =
    qr/^502 ProviderError: $could_not: the provider's response is not what its API promises$/;

# { name, fault, error, once, lost }: a fault of the emulator, and the error of a
# job one of whose calls meets it each time. `once`: already the first time.
# `lost`: what became of a call whose answer does not tell, 'done' or 'not done'.
our @FAULTS = (
    _spoiled('cut_before',   $CUT, 'not done'),
    _spoiled('cut_before',   $CUT, 'not done', reset => \1),
    _spoiled('cut_after',    $CUT, 'done'),
    _spoiled('cut_mid_body', $CUT, 'done'),
    _spoiled('cut_mid_body', $CUT, 'done', chunked => \1),
    _spoiled('hang',         $CUT, 'not done'),
    _spoiled('slow_body',    $CUT, 'done', ms => 1000),
    _spoiled('garbage', $NONSENSE, 'done'),
    _spoiled('garbage', $NONSENSE, 'done', body => ''),
    _spoiled('html',    $NONSENSE, 'not done'),
    { %{ _spoiled('huge', $LARGE, 'done', bytes => 200_000) }, once => 1 },
    _status(302, _answered(302, 'ProviderError'), 1, headers => { Location => '/v1/threads' }),
    _status(400, _answered(400, 'ProviderError'), 1),
    _status(400, _answered(400, 'ProviderError'), 0, headers => { 'x-should-retry' => 'true' }),
    _status(401, $KEY,                            1),
    _status(403, $KEY,                            1),
    _status(404, _answered(404, 'ProviderError'), 1),
    _status(409, _answered(409, 'ProviderError'), 0),
    _status(429, _answered(429, 'RateLimited'),   0, headers => { 'Retry-After' => '1' }),
    _status(429, $QUOTA, 1, body => '{"error":{"message":"Pay","code":"insufficient_quota"}}'),
    _status(500, _answered(500, 'ProviderUnavailable'), 1, headers => { 'x-should-retry' => 'false' }),
    map { { %{ _status($_, _answered($_, 'ProviderUnavailable'), 0) }, lost => 'not done' } }
        500, 502, 503
);

sub _spoiled {
    my ($action, $error, $lost, %more) = @_;
    return {
        name  => join(' ', $action, %more ? (sort keys %more)[0] : ()),
        fault => { action => $action, %more },
        error => $error,
        lost  => $lost,
    };
}

sub _status {
    my ($status, $error, $once, %more) = @_;
    my $how = join ' ', %{ $more{headers} // {} };
    return {
        name  => join(' ', $status, $how || ($more{body} ? 'insufficient_quota' : ())),
        fault => { action => 'status', status => $status, %more },
        error => $error,
        once  => $once,
    };
}

sub _answered {
    my ($status, $name) = @_;
    return qr/^502 $name: $could_not: the provider answered $status: \S/;
}

1;
