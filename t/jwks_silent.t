#!/usr/bin/env perl
# While a source does not answer, nobody says that it has no such key: the token may be good.
use FindBin;
use lib "$FindBin::Bin/lib";
use Edgerun::Test;
use Edgerun::Http;
use Edgerun::Keys;
use Edgerun::KeyServer;

my $t      = Edgerun::Test->new(workers => 1);
my $source = Edgerun::KeyServer->start($t->dir);
my ($one, $two) = map { Edgerun::Keys->new('ES256', kid => $_) } qw(one two);
$source->serve($one);
$t->write_conf(<<"END");
    edgerun_auth_jwt_jwks_uri @{[ $source->url ]};
    server {
        listen 127.0.0.1:%%PORT_0%%;
        edgerun_auth_jwt "app";
        location / { root %%TESTDIR%%/html; }
    }
END
mkdir $t->dir . '/html';
$t->write_file('html/page', 'inside');
$t->run;
is $t->get('/page', token => $one->token)->{status}, 200, 'the source has answered once';

# Its turn to ask lasts longer than a request waits.
$source->answer(action => 'silent');
my $hits = $source->hits;
my $first = $t->connect;
$first->write(Edgerun::Http::format_request('GET', '/page', token => $two->token));
ok wait_until { $source->hits > $hits }, 'a worker asks for a new key';
$t->kill_worker(($t->worker_pids)[0]);
my $answer = $t->get('/page', token => $two->token);
is $answer->{status}, 503, 'while it is dead, who misses that key waits, and is told to come again';
is $answer->{headers}{'retry-after'}, 5, '... when';

$source->serve($one, $two);
ok wait_until { $t->get('/page', token => $two->token)->{status} == 200 }, 'the key was there all the time';

done_testing;
