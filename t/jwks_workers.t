#!/usr/bin/env perl
# The set and the turns at fetching it belong to all workers: a reload keeps
# them, and a worker that leaves or dies amid a fetch holds nobody up.
use FindBin;
use lib "$FindBin::Bin/lib";
use Edgerun::Test;
use Edgerun::Keys;
use Edgerun::KeyServer;

my $t      = Edgerun::Test->new(workers => 4);
my $source = Edgerun::KeyServer->start($t->dir);
my $key    = Edgerun::Keys->new('RS256', kid => 'one');
my $token  = $key->token;

mkdir $t->dir . '/html';
$t->write_file('html/page', 'inside');

sub write_conf {
    my (%options) = @_;
    my $parameters = $options{parameters} // '';
    $t->write_conf(<<"END");
    server {
        listen 127.0.0.1:%%PORT_0%% reuseport;
        root %%TESTDIR%%/html;
        edgerun_auth_jwt "app";
        edgerun_auth_jwt_jwks_uri @{[ $source->url ]} $parameters;
        location / { }
        location /again/ {
            edgerun_auth_jwt_jwks_uri @{[ $source->url ]} $parameters;
            alias %%TESTDIR%%/html/;
        }
        @{[ $options{more} // '' ]}
    }
END
    return;
}

sub all_pass {
    my ($name) = @_;
    my %statuses = map { $t->get('/page', token => $token)->{status} => 1 } 1 .. 40;
    return is join(' ', sort keys %statuses), 200, $name;
}

# ----------------------------------------------------------------- reloads

write_conf();
$source->serve($key);
$t->run;
all_pass('four workers have the set');
is $t->get('/again/page', token => $token)->{status}, 200, 'equal lines are one source';
is $source->hits, 1, 'asked once';

$source->stop;
ok $t->reload, 'a reload';
all_pass('keeps the set, though the source is down');
write_conf(parameters => 'refresh=1h unknown_key=1m');
ok $t->reload, 'a reload with other times';
all_pass('keeps it too');
unlike $t->error_log, qr/no keys from/, 'and asks for nothing';

$source->resume;
my $hits = $source->hits;
$t->kill_worker(($t->worker_pids)[0]);
all_pass('a new worker has the set at once');
is $source->hits, $hits, 'without asking';

write_conf(parameters => 'refresh=1s');
ok $t->reload, 'a reload with a shorter time';
ok wait_until { $source->hits >= $hits + 3 }, 'which counts at once';

# ---------------------------------------------- workers that leave amid a fetch

# The worker that has a connection to the source.
sub fetcher {
    my $port = sprintf '%04X', $source->port;
    my ($inode) = Edgerun::Process::slurp('/proc/net/tcp') =~ /^\s*\d+: \S+ 0100007F:$port 01(?:\s+\S+){5}\s+(\d+)/m
        or return;
    for my $pid ($t->worker_pids(1)) {
        return $pid if grep { (readlink // '') eq "socket:[$inode]" } glob "/proc/$pid/fd/*";
    }
    return;
}

sub ask {
    my $connection = $t->connect;
    $connection->write(Edgerun::Http::format_request('GET', '/page', token => $token));
    return $connection;
}

# Starts NGINX anew; the pid of the worker that waits for the source.
sub start_fetch {
    $t->stop;
    $source->stop->answer(action => 'silent')->resume;
    $hits = $source->hits;
    $t->run;
    return wait_until { $source->hits > $hits && fetcher() };
}

# Does another worker fetch before the first one would have given up? On a busy machine not always.
sub is_taken_over {
    my ($leave) = @_;
    for (1 .. 5) {
        my $first = start_fetch() or return;
        $leave->($first);
        next if !wait_until { $source->hits > $hits + 1 } 4.5;
        return wait_until { my $now = fetcher(); $now && $now != $first };
    }
    return;
}

write_conf();
ok is_taken_over(sub { kill 'QUIT', $_[0] }), 'when the one that fetches leaves, another begins at once';
$source->stop->serve($key)->resume;
ok wait_until { $t->get('/page', token => $token)->{status} == 200 }, 'and all get the set';

ok is_taken_over(sub { ok $t->reload(old => 'stay'), 'a reload amid a fetch' }), 'lets a new worker fetch';
$source->stop->serve($key)->resume;
ok wait_until { $t->get('/page', token => $token)->{status} == 200 }, 'and all get the set';

# ------------------------------------------------------- and those that die

my $first = start_fetch();
$source->serve($key);
my @waiting = map { ask() } 1 .. 20;
$t->kill_worker($first);
ok wait_until { $t->get('/page', token => $token)->{status} == 200 }, 'after a kill -9 another takes the turn over';
all_pass('for all');
is $source->hits, $hits + 2, 'and asks once';

$first = start_fetch();
my @all = $t->worker_pids;
$source->serve($key);
$t->allow_log(map { (qr/worker process $_ exited on signal 9/, qr/was locked by $_/) } @all);
kill 'KILL', @all;
ok wait_until { $t->worker_pids == 4 }, 'all killed at once';
ok wait_until { $t->get('/page', token => $token)->{status} == 200 }, 'the next ones go on';

# ------------------------------------------------------------ without workers

$t->stop;
$t->write_conf(<<"END", main => 'master_process off;', file => 'single.conf');
    server {
        listen 127.0.0.1:%%PORT_0%%;
        root %%TESTDIR%%/html;
        edgerun_auth_jwt "app";
        edgerun_auth_jwt_jwks_uri @{[ $source->url ]};
    }
END
$t->run(conf => 'single.conf');
ok wait_until { $t->get('/page', token => $token)->{status} == 200 }, 'a single process fetches too';

# NGINX itself has no connections any more after a reload of this kind.
$source->stop->answer(action => 'silent')->resume;
$t->stop;
$t->run(conf => 'single.conf');
@waiting = map { ask() } 1 .. 5;
wait_until { $source->hits > $hits };
$t->allow_log(qr/worker_connections are not enough/);
my $from = length $t->error_log;
kill 'HUP', $t->pid;
ok wait_until { substr($t->error_log, $from) =~ /reconfiguring/ }, 'a reload while requests wait';
is $t->stop('TERM'), 0, 'and NGINX ends in order';

done_testing;
