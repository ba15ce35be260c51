#!/usr/bin/env perl
# Before the source of keys has answered for the first time, requests wait for
# it; within a bound.
use FindBin;
use lib "$FindBin::Bin/lib";
use Edgerun::Test;
use Edgerun::Keys;
use Edgerun::KeyServer;
use Time::HiRes qw(time);

my $t      = Edgerun::Test->new;
my $source = Edgerun::KeyServer->start($t->dir);
my $key    = Edgerun::Keys->new('ES256', kid => 'one');
my $token  = $key->token({ sub => 'alice' });

$t->write_conf(<<"END");
    server {
        listen 127.0.0.1:%%PORT_0%%;
        edgerun_auth_jwt "app";
        edgerun_auth_jwt_jwks_uri @{[ $source->url ]};
        location / { add_header X-User \$edgerun_user; root %%TESTDIR%%/html; }
        location /open { edgerun_auth_jwt off; return 200 open; }
    }
END
mkdir $t->dir . '/html';
$t->write_file('html/page', 'inside');

# Sends a request on its own connection; read_response() when it is time.
sub ask {
    my $connection = $t->connect;
    $connection->write(Edgerun::Http::format_request('GET', '/page', token => $token));
    return $connection;
}

sub statuses {
    my (@connections) = @_;
    return join ' ', map { my $answer = $_->read_response; $answer ? $answer->{status} : 'none' }
        @connections;
}

# ---------------------------------------------------------- a slow first set

# Requests wait for five seconds. Where all takes about as long, it is tried again.
my (@waiting, @early, $is_in_force, $waited, $hits, $from);
for (1 .. 6) {
    $t->stop;
    $source->answer(action => 'hold');
    ($hits, $from) = ($source->hits, length $t->error_log);
    $t->run;
    my $since = time;
    @waiting = map { ask() } 1 .. 20;
    @early = map { $_->{status} } $t->get('/open'), $t->get('/page'), $t->get('/page', token => "$token.x");
    $is_in_force = substr($t->error_log, $from) =~ /are in force/;
    $source->serve($key);
    $waited = statuses(@waiting);
    last if time - $since < 4.5;
}
is $early[0], 200, 'what is not gated does not wait';
is $early[1], 401, 'without a token there is nothing to wait for';
is $early[2], 401, 'nor with a broken one';
is $is_in_force, '', 'there is no set yet';
is $waited, join(' ', (200) x 20), 'requests wait for the first set';
is $waiting[0]->get('/page', token => $token)->{headers}{'x-user'}, 'alice', 'their connections go on';
$t->get('/open') for 1 .. 200;
is $source->hits - $hits, 1, 'the source is asked once';
wait_until { substr($t->error_log, $from) =~ /are in force/ };
is scalar(() = substr($t->error_log, $from) =~ /\[notice\].* edgerun: 1 keys from "\Q@{[ $source->url ]}\E" are in force/g),
    1, 'the new set is logged, once';
my ($request) = $source->requests;
is "$request->{method} $request->{path}", 'GET /jwks', 'by GET';
unlike $request->{headers}, qr/authorization|cookie/i, 'without credentials';
$t->stop;

# ------------------------------------------------------ a source that is down

sub is_unavailable {
    my ($name, $answer) = @_;
    is $answer->{status}, 503, "$name: 503";
    is_deeply $answer->{json},
        {
        error      => 'ServiceUnavailable',
        message    => 'credentials cannot be checked now',
        statusCode => 503
        },
        "$name: with a typed body";
    like $answer->{headers}{'retry-after'}, qr/^\d+$/, "$name: and Retry-After";
    ok !exists $answer->{headers}{'www-authenticate'}, "$name: no challenge: the token may be good";
    return;
}

$source->stop;
$t->run;
@waiting = map { ask() } 1 .. 3;
is $t->get('/open')->{status}, 200, 'down: the worker goes on';
is_unavailable('down', $waiting[0]->read_response);
is statuses(@waiting[ 1, 2 ]), '503 503', 'down: for all';
my $refused = qr/\[error\].* edgerun: no keys from "\Q@{[ $source->url ]}\E": .*(?:connect|refused).*; there has never been a good set, next attempt in \ds/i;
ok wait_until { $t->error_log =~ $refused }, 'down: the log says so';
$source->serve($key)->resume;
ok wait_until { $t->get('/page', token => $token)->{status} == 200 }, 'down: it recovers by itself';
my $back = qr/\[notice\].* edgerun: the key source \S+ is back after (\d+) failed attempts/;
ok wait_until { $t->error_log =~ $back }, 'down: and the log says that too';
my $failed = () = $t->error_log =~ /edgerun: no keys from/g;
is +($t->error_log =~ $back)[0], $failed, 'down: and how often it was not there';
$t->stop;

# ------------------------------------------------------ a source that is mute

$source->answer(action => 'silent');
$t->run;
@waiting = map { ask() } 1 .. 3;
wait_until { $source->hits > 1 };
is $t->get('/open')->{status}, 200, 'silent: the worker goes on' for 1 .. 4;
is_unavailable('silent', $waiting[0]->read_response);
is statuses(@waiting[ 1, 2 ]), '503 503', 'silent: for all';
ok wait_until { $t->error_log =~ /no keys from "[^"]+": [^\n]*timed out/ }, 'silent: the log says so';

# The next attempt lasts longer than a request waits that comes before it.
sub failures { return scalar(() = $t->error_log =~ /no keys from/g) }
my ($failures, $status);
ok wait_until {
    $failures = failures();
    $status = ask()->read_response->{status};
    return $status != 503 || failures() == $failures;
}, 'silent: the wait ends amid an attempt too, and not with its end';
is $status, 503, 'silent: with 503';
$source->serve($key);
ok wait_until { $t->get('/page', token => $token)->{status} == 200 }, 'silent: it recovers by itself';

done_testing;
