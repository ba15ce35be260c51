#!/usr/bin/env perl
# edgerun_max_running: so many jobs of one user at the same time, and no more.
use FindBin;
use lib "$FindBin::Bin/lib";
use Edgerun::Test;
use Edgerun::Dialects;
use Edgerun::Jobs;

my $t = Edgerun::Test->new;
$t->start_emulator(cancel => 50);
sub location {
    my ($name, $text) = @_;
    return "location /$name {
        edgerun_auth_jwt \"jobs\"; edgerun_auth_jwt_secret env:EDGERUN_JWT_SECRET;
        edgerun_jobs zone=jobs provider=main; $text
    }";
}
$t->write_conf(
    jobs_conf(
        provider => { keep_threads => 'on', run_timeout => '5m' },
        zone     => 'zone=jobs:8m',
        server   => 'edgerun_max_running 3;' . location('off', 'edgerun_max_running off;') . location('one', 'edgerun_max_running 1;')
    )
);
$t->run;

my %alice = (token => $t->token({ sub => 'alice' }));
sub long { return submit($t, '[[duration=600000]] long', @_) }
sub cancel { return $t->post("$_[0]{headers}{location}/cancel", %alice) }

my @running = map { long() } 1 .. 3;
is join(' ', map { $_->{status} } @running), '202 202 202', 'as many jobs are accepted as may run';
my $refused = long();
is $refused->{status}, 429, 'one more is not';
is_deeply $refused->{json},
    { error => 'TooManyRequests', message => 'at most 3 jobs of a user may run at the same time', statusCode => 429 },
    'the error says how many may';
is $refused->{headers}{'retry-after'}, 2, 'and Retry-After when to try again';
is long(user => 'bob')->{status}, 202, 'another user has a number of their own';
is scalar @{ $t->get('/jobs', %alice)->{json}{jobs} }, 3, 'nothing was made of it';

is submit($t, 'x', path => '/off')->{status}, 202, 'a location may have no limit';
is long(path => '/one')->{status}, 202, 'or one of its own';
is long(path => '/one')->{json}{message}, 'at most 1 job of a user may run at the same time', 'which it names';

cancel($running[0]);
my $next = submit($t, '[[duration=50]] short');
is $next->{status}, 202, 'a job that is cancelled makes room';
is long()->{status}, 429, 'for one';
finish($t, [$next]);
$next = submit($t, '[[duration=50]] [[error=invalid_prompt:No.]] fails');
is $next->{status}, 202, 'so does one that completes';
finish($t, [$next]);
my @key = (%alice, json => { query => '[[duration=600000]] keyed' }, headers => [ 'Idempotency-Key' => 'k' ]);
my $keyed = $t->post('/jobs', @key);
is $keyed->{status}, 202, 'or fails';
is long()->{status}, 429, 'when there is no room';
is $t->post('/jobs', @key)->{json}{id}, $keyed->{json}{id}, '... what is running already may be asked for again';
$t->request('DELETE', $keyed->{headers}{location}, %alice);
is long()->{status}, 202, 'a job that is erased makes room';

# All at once, in both workers.
cancel($_) for @running;
# In this order, for one that begins meanwhile is in the second list then.
cancel({ headers => { location => "/jobs/$_->{id}" } })
    for map { @{ $t->get("/jobs?status=$_", %alice)->{json}{jobs} } } qw(PENDING RUNNING);
my @connections = map { $t->connect } 1 .. 30;
$_->write(Edgerun::Http::format_request('POST', '/jobs', %alice, json => { query => '[[duration=600000]]' })) for @connections;
my %count;
$count{ $_->read_response->{status} }++ for @connections;
is_deeply \%count, { 202 => 3, 429 => 27 }, 'of many at once exactly as many are accepted as may run';

done_testing;
