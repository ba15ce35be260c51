#!/usr/bin/env perl
# Several quotas in one location: a job takes from all of them or from none. Windows are those of
# the calendar.
use FindBin;
use lib "$FindBin::Bin/lib";
use Edgerun::Test;
use Edgerun::Calendar;
use Edgerun::Jobs;
use Edgerun::Quotas;
use Time::Local qw(timegm);

begin_within('day');
my $t = Edgerun::Test->new;
$t->start_emulator(duration => 20);
$t->write_conf(quota_conf(
    [ 'limit=2 period=minute', 'limit=5 period=month' ],
    zone   => 'zone=jobs:8m',
    http   => '    edgerun_quota_zone zone=others:1m;',
    server => join('',
        with_usage('reversed', 'edgerun_quota zone=quotas limit=5 period=month; edgerun_quota zone=quotas limit=2 period=minute;'),
        with_usage('zones', 'edgerun_quota zone=quotas limit=20 period=month unit=requests;
            edgerun_quota zone=others limit=3 period=month;'),
        with_usage('calendar', 'edgerun_quota zone=others limit=9 period=minute; edgerun_quota zone=others limit=9 period=hour;
            edgerun_quota zone=others limit=9 period=day; edgerun_quota zone=others limit=9 period=month;
            edgerun_quota zone=others limit=9 period=day timezone=Asia/Kolkata;'),
        with_usage('variables', 'edgerun_quota zone=others limit=2 period=month key=$http_x_team;
            edgerun_quota zone=others limit=2 period=month key=$http_x_org;'),
        with_usage('units', 'edgerun_quota zone=others limit=1000 period=month unit=tokens reserve=400;
            edgerun_quota zone=others limit=50 period=day;')),
));
$t->run;

# A location for jobs, and their usage beside it.
sub with_usage {
    my ($name, $quotas) = @_;
    return job_location($name, $quotas) . Edgerun::Quotas::location("$name-usage", "$quotas edgerun_usage;");
}

sub used { my %options = @_; return join ' ', map { $_->{used} } @{ usage_of($t, %options) } }

# What CODE returns when the minute (hour, ...) is the same before and after it; it gets a name of
# somebody new.
my $users = 0;
sub in_one_window {
    my ($path, $code) = @_;
    while (1) {
        my $user = 'user-' . ++$users;
        my @windows = map { $_->{resetAt} } @{ usage_of($t, path => $path, user => $user) };
        my @results = $code->($user);
        return @results if "@windows" eq join ' ', map { $_->{resetAt} } @{ usage_of($t, path => $path, user => $user) };
    }
}

# ------------------------------------------------------------- all or nothing

for my $path ('/jobs', '/reversed') {
    my $usage = $path eq '/jobs' ? '/usage' : "$path-usage";
    my ($used, @answers) = in_one_window($usage, sub {
        my ($user) = @_;
        my @answers = map { submit($t, 'Hello.', path => $path, user => $user) } 1 .. 4;
        return (used(path => $usage, user => $user), @answers);
    });
    is join(' ', map { $_->{status} } @answers), '202 202 429 429', "$path: no more are accepted than the least quota lets";
    is $used, '2 2', '... and the other one is not taken from either';
    my $spent = $answers[3]{headers};
    cmp_ok $spent->{'retry-after'}, '<=', 60, '... who comes too often may come again in the next minute';
    cmp_ok $spent->{'retry-after'}, '>=', 1, '... and not at once';
    ok !exists $spent->{'x-should-retry'}, '... as clients do by themselves';
    like $answers[3]{json}{message}, qr/minute/, '... the message says which it was';
    like $spent->{ratelimit}, qr/"minute";r=0;t=\d+/, 'RateLimit says what remains';
    like $spent->{ratelimit}, qr/"month";r=3;t=\d+/, '... of both';
    like $answers[0]{headers}{ratelimit}, qr/"month";r=4;t=\d+/, '... in accepted ones as well';
    like $spent->{'ratelimit-policy'}, qr/"minute";q=2;w=60/, 'RateLimit-Policy says what they are';
    like $spent->{'ratelimit-policy'}, qr/"month";q=5;w=\d+/, '... both';
}

# Locations that say the same quota share it, whatever their limit.
my ($shared) = in_one_window('/usage', sub {
    my ($user) = @_;
    submit($t, 'Hello.', path => $_, user => $user) for '/jobs', '/reversed', '/zones';
    return join ', ', used(user => $user), used(path => '/zones-usage', user => $user);
});
is $shared, '2 3, 3 1', 'locations with the same quota share it';

# ----------------------------------------------------------------- two zones

my @answers = map { submit($t, 'Hello.', path => '/zones', user => 'bob') } 1 .. 5;
is join(' ', map { $_->{status} } @answers), '202 202 202 429 429', 'quotas in two zones: the least one refuses';
is used(path => '/zones-usage', user => 'bob'), '3 3', '... and nothing is taken from the other';
my $spent = $answers[4]{headers};
is $spent->{'x-should-retry'}, 'false', '... a month is too long to wait for';
my ($use) = grep { $_->{remaining} == 0 } @{ usage_of($t, path => '/zones-usage', user => 'bob') };
cmp_ok abs(time + $spent->{'retry-after'} - seconds_of($use->{resetAt})), '<', 30, '... as Retry-After says';
is_deeply [ map { $_->{name} } @{ usage_of($t, path => '/zones-usage', user => 'bob') } ], [qw(month month-2)],
    'the second of a name has a number';

# All at once, in both workers.
my @connections = map { $t->connect } 1 .. 30;
$_->write(Edgerun::Http::format_request('POST', '/zones', token => Edgerun::Jobs::token_of($t, 'carol'),
    json => { query => 'Hello.' })) for @connections;
my %count;
$count{ $_->read_response->{status} }++ for @connections;
is_deeply \%count, { 202 => 3, 429 => 27 }, 'of many at once exactly as many are accepted';
is used(path => '/zones-usage', user => 'carol'), '3 3', '... and counted, in both zones';

# ----------------------------------------------------------------- two units

@answers = map { submit($t, '[[usage=100,0]] [[duration=60000]] long', path => '/units', user => 'dora') } 1 .. 3;
is join(' ', map { $_->{status} } @answers), '202 202 429', 'tokens and requests: what has no reserve is refused';
is used(path => '/units-usage', user => 'dora'), '800 2', '... and no request is counted';
like $answers[2]{headers}{ratelimit}, qr/"month-tokens";r=200;/, '... though some tokens are left';

# ------------------------------------------------------------- two variables

my @same = ([ 'X-Team' => 'acme' ], [ 'X-Org' => 'acme' ]);
sub asked_of {
    my @headers = @_;
    return $t->post('/variables', json => { query => 'Hello.' }, token => $t->token({ sub => 'erin' }), headers => \@headers)->{status};
}
is join(' ', map { asked_of(@{ $same[0] }) } 1 .. 3), '202 202 429', 'a team has its quota';
is join(' ', map { asked_of(@{ $same[1] }) } 1 .. 3), '202 202 429', '... and an organisation of that name its own';
is join(' ', map { asked_of('X-Team' => 'both', 'X-Org' => 'both') } 1 .. 3), '202 202 429',
    'a job takes once of each, though their values are the same';

# ------------------------------------------------------------------ calendar

my ($now, @windows) = in_one_window('/calendar-usage', sub {
    my ($user) = @_;
    return (time, map { $_->{resetAt} } @{ usage_of($t, path => '/calendar-usage', user => $user) });
});
is_deeply [ map { $_->{name} } @{ usage_of($t, path => '/calendar-usage') } ], [qw(minute hour day month day-2)],
    'a quota for each period';
my ($second, $minute, $hour, $day, $month, $year) = gmtime $now;
my $midnight = timegm(0, 0, 0, $day, $month, $year);
my $india = 5.5 * 3600;
my @ends = (
    $now - $now % 60 + 60,
    $now - $now % 3600 + 3600,
    $midnight + 86_400,
    $month == 11 ? timegm(0, 0, 0, 1, 0, $year + 1) : timegm(0, 0, 0, 1, $month + 1, $year),
    ($now + $india) - ($now + $india) % 86_400 + 86_400 - $india,
);
is_deeply [ map { seconds_of($_) } @windows ], \@ends, 'ends with it, in its time zone';

done_testing;
