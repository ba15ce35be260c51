#!/usr/bin/env perl
# Whatever a source of keys answers, or does not: the last good set stays in
# force, nothing else is believed, and the log says why.
use FindBin;
use lib "$FindBin::Bin/lib";
use Edgerun::Test;
use Edgerun::Keys;
use Edgerun::KeyServer;

my $good   = Edgerun::Keys->new('ES256', kid => 'good');
my $evil   = Edgerun::Keys->new('ES256', kid => 'evil');
my $next   = Edgerun::Keys->new('ES256', kid => 'next');
my $bytes  = 256 * 1024;
my $secret = { kty => 'oct', kid => 'evil', alg => 'HS256', k => 'YSBzZWNyZXQgZm9yIHRlc3RzIG9mIDMyIGJ5dGVzIG9yIG1vcmU' };

my $t    = Edgerun::Test->new;
my $trap = Edgerun::KeyServer->start($t->dir)->serve($evil);
my $set  = Edgerun::Keys::set($evil);

sub status { return { answer => { status => $_[0], body => $set, @_ > 1 ? (headers => $_[1]) : () } } }

# What a source does, and what the log says of it.
my %CASES = (
    down         => { down => 1, log => qr/connect|refused/i },
    silent       => { answer => { action => 'silent' }, log => qr/timed out/ },
    closes       => { answer => { action => 'close' }, log => qr/reset|recv failure|empty reply/i },
    drips        => { answer => { action => 'drip', body => $set }, log => qr/timed out/ },
    truncated    => { answer => { body => $set, headers => [ 'Content-Length', 10_000 ] }, log => qr/closed|transfer/ },
    # what is answered with another status than 200
    error        => { %{ status(500) }, log => qr/it answered 500/ },
    missing      => { %{ status(404) }, log => qr/it answered 404/ },
    created      => { %{ status(201) }, log => qr/it answered 201/ },
    unchanged    => { %{ status(304) }, log => qr/it answered 304(?!,)/ },
    (
        map {
            my $status = $_;
            "moved_$status" => {
                %{ status($status, [ Location => $trap->url ]) },
                log => qr/it answered $status, but redirects are not followed/,
            }
        } 301, 302, 303, 307, 308
    ),
    # what is no set
    empty        => { answer => { body => '' }, log => qr/its answer is empty/ },
    html         => { answer => { body => '<html><body>Welcome</body></html>', headers => [ 'Content-Type', 'text/html' ] }, log => qr/its answer is not valid JSON/ },
    no_keys      => { answer => { body => '{}' }, log => qr/not a JWK Set/ },
    array        => { answer => { body => '[]' }, log => qr/not a JWK Set/ },
    zero_keys    => { answer => { body => '{"keys":[]}' }, log => qr/holds no key/ },
    null         => { answer => { body => 'null' }, log => qr/its answer is not/ },
    twice        => { answer => { body => substr($set, 0, -1) . ',"keys":[]}' }, log => qr/member twice/ },
    deep         => { answer => { body => '{"keys":' . '[' x 1000 . ']' x 1000 . '}' }, log => qr/its answer is not/ },
    only_secret  => { answer => { body => Edgerun::Keys::set($secret) }, log => qr/holds no key/ },
    only_broken  => { answer => { body => Edgerun::Keys::set($evil->jwk(x => 'AAAA')) }, log => qr/holds no key/ },
    control      => { answer => { body => '{"keys":[{"kty":"EC","kid":"a\n2026 [alert] forged\u001b[31m\u00e9"}]}' }, log => qr/holds no key/ },
    compressed   => { answer => { body => "\x1f\x8b\x08" . "\0" x 100, headers => [ 'Content-Encoding', 'gzip' ] }, log => qr/compressed/ },
    # what is too much
    large        => { answer => { body => $set . ' ' x $bytes }, log => qr/larger than 256 KiB/ },
    flood        => { answer => { action => 'flood', bytes => 100 * 1024 * 1024 }, log => qr/larger than 256 KiB/ },
    header_flood => { answer => { body => $set, headers => [ map { ("X-$_", 'x' x 1000) } 1 .. 200 ] }, log => qr/\S/ },
);

my %sources = map { $_ => Edgerun::KeyServer->start($t->dir) } sort keys %CASES;

sub write_conf {
    $t->write_conf(join "\n",
        'server { listen 127.0.0.1:%%PORT_0%%; edgerun_auth_jwt "app"; root %%TESTDIR%%/html;',
        (
            map { "location /$_ { edgerun_auth_jwt_jwks_uri @{[ $sources{$_}->url ]} refresh=1s unknown_key=100ms; alias %%TESTDIR%%/html/page; }" }
            sort keys %sources
        ),
        'location /open { edgerun_auth_jwt off; alias %%TESTDIR%%/html/page; } }');
    return;
}
mkdir $t->dir . '/html';
$t->write_file('html/page', 'inside');

sub turn_bad {
    for my $name (keys %CASES) {
        $CASES{$name}{down} ? $sources{$name}->stop : $sources{$name}->answer(%{ $CASES{$name}{answer} });
    }
    return;
}

sub turn_good {
    my ($key) = @_;
    for my $name (keys %CASES) {
        $sources{$name}->serve($key)->resume;
    }
    return;
}

# The statuses of all sources' locations for a token; asked at once, as some wait.
sub statuses {
    my ($token) = @_;
    my %connections = map { $_ => $t->connect } keys %sources;
    $connections{$_}->write(Edgerun::Http::format_request('GET', "/$_", token => $token))
        for keys %connections;
    return { map { $_ => $connections{$_}->read_response->{status} } keys %connections };
}

sub all_are { my ($status) = @_; return { map { $_ => $status } keys %sources } }

# The same, once all sources that did not answer in time (503) have answered.
sub become {
    my ($token) = @_;
    my $all;
    wait_until { $all = statuses($token); !grep { $_ == 503 } values %$all };
    return $all;
}

# A line about the source since `from`.
sub logged {
    my ($name, $pattern, $from) = @_;
    my $url = quotemeta $sources{$name}->url;
    return substr($t->error_log, $from) =~ /"$url"$pattern/;
}

# --------------------------------------------------- there was a good set

turn_good($good);
write_conf();
$t->run;
is_deeply become($good->token), all_are(200), 'all sources are good at first';

my $from = length $t->error_log;
turn_bad();
for my $name (sort keys %CASES) {
    my $log     = $CASES{$name}{log};
    my $pattern = qr/: [^\n]*(?:$log)[^\n]*; the last good set stays in force, next attempt in \ds/;
    ok wait_until { logged($name, $pattern, $from) }, "$name: the log says what is wrong";
}
is $t->get('/open')->{status}, 200, 'the workers go on' for 1 .. 4;
is_deeply statuses($good->token), all_are(200), 'the last good set stays in force';
is_deeply statuses($evil->token), all_are(503),
    'nothing of a bad answer is believed; whether the key is a new one, nobody can say';
my $forged = Edgerun::Token::make({ sub => 'mallory' }, $Edgerun::Test::SECRET, 'HS256');
is_deeply statuses($forged), all_are(401), 'no secret from afar signs tokens';
is $trap->hits, 0, 'no redirect is followed';
unlike $t->error_log, qr/^2026 \[alert\] forged|[^\n -~]/m, 'no control characters in the log';

turn_good($next);
my $token = $next->token;
for my $name (sort keys %CASES) {
    ok wait_until { $t->get("/$name", token => $token)->{status} == 200 }, "$name: a good answer counts again";
    ok wait_until { logged($name, qr/ is back after \d+ failed attempts/, $from) }, "$name: and the log says so";
}
is_deeply become($good->token), all_are(401), 'the old set is gone then';
$t->stop;

# ---------------------------------------------------- there never was one

$from = length $t->error_log;
turn_bad();
$t->run;
is_deeply statuses($_->[0]), all_are(503), "$_->[1]: without any set, nobody passes"
    for [ $evil->token, 'evil' ], [ $forged, 'forged' ];
ok wait_until { substr($t->error_log, $from) =~ /there has never been a good set/ }, 'the log says so';
is $trap->hits, 0, 'still no redirect is followed';
turn_good($good);
$token = $good->token;
ok wait_until { $t->get("/$_", token => $token)->{status} == 200 }, "$_: recovers" for sort keys %CASES;

# ------------------------------------------------------- partly good sets

$sources{down}->serve($secret, $next, $next->jwk(x => 'AAAA', kid => 'broken'), $next->jwk(use => 'enc', kid => 'enc'));
$token = $next->token;
ok wait_until { $t->get('/down', token => $token)->{status} == 200 }, 'keys beside bad ones are used';
is $t->get('/down', token => $forged)->{status}, 401, 'but not a secret';
my $url = quotemeta $sources{down}->url;
ok wait_until { $t->error_log =~ /\[warn\].* edgerun: key source "$url": key 1 [^\n]*evil/ }, 'what is left out is logged';
my $hits = $sources{down}->hits;
wait_until { $sources{down}->hits > $hits + 1 };
is scalar(() = $t->error_log =~ /\[warn\].* edgerun: key source "$url": key 1 /g), 1, 'once for each set';

done_testing;
