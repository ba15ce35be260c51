#!/usr/bin/env perl
# edgerun_usage: how the quotas of a location stand for who asks.
use FindBin;
use lib "$FindBin::Bin/lib";
use Edgerun::Test;
use Edgerun::Calendar;
use Edgerun::Jobs;

begin_within('month');
begin_within('day', 'Europe/Berlin');
my $t = Edgerun::Test->new;
$t->start_emulator(duration => 50);

my $AUTH = 'edgerun_auth_jwt "jobs"; edgerun_auth_jwt_secret env:EDGERUN_JWT_SECRET;';
$t->write_conf(jobs_conf(
    http => <<'END',
        edgerun_quota_zone zone=calls:1m;
        edgerun_quota zone=calls limit=3 period=month;
        edgerun_quota zone=calls limit=5000 period=day unit=tokens reserve=1000 timezone=Europe/Berlin;
        edgerun_quota zone=calls limit=$http_x_limit default=unlimited period=hour key=$http_x_org;
        edgerun_quota zone=calls limit=1 period=minute dry_run;
END
    server => <<"END",
        location = /usage { $AUTH edgerun_usage; }
        location = /open { edgerun_usage; }
        location /one { $AUTH edgerun_usage; edgerun_quota zone=calls limit=2 period=month; limit_except HEAD { deny 127.0.0.2; } }
        location /nobody { edgerun_quota zone=calls limit=2 period=month; edgerun_jobs zone=jobs provider=main; }
        location = /admins { $AUTH edgerun_require_role admin; edgerun_usage; }
END
));
$t->run;

sub usage {
    my ($path, $user, @headers) = @_;
    return $t->get($path, token => $t->token({ sub => $user }), headers => \@headers);
}
sub quotas { return { map { $_->{name} => $_ } @{ usage(@_)->{json}{quotas} } } }
# "3 - 1 - 0 = 2": limit, used, reserved, remaining.
sub sums {
    my ($quotas) = @_;
    return { map { my $q = $_; $q->{name} => join ' ', map { $_ // 'null' } @$q{qw(limit used reserved remaining)} } values %$quotas };
}

my $answer = usage('/usage', 'alice', 'X-Org' => 'acme');
is $answer->{status}, 200, 'usage is shown';
is $answer->{headers}{'content-type'}, 'application/json', 'as JSON';
is $answer->{headers}{'cache-control'}, 'no-store', 'that no cache keeps';
is join(' ', map { $_->{name} } @{ $answer->{json}{quotas} }), 'month day-tokens hour minute', 'in the order of the configuration';
is_deeply [ sort keys %{ $answer->{json}{quotas}[0] } ], [qw(limit name period remaining reserved resetAt unit used)], 'with all that is known of each';
is join(' ', map { "$_->{period}/$_->{unit}" } @{ $answer->{json}{quotas} }), 'month/requests day/tokens hour/requests minute/requests', 'what it counts';
like $_->{resetAt}, qr/^\d{4}-\d\d-\d\dT\d\d:\d\d:00\.000Z$/, "when a new $_->{period} begins" for @{ $answer->{json}{quotas} };
like $answer->{json}{quotas}[0]{resetAt}, qr/-01T00:00:00\.000Z$/, 'the month in UTC';
like $answer->{json}{quotas}[1]{resetAt}, qr/T2[23]:00:00\.000Z$/, 'the day in Berlin';
is_deeply $answer->{json}{quotas}[3]{dryRun}, JSON::PP::true, 'a dry run is marked as one';
is_deeply sums(quotas('/usage', 'alice', 'X-Org' => 'acme')),
    { month => '3 0 0 3', 'day-tokens' => '5000 0 0 5000', hour => 'null 0 0 null', minute => '1 0 0 1' },
    'at first nothing is used; what is unlimited has no limit';

my $long = submit($t, '[[duration=60000]] [[usage=100,23]] long');
is $long->{status}, 202, 'a job is accepted';
my $now = sums(quotas('/usage', 'alice'));
is $now->{month}, '3 1 0 2', 'it counts';
is $now->{'day-tokens'}, '5000 1000 1000 4000', 'and reserves tokens while it runs, which are as good as used';
ok !exists $now->{hour}, 'a quota whose key is empty counts nothing, and is not shown';
$t->post("$long->{headers}{location}/cancel", token => $t->token({ sub => 'alice' }));

finish($t, [ submit($t, '[[usage=100,23]] short', user => 'bob') ], user => 'bob');
wait_until { quotas('/usage', 'bob')->{'day-tokens'}{reserved} == 0 };
is sums(quotas('/usage', 'bob'))->{'day-tokens'}, '5000 123 0 4877', 'when it has ended, what its run has used counts';
is sums(quotas('/usage', 'carl'))->{month}, '3 0 0 3', 'everybody sees their own';
is sums(quotas('/one', 'bob'))->{month}, '2 1 0 1', 'a location has its own limits, of the same counter';
is_deeply [ keys %{ quotas('/one', 'bob') } ], ['month'], 'and only its own quotas';
is sums(quotas('/usage', 'bob', 'X-Org' => 'acme', 'X-Limit' => 7))->{hour}, '7 0 0 7', 'a limit is that of the request';

is $t->post('/nobody', json => { query => 'x' })->{status}, 202, 'who is nobody';
is $t->get('/open')->{json}{quotas}[0]{used}, 1, 'shares a counter with all who are';

submit($t, 'x', user => 'bob', path => '/jobs') for 1 .. 2;
is sums(quotas('/one', 'bob'))->{month}, '2 3 0 0', 'a lower limit than was used leaves nothing';

# --- who may ask, and how ---

is $t->get('/usage')->{status}, 401, 'the gate stands before it';
is usage('/admins', 'alice')->{status}, 403, 'with all it demands';
my $posted = $t->post('/usage', token => $t->token({ sub => 'alice' }), json => {});
is $posted->{status}, 405, 'it can only be read';
is $posted->{headers}{allow}, 'GET, HEAD', 'as Allow says';
is $posted->{json}{error}, 'MethodNotAllowed', 'in our words';
my $head = $t->request('HEAD', '/usage', token => $t->token({ sub => 'alice' }));
is "$head->{status} " . length($head->{body} // ''), '200 0', 'HEAD shows the headers';
is $t->get('/usage', token => $t->token({ sub => 'alice' }), body => 'x' x 10_000)->{status}, 200, 'a body does not matter';
is usage('/one', 'bob')->{status}, 200, 'in limit_except it is the same';

# --- for how long ---

my $counted = quotas('/usage', 'bob')->{month};
ok $t->reload, 'NGINX is reloaded';
is_deeply quotas('/usage', 'bob')->{month}, $counted, 'and has forgotten nothing';

done_testing;
