#!/usr/bin/env perl
# The harness itself, on what stock NGINX offers.
use FindBin;
use lib "$FindBin::Bin/lib";
use Edgerun::Test;

my $t = Edgerun::Test->new(env => { HARNESS_SECRET => 'from the environment' });

$t->write_conf(<<'END', main => 'env HARNESS_SECRET;');
    server {
        listen 127.0.0.1:%%PORT_0%%;
        location / { return 200 "hello"; }
        location /json { default_type application/json; return 200 '{"a": [1, "é"]}'; }
        location /dir { return 200 %%TESTDIR%%; }
        location /empty { return 204; }
        location /gif { empty_gif; }
    }
    server {
        listen 127.0.0.1:%%PORT_1%%;
        return 503 "second";
    }
END

my ($exit, $output) = $t->test_config;
is $exit, 0, 'nginx -t accepts a good configuration' or diag $output;

$t->write_conf('nonsense;', file => 'bad.conf');
($exit, $output) = $t->test_config('bad.conf');
is $exit, 1, 'nginx -t refuses a bad one';
like $output, qr/unknown directive "nonsense" in \S+bad\.conf:/, 'and says why';
$t->allow_log(qr/unknown directive "nonsense"/);

$t->run;

my $answer = $t->get('/');
is $answer->{status}, 200, 'a request is answered';
is $answer->{body}, 'hello', 'with its body';
is_deeply $t->get('/json')->{json}, { a => [ 1, "\xe9" ] }, 'JSON bodies are decoded';
is $t->get('/dir')->{body}, $t->dir, '%%TESTDIR%% is replaced';
is $t->get('/empty')->{body}, '', 'a response may have no body';
is $t->get('/', port => 1)->{status}, 503, 'each %%PORT_N%% is a port of its own';
is $t->get('/gif')->{headers}{'content-type'}, 'image/gif', 'headers are found by name';
is $t->request('HEAD', '/')->{body}, '', 'HEAD has no body';

my $connection = $t->connect;
is $connection->get('/')->{body}, 'hello', 'a connection is kept alive' for 1 .. 3;
is $t->raw("BROKEN\r\n\r\n")->{status}, 400, 'odd bytes can be sent';

my @before = $t->worker_pids;
is scalar @before, 2, 'there are two workers';
ok $t->reload, 'a reload is waited for';
my @after = $t->worker_pids;
ok !(grep { my $old = $_; grep { $_ == $old } @after } @before), 'all workers are new ones then';

rename $t->dir . '/nginx.conf', $t->dir . '/good.conf';
rename $t->dir . '/bad.conf', $t->dir . '/nginx.conf';
ok !$t->reload, 'a refused reload is noticed';
rename $t->dir . '/good.conf', $t->dir . '/nginx.conf';

my ($victim) = $t->worker_pids;
$t->kill_worker($victim);
ok !(grep { $_ == $victim } $t->worker_pids), 'a killed worker is replaced';

is $t->stop, 0, 'NGINX stops with exit status 0';
$t->run;
$t->kill_all;
$t->run;
is $t->get('/')->{status}, 200, 'NGINX starts again after all its processes were killed';

my $token = $t->token({ sub => 'alice' });
is scalar(split /\./, $token), 3, 'a token has three parts';

done_testing;
