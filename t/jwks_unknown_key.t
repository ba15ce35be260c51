#!/usr/bin/env perl
# Tokens that name a key which the set lacks make edgerun look again, but never
# as often as clients like; and no token says where to look.
use FindBin;
use lib "$FindBin::Bin/lib";
use Edgerun::Test;
use Edgerun::Keys;
use Edgerun::KeyServer;

my $t      = Edgerun::Test->new(workers => 4);
my $source = Edgerun::KeyServer->start($t->dir);
my $quick  = Edgerun::KeyServer->start($t->dir);
my $trap   = Edgerun::KeyServer->start($t->dir);
my $key    = Edgerun::Keys->new('ES256', kid => 'one');
my $new    = Edgerun::Keys->new('ES256', kid => 'two');
my $evil   = Edgerun::Keys->new('ES256', kid => 'one');
my $token  = $key->token;

$source->serve($key);
$quick->serve($key);
$trap->serve($evil);
$t->write_conf(<<"END");
    limit_req_zone \$edgerun_user zone=users:1m rate=1000r/s;
    server {
        listen 127.0.0.1:%%PORT_0%% reuseport;
        edgerun_auth_jwt "app";
        root %%TESTDIR%%/html;
        add_header X-Worker \$pid always;
        location / { edgerun_auth_jwt_jwks_uri @{[ $source->url ]} unknown_key=1h; }
        location /quick {
            edgerun_auth_jwt_jwks_uri @{[ $quick->url ]} unknown_key=500ms;
            limit_req zone=users;
            alias %%TESTDIR%%/html/page;
        }
    }
END
mkdir $t->dir . '/html';
$t->write_file('html/page', 'inside');
$t->run;

# Until all workers have answered.
sub on_all_workers {
    my ($request) = @_;
    my %seen;
    return wait_until { $seen{ $request->()->{headers}{'x-worker'} } = 1; keys %seen == 4 };
}

ok on_all_workers(sub { $t->get('/page', token => $token) }), 'four workers know the key';
is $source->hits, 1, 'from one request to the source';

# ------------------------------------------------------------ unknown keys

is $t->get('/page', token => $new->token)->{status}, 401, 'a key that the source does not have is refused';
is $source->hits, 2, 'after a second look';
my @storm = map { $t->connect } 1 .. 30;
for my $round (1 .. 10) {
    $_->write(Edgerun::Http::format_request('GET', '/page', token => random_kid()))
        for @storm;
    my %statuses = map { $_->read_response->{status} => 1 } @storm;
    is join(' ', keys %statuses), 401, "a storm of random keys is refused ($round)";
}
ok on_all_workers(sub { $t->get('/page', token => $new->token) }), 'by all workers';
is $source->hits, 2, 'without another look';
is $t->get('/page', token => $token)->{status}, 200, 'the known key is as good as ever';
is $t->get('/page', token => $evil->token)->{status}, 401, 'another key of its name is not';

# A new key is waited for, also while a storm rages.
$quick->serve($key, $new);
is $t->get('/quick', token => $new->token)->{status}, 200, 'a new key counts at once';
is $quick->hits, 2, 'after one look';
my $third = Edgerun::Keys->new('ES256', kid => 'three');
my $stop  = storm('/quick');
wait_until { $quick->hits >= 4 };
$quick->serve($new, $third);
is $t->get('/quick', token => $third->token)->{status}, 200, 'also when the next look is not due yet';
my $hits = $quick->hits;
ok wait_until { $quick->hits >= $hits + 3 }, 'a storm goes on';
$stop->();

# -------------------------------------------- what a token says of its keys

my $jwk = $evil->jwk;
for my $header (
    { jku => $trap->url },
    { jku => $trap->url, kid => undef },
    { x5u => $trap->url('/cert.pem') },
    { jwk => $jwk },
    { jwk => $jwk, kid => undef },
    { jwk => $jwk, jku => $trap->url, x5u => $trap->url, kid => 'evil' },
    { kid => $trap->url },
    { kid => '../../../../etc/passwd' },
    )
{
    my $name = join ', ', map { "$_ " . (ref $header->{$_} ? 'given' : $header->{$_} // 'none') } sort keys %$header;
    is $t->get('/page', token => $evil->token({ sub => 'mallory' }, header => $header))->{status}, 401,
        "refused: $name";
}
is $trap->hits, 0, 'nothing is fetched from where a token says';

sub random_kid { return $new->token({ sub => 'mallory' }, header => { kid => 'no ' . rand }) }

# Unknown keys without end; what stops it.
sub storm {
    my ($uri) = @_;
    my $pid = fork // die "fork: $!";
    if ($pid == 0) {
        $SIG{$_} = 'DEFAULT' for qw(INT TERM HUP ALRM);
        eval {
            my @all = map { $t->connect } 1 .. 10;
            while (1) {
                $_->write(Edgerun::Http::format_request('GET', $uri, token => random_kid())) for @all;
                $_->read_response for @all;
            }
        };
        require POSIX;
        POSIX::_exit(0);
    }
    return sub { kill 'KILL', $pid; waitpid $pid, 0 };
}

done_testing;
