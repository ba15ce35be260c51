#!/usr/bin/env perl
# edgerun_quota: how many jobs whom is allowed in which period, and what a client hears of it.
use FindBin;
use lib "$FindBin::Bin/lib";
use Edgerun::Test;
use Edgerun::Calendar;
use Edgerun::Jobs;

use Digest::SHA qw(sha256_hex);
use JSON::PP qw(encode_json);
use Time::Local qw(timegm);

begin_within('day');
begin_within('month', 'Asia/Tokyo');
my $t = Edgerun::Test->new;
$t->start_emulator(duration => 50);

my %KEYS = (erk_three => { user => 'keyed', limit => 3 }, erk_none => { user => 'limitless' }, erk_dora => { user => 'dora', limit => 9 });
$t->write_file('keys.jsonl', join '', map { encode_json({ sha256 => sha256_hex($_), %{ $KEYS{$_} } }) . "\n" } sort keys %KEYS);
$t->write_file('users.jsonl', join '', map { encode_json($_) . "\n" } { user => 'dora', limit => 2 },
    map { { user => $_ } } qw(alice bob carl eve fred gina hugo ida jim kim lea max nora olga paul keyed limitless));

# A time zone in which the last hour of a day is on.
sub late_zone {
    my $ahead = 23 - (gmtime)[2];
    return $ahead <= 14 ? "Etc/GMT-$ahead" : 'Etc/GMT+' . (24 - $ahead);
}

sub location {
    my ($name, @quotas) = @_;
    return "location /$name {
        edgerun_auth_jwt \"jobs\"; edgerun_auth_jwt_secret env:EDGERUN_JWT_SECRET;
        edgerun_auth_jwt_claims limit=plan.calls;
        edgerun_auth_api_keys keys.jsonl;
        @{[ map { qq(edgerun_quota $_;\n) } @quotas ]}
        edgerun_jobs zone=jobs provider=main;
    }\n";
}

$t->write_conf(jobs_conf(
    zone   => 'zone=jobs:16m',
    http   => 'edgerun_users users.jsonl; edgerun_quota_zone zone=calls:1m; edgerun_quota_zone zone=more:1m;',
    server => join '',
    location('two',      'zone=calls limit=2 period=month'),
    location('three',    'zone=calls limit=3 period=month'),
    location('free',     'off'),
    location('own',      'zone=calls limit=$edgerun_limit period=month'),
    location('default',  'zone=calls limit=$edgerun_limit period=month default=1'),
    location('endless',  'zone=calls limit=$edgerun_limit period=month default=unlimited'),
    location('said',     'zone=calls limit=$http_x_limit period=month'),
    location('periods',  map { "zone=calls limit=60 period=$_" } qw(month day hour minute)),
    location('tokyo',    'zone=calls limit=1 period=month timezone=Asia/Tokyo'),
    location('org',      'zone=calls limit=1 period=month key=$http_x_org'),
    location('several',  'zone=calls limit=4 period=month', 'zone=more limit=2 period=day key=$http_x_org'),
    location('zones',    'zone=calls limit=9 period=month', 'zone=more limit=1 period=month'),
    location('minute',   'zone=calls limit=0 period=minute'),
    location('both',     'zone=calls limit=0 period=minute', 'zone=calls limit=0 period=day', 'zone=calls limit=0 period=hour'),
    location('late',     map { "zone=calls limit=0 period=$_ timezone=" . late_zone() } qw(day hour)),
    location('tokens',   'zone=calls limit=2500 period=month unit=tokens reserve=1000'),
    location('spent',    'zone=calls limit=100 period=day unit=tokens reserve=60'),
    location('dry',      'zone=calls limit=1 period=month dry_run', 'zone=calls limit=5 period=day'),
));
$t->run;

# --- what is asked, and what is heard ---

sub ask {
    my ($path, $user, %options) = @_;
    my @who = ref $user ? (token => $t->token($user)) : $user =~ /^erk_/ ? () : (token => $t->token({ sub => $user }));
    my @headers = @{ $options{headers} // [] };
    push @headers, 'X-API-Key' => $user if !ref $user && $user =~ /^erk_/;
    return $t->post("/$path", @who, headers => \@headers, json => { query => $options{query} // 'hello' });
}
sub statuses {
    my ($n, @rest) = @_;
    return join ' ', map { ask(@rest)->{status} } 1 .. $n;
}
sub policy { return $_[0]{headers}{'ratelimit-policy'} // '' }
sub left   { return join ', ', map { s/;t=\d+$//r } split /, /, $_[0]{headers}{ratelimit} // '' }
sub resets { return map { /;t=(\d+)$/ } split /, /, $_[0]{headers}{ratelimit} // '' }

# The end of the month where the clock is OFFSET hours ahead of UTC.
sub month_end {
    my ($offset) = @_;
    my (undef, undef, undef, undef, $month, $year) = gmtime(time + 3600 * $offset);
    return timegm(0, 0, 0, 1, ($month + 1) % 12, $year + 1900 + ($month == 11)) - 3600 * $offset;
}
sub month_length {
    my (undef, undef, undef, undef, $month, $year) = gmtime;
    return month_end(0) - timegm(0, 0, 0, 1, $month, $year + 1900);
}
sub iso {
    my ($second, $minute, $hour, $day, $month, $year) = gmtime $_[0];
    return sprintf '%04d-%02d-%02dT%02d:%02d:%02d.000Z', $year + 1900, $month + 1, $day, $hour, $minute, $second;
}
# Were there so many seconds left of it, at a moment since BEFORE?
sub is_time_to {
    my ($end, $before, $seconds, $name) = @_;
    my $fits = $seconds =~ /^\d+$/ && $seconds >= 1 && $seconds >= $end - time && $seconds <= $end - $before + 1;
    ok $fits, $name or diag "$seconds s to $end, between $before and " . time;
    return;
}

# --- so many, and no more ---

my $before = time;
my $first = ask('two', 'alice');
is $first->{status}, 202, 'a job is accepted where a quota has room';
is policy($first), '"month";q=2;w=' . month_length(), 'the policy is told, with the length of this month';
is left($first), '"month";r=1', 'and what is left of it';
is_time_to(month_end(0), $before, resets($first), 'until the month is over');
is statuses(1, 'two', 'alice'), '202', 'all of it may be used';
$before = time;
my $refused = ask('two', 'alice');
is $refused->{status}, 429, 'and no more';
is_deeply $refused->{json}, {
    error      => 'TooManyRequests',
    message    => 'the quota of 2 requests a month is spent; it begins anew at ' . iso(month_end(0)),
    statusCode => 429,
}, 'the error says of what, and until when';
is_time_to(month_end(0), $before, $refused->{headers}{'retry-after'}, 'so does Retry-After');
is $refused->{headers}{'x-should-retry'}, 'false', 'nobody should wait for that';
is policy($refused), policy($first), 'the policy is told again';
is left($refused), '"month";r=0', 'nothing is left';
is statuses(2, 'two', 'bob'), '202 202', 'another user has a quota of their own';
is $t->get($first->{headers}{location}, token => $t->token({ sub => 'alice' }))->{status}, 200, 'to ask for a job costs nothing';
is scalar @{ $t->get('/two', token => $t->token({ sub => 'alice' }))->{json}{jobs} }, 2, 'of what was refused nothing was made';
is left(ask('three', 'alice')), '"month";r=0', 'locations that say the same share the counter';
is statuses(1, 'three', 'alice'), '429', 'each with its limit';
my $free = ask('free', 'alice');
is $free->{status}, 202, 'where quotas are off, none counts';
ok !exists $free->{headers}{$_}, "and there is no $_" for qw(ratelimit ratelimit-policy);

# --- whose limit ---

is statuses(2, 'own', { sub => 'carl', plan => { calls => 1 } }), '202 429', 'a claim may say the limit';
is statuses(1, 'own', { sub => 'carl', plan => { calls => '2' } }), '202', 'another token raises it, in digits too';
is statuses(4, 'own', 'erk_three'), '202 202 202 429', 'so may an API key';
is statuses(3, 'own', { sub => 'dora', plan => { calls => 9 } }), '202 202 429', 'the user file knows better than a claim';
is statuses(1, 'own', 'erk_dora'), '429', 'and than a key';
my $none = ask('own', 'eve');
is $none->{status}, 429, 'without a limit of their own, a user has nothing';
like $none->{json}{message}, qr/^the quota of 0 requests a month is spent;/, 'as the error says';
is statuses(2, 'default', 'eve'), '202 429', 'unless there is a default';
is statuses(2, 'default', 'erk_none'), '202 429', 'for keys too';
my $endless = ask('endless', 'eve');
is $endless->{status}, 202, 'which may be unlimited';
ok !exists $endless->{headers}{$_}, "then there is no $_" for qw(ratelimit ratelimit-policy);
is statuses(1, 'default', 'eve'), '429', 'what was unlimited was counted all the same';

sub said { my ($limit) = @_; return ask('said', 'fred', headers => [ 'X-Limit' => $limit ]) }
is said($_)->{status}, 429, qq("$_" is no limit) for '', 'many', '-1', '1e3', '2.0', ' ', '+5';
is policy(said('7')) =~ s/;w=\d+//r, '"month";q=7', 'digits are';
is policy(said('9' x 30)) =~ s/;w=\d+//r, '"month";q=999999999999999', 'so many digits that there is no larger one';
is policy(said('unlimited')), '', 'and the word "unlimited"';

# --- in which period ---

my $periods = ask('periods', 'gina');
is policy($periods), '"month";q=60;w=' . month_length() . ', "day";q=60;w=86400, "hour";q=60;w=3600, "minute";q=60;w=60',
    'each period has its length';
is left($periods), join(', ', map { "\"$_\";r=59" } qw(month day hour minute)), 'all of them count';
my @resets = resets($periods);
ok $resets[3] >= 1 && $resets[3] <= 60 && $resets[2] <= 3600 && $resets[1] <= 86400, 'and end when they do' or diag "@resets";
is(($resets[1] - $resets[3]) % 60, 0, 'with the minute of the clock');
is(($resets[1] - $resets[2]) % 3600, 0, 'and its hour');

$before = time;
my $tokyo = ask('tokyo', 'hugo');
is_time_to(month_end(9), $before, resets($tokyo), 'a month is one of the time zone');
is left(ask('two', 'hugo')), '"month";r=1', 'that of another has a counter of its own';
like ask('tokyo', 'hugo')->{json}{message}, qr/begins anew at \Q@{[ iso(month_end(9)) ]}\E$/, 'the time of the error is one of UTC';

my $minute = ask('minute', 'ida');
is $minute->{status}, 429, 'a minute may be spent';
cmp_ok $minute->{headers}{'retry-after'}, '<=', 60, 'and is soon over';
ok !exists $minute->{headers}{'x-should-retry'}, 'so clients may wait for the next';
my $both = ask('both', 'ida');
like $both->{json}{message}, qr/^the quota of 0 requests a day is spent;/, 'of several that are spent, the longest is told';
is $both->{headers}{'retry-after'}, (resets($both))[1], 'as when to come again';
is $both->{headers}{'x-should-retry'}, 'false', 'and whether';
like ask('late', 'ida')->{json}{message}, qr/^the quota of 0 requests a day is spent;/,
    'in the last hour of the day, which ends with it, too';

# --- of whom ---

sub of { my ($org, $user, $path) = @_; return ask($path // 'org', $user, headers => defined $org ? [ 'X-Org' => $org ] : []) }
is of('acme', 'jim')->{status}, 202, 'a key says who is counted';
is of('acme', 'kim')->{status}, 429, 'whichever user it is';
is of('other', 'kim')->{status}, 202, 'another key is another counter';
is join(' ', map { of(undef, 'jim')->{status} } 1 .. 2), '202 202', 'without a key nobody is counted';
is policy(of(undef, 'jim')), '', 'and nothing told';

# --- several: all or nothing ---

is left(of('globex', 'lea', 'several')), '"month";r=3, "day";r=1', 'two quotas count';
is left(of('globex', 'max', 'several')), '"month";r=3, "day";r=0', 'each for whom it is';
my $second = of('globex', 'lea', 'several');
is $second->{status}, 429, 'if one of them is spent, a job is refused';
like $second->{json}{message}, qr/^the quota of 2 requests a day is spent;/, 'for this one';
is left($second), '"month";r=3, "day";r=0', 'and nothing is taken of the other';
is left(of(undef, 'lea', 'several')), '"month";r=2', 'where one does not count, the other does';
is left(of('initech', 'lea', 'several')), '"month";r=1, "day";r=1', 'until all of it';
is left(of('initech', 'lea', 'several')), '"month";r=0, "day";r=0', 'is used';
is left(of('hooli', 'lea', 'several')), '"month";r=0, "day";r=2', 'be it the first that is spent';
is policy(ask('zones', 'max')) =~ s/;w=\d+//gr, '"month";q=9, "month-2";q=1', 'equal names are told apart';

# --- what costs nothing ---

my @max = (token => $t->token({ sub => 'nora' }));
is $t->post('/two', @max, json => { question => 'x' })->{status}, 400, 'what is malformed is refused';
is $t->post('/two', json => { query => 'x' })->{status}, 401, 'and who is unknown';
my @keyed = (@max, json => { query => 'x' }, headers => [ 'Idempotency-Key' => 'k' ]);
my $original = $t->post('/two', @keyed);
is left($original), '"month";r=1', 'neither costs anything';
my $replay = $t->post('/two', @keyed);
is "$replay->{status} $replay->{json}{id}", "202 $original->{json}{id}", 'the same submission again';
is left(ask('two', 'nora')), '"month";r=0', 'costs nothing';
is $t->post('/two', @keyed)->{status}, 202, 'and may be asked for when all is spent';
finish($t, [$original], user => 'nora');

# --- tokens ---

my @long = map { ask('tokens', 'olga', query => '[[duration=60000]] [[usage=100,50]] long') } 1 .. 2;
is policy($long[0]), '"month-tokens";q=2500;w=' . month_length() . ';qu="edgerun-tokens"', 'a quota of tokens says so';
is left($long[1]), '"month-tokens";r=500', 'a job holds some while it runs';
my $held = ask('tokens', 'olga');
is $held->{status}, 429, 'when what is left is too little for another';
is $held->{json}{message}, 'running jobs hold the rest of the quota of 2500 tokens a month; try again later', 'who holds it is told';
is $held->{headers}{'retry-after'}, 5, 'it may come back soon';
ok !exists $held->{headers}{'x-should-retry'}, 'and is worth waiting for';
$t->post("$_->{headers}{location}/cancel", token => $t->token({ sub => 'olga' })) for @long;

my $run = run_job($t, '[[usage=30,20]] short', user => 'paul', path => '/spent');
is $run->{tokensUsed}, 50, 'a run uses tokens';
my $too_little;    # what a job held is given back a little later than it is seen to have ended
wait_until {
    $too_little = ask('spent', 'paul');
    return $too_little->{status} == 429 && $too_little->{json}{message} !~ /^running jobs hold/;
};
like $too_little->{json}{message}, qr/^the quota of 100 tokens a day has 50 left, and a job needs 60; it begins anew at/,
    'what is left after it may be too little';
is $too_little->{headers}{'x-should-retry'}, 'false', 'for the rest of the day';

# --- dry runs ---

sub warnings { return $t->error_log =~ /\[warn\].*"edgerun_quota", dry run, would refuse the request: (.*?), client:/g }
my $dry = ask('dry', 'paul');
is policy($dry), '"day";q=5;w=86400', 'clients hear nothing of a dry run';
is scalar(my @none = warnings()), 0, 'nor does the log while there is room';
is statuses(2, 'dry', 'paul'), '202 202', 'it refuses nothing';
is_deeply [ warnings() ], [ ('the quota of 1 request a month in zone "calls"') x 2 ], 'the log says what it would have refused';

done_testing;
