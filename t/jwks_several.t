#!/usr/bin/env perl
# Two sources of keys in one location: neither waits for the other.
use FindBin;
use lib "$FindBin::Bin/lib";
use Edgerun::Test;
use Edgerun::Keys;
use Edgerun::KeyServer;

my $t      = Edgerun::Test->new(workers => 1);
my @source = map { Edgerun::KeyServer->start($t->dir) } 0, 1;
my @first  = map { Edgerun::Keys->new('ES256', kid => "first $_") } 0, 1;
my $stranger = Edgerun::Keys->new('ES256', kid => 'of neither');
my @next   = map { Edgerun::Keys->new('ES256', kid => "next $_") } 0, 1;
$source[$_]->serve($first[$_]) for 0, 1;

$t->write_conf(<<"END");
    server {
        listen 127.0.0.1:%%PORT_0%%;
        edgerun_auth_jwt "app";
        edgerun_auth_jwt_jwks_uri @{[ $source[0]->url ]} unknown_key=100ms;
        edgerun_auth_jwt_jwks_uri @{[ $source[1]->url ]} unknown_key=100ms;
        root %%TESTDIR%%/html;
    }
END
mkdir $t->dir . '/html';
$t->write_file('html/page', 'inside');
$t->run;

sub status_of { return $t->get('/page', token => $_[0]->token)->{status} }

is status_of($_), 200, 'keys of both are known: ' . $_->kid for @first;

my @current = @first;
for my $silent (0, 1) {
    my $other = 1 - $silent;
    my $url   = quotemeta $source[$silent]->url;
    $source[$silent]->answer(action => 'silent');
    my $hits = $source[$silent]->hits;
    $source[$other]->serve($next[$other]);
    my $from = length $t->error_log;
    my $since = time;
    is status_of($next[$other]), 200, "a new key of source $other is found";
    my $is_given_up = substr($t->error_log, $from) =~ /no keys from "$url"/;
    # Where that took as long as giving up does, nobody can say.
    ok !$is_given_up || time - $since >= 5, "before source $silent has been given up";
    is status_of($current[$silent]), 200, 'whose old keys are in force';
    $current[$other] = $next[$other];
    wait_until { $source[$silent]->hits > $hits || status_of($stranger) && 0 };
    $source[$silent]->serve($current[$silent]);
    ok wait_until { substr($t->error_log, $from) =~ /"$url" is back/ }, 'until it answers again';
}

done_testing;
