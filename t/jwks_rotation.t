#!/usr/bin/env perl
# Keys come and go at the source while clients work: no token of a published key
# is refused, none of a key that is gone stays valid.
use FindBin;
use lib "$FindBin::Bin/lib";
use Edgerun::Test;
use Edgerun::Keys;
use Edgerun::KeyServer;
use Time::HiRes qw(time);

use constant { ROTATIONS => 12, CLIENTS => 6 };

my $t      = Edgerun::Test->new(workers => 3);
my $source = Edgerun::KeyServer->start($t->dir);
my @keys   = map { Edgerun::Keys->new('ES256', kid => "key $_") } 0 .. ROTATIONS;

$source->serve($keys[0]);
$t->write_conf(<<"END");
    server {
        listen 127.0.0.1:%%PORT_0%% reuseport;
        edgerun_auth_jwt "app";
        edgerun_auth_jwt_jwks_uri @{[ $source->url ]} refresh=2s unknown_key=100ms;
        root %%TESTDIR%%/html;
    }
END
mkdir $t->dir . '/html';
$t->write_file('html/page', 'inside');
$t->write_file('token', $keys[0]->token);
$t->run;

# ------------------------------------------------------- rotation under load

# Sends the token that is current, again and again; the answers that are not 200. Its file has
# the token that was answered last.
sub start_client {
    my ($name) = @_;
    my $pid = open(my $from, '-|') // die "fork: $!";
    return { pid => $pid, from => $from } if $pid;
    $SIG{$_} = 'DEFAULT' for qw(INT HUP ALRM);
    my ($ended, $count, @wrong);
    my $known = '';
    $SIG{TERM} = sub { $ended = 1 };
    eval {
        my $connection = $t->connect;
        until ($ended) {
            my $token  = Edgerun::Process::slurp($t->dir . '/token');
            my $since  = time;
            my $answer = $connection->get('/page', token => $token);
            $count++;
            # A source that cannot answer for as long as a request waits does so another time.
            next if $answer->{status} == 503 && time - $since >= 4.5;
            push @wrong, $answer->{status} if $answer->{status} != 200;
            $t->write_file("client-$name", $known = $token) if $known ne $token;
            $connection = $t->connect if $count % 50 == 0;    # another worker
        }
    };
    print "$count @wrong $@\n";
    close STDOUT;
    require POSIX;
    POSIX::_exit(0);
}

sub finish_client {
    my ($client) = @_;
    kill 'TERM', $client->{pid};
    my $from = $client->{from};
    chomp(my $line = <$from>);
    close $from;
    my ($count, $wrong) = split / /, $line, 2;
    return { count => $count, wrong => $wrong };
}

# Former tokens are on their way no longer.
sub all_know {
    my ($token) = @_;
    return !grep { Edgerun::Process::slurp($t->dir . "/client-$_") ne $token } 1 .. CLIENTS;
}

sub publish_token {
    my ($token) = @_;
    $t->write_file('token.new', $token);
    my $path = $t->dir . '/token';
    rename "$path.new", $path or die "$path: $!";
    return;
}

my @clients = map { start_client($_) } 1 .. CLIENTS;
for my $n (1 .. ROTATIONS) {
    # Signs with the new key as soon as it is published.
    $source->serve(@keys[ $n - 1, $n ]);
    my $hits = $source->hits;
    publish_token(my $token = $keys[$n]->token);
    ok wait_until { $source->hits > $hits && all_know($token) }, "rotation $n";
}
my @results = map { finish_client($_) } @clients;
my $count   = 0;
$count += $_->{count} for @results;
is join('', map { $_->{wrong} =~ s/\s//gr } @results), '', "none of $count requests was refused";

# ------------------------------------------------------------- a key is gone

my $old = $keys[-2]->token;
is $t->get('/page', token => $old)->{status}, 200, 'the former key is still published' for 1 .. 6;
$source->serve($keys[-1]);
ok wait_until { $t->get('/page', token => $old)->{status} == 401 },
    'a key that is gone is gone with the next refresh, and tokens known by heart with it';
is $t->get('/page', token => $old)->{status}, 401, 'in all workers' for 1 .. 9;
is $t->get('/page', token => $keys[-1]->token)->{status}, 200, 'the new key stays';

# The same key under another name is what tokens must call it then.
$source->serve({ %{ $keys[-1]->jwk }, kid => 'renamed' });
my $token = $keys[-1]->token;
ok wait_until { $t->get('/page', token => $token)->{status} == 401 }, 'a renamed key is another key';
is $t->get('/page', token => $keys[-1]->token(undef, header => { kid => 'renamed' }))->{status}, 200,
    'by its new name it counts';

done_testing;
