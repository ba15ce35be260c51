#!/usr/bin/env perl
# A token that was verified once is remembered, but never for longer than it
# holds: to its exp, and to the next configuration.
use FindBin;
use lib "$FindBin::Bin/lib";
use Edgerun::Test;

# NGINX's clock; time(2) lags it by up to a tick of the kernel.
use Time::HiRes qw(time);

my $NEW = 'the secret of the day after, 32 bytes or more';

my $t = Edgerun::Test->new(workers => 1);
$t->write_file('secret', $Edgerun::Test::SECRET);
chmod 0600, $t->dir . '/secret';

$t->write_conf(<<'END');
    edgerun_auth_jwt "site";
    edgerun_auth_jwt_secret file:%%TESTDIR%%/secret;
    server {
        listen 127.0.0.1:%%PORT_0%%;
        root %%TESTDIR%%/html;
        location / { }
        location /claims/ { edgerun_auth_jwt_claims user=email; alias %%TESTDIR%%/html/; }
        location /role/ { edgerun_require_role admin; alias %%TESTDIR%%/html/; }
    }
END
mkdir $t->dir . '/html';
$t->write_file('html/page', 'inside');
$t->run;

sub status_of {
    my ($token, $uri) = @_;
    return $t->get($uri // '/page', token => $token)->{status};
}

my $long = $t->token({ sub => 'alice' });
is status_of($long), 200, 'a token passes' for 1 .. 3;
is status_of($long, '/claims/page'), 401, 'not where other claims count, though it is remembered';
is status_of($long, '/role/page'), 403, 'not without the role';
is status_of("${long}A"), 401, 'a longer one is not the remembered one';
is status_of(substr $long, 0, -1), 401, 'nor a shorter one';

my ($exp, $short, $last);
wait_until {
    $exp = int(time) + 3;
    $short = $t->token({ sub => 'alice', exp => $exp });
    $last = status_of($short);
    return $last == 200 || time < $exp;    # else it was too late when it was asked
};
is $last, 200, 'a token that expires soon passes';
wait_until { $last = status_of($short); $last != 200 };
is $last, 401, 'until it expires, though it is remembered';
cmp_ok time, '>=', $exp, 'and not before';
is status_of($long), 200, 'others are not concerned';

$t->write_file('secret', $NEW);
is status_of($long), 200, 'a new secret in the file counts from the next reload on';
ok $t->reload, 'NGINX is reloaded';
is status_of($long), 401, 'then a token of the former secret is refused, though it was remembered';
is status_of($t->token({ sub => 'alice' }, $NEW)), 200, 'and one of the new secret passes';

done_testing;
