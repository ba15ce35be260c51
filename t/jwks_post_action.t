#!/usr/bin/env perl
# A client leaves that waited for keys: what post_action does for it then is done once, whenever
# the keys come.
use FindBin;
use lib "$FindBin::Bin/lib";
use Edgerun::Test;
use Edgerun::Http;
use Edgerun::Keys;
use Edgerun::KeyServer;

my $t      = Edgerun::Test->new(workers => 1);
my $source = Edgerun::KeyServer->start($t->dir);
mkdir $t->dir . '/backend';
my $backend = Edgerun::KeyServer->start($t->dir . '/backend');
my $key = Edgerun::Keys->new('ES256', kid => 'one');
$source->answer(action => 'silent');
$backend->answer(action => 'hold');    # it is amid that when the keys come
$t->write_conf(<<"END");
    edgerun_auth_jwt_jwks_uri @{[ $source->url ]};
    server {
        listen 127.0.0.1:%%PORT_0%%;
        location / { edgerun_auth_jwt "app"; root %%TESTDIR%%/html; post_action \@note; }
        location \@note { proxy_pass @{[ $backend->url('') ]}; }
    }
END
$t->run;
my $client = $t->connect;
$client->write(Edgerun::Http::format_request('GET', '/page', token => $key->token));
ok !defined $client->read_response(timeout => 0.3), 'a request waits for keys';
undef $client;
ok wait_until { $backend->hits == 1 }, 'its client leaves, which is noted';
$source->stop->serve($key)->resume;
ok wait_until { $t->error_log =~ /keys from \S+ are in force/ }, 'the keys come';
# What they led to, the one worker has begun before it serves another client.
my $other = $t->connect;
$other->write(Edgerun::Http::format_request('GET', '/other', token => $key->token));
ok wait_until { grep { $_->{path} eq '/other' } $backend->requests }, 'another client is noted';
is scalar(grep { $_->{path} eq '/page' } $backend->requests), 1, 'and the first one once';
$backend->answer(body => 'noted');

done_testing;
