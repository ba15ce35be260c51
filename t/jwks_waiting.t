#!/usr/bin/env perl
# Requests that wait for keys: clients that leave, pipelines, HTTP/2, bodies, a
# crowd, a reload. All of it happens before the source's first answer.
use FindBin;
use lib "$FindBin::Bin/lib";
use Edgerun::Test;
use Edgerun::Http2;
use Edgerun::Keys;
use Edgerun::KeyServer;

my $t      = Edgerun::Test->new(workers => 1);
my $source = Edgerun::KeyServer->start($t->dir);
my $key    = Edgerun::Keys->new('ES256', kid => 'one');
my $token  = $key->token({ sub => 'alice' });

$t->write_conf(<<"END");
    edgerun_auth_jwt_jwks_uri @{[ $source->url ]};
    server {
        listen 127.0.0.1:%%PORT_0%%;
        listen 127.0.0.1:%%PORT_1%% http2;
        edgerun_auth_jwt "app";
        location / { root %%TESTDIR%%/html; }
        location /app { proxy_pass http://127.0.0.1:%%PORT_2%%; }
        location /any { satisfy any; deny all; root %%TESTDIR%%/html; }
    }
    server {
        listen 127.0.0.1:%%PORT_2%%;
        location / { return 200 "\$request_method \$http_content_length"; }
    }
END
mkdir $t->dir . "/html$_" for '', '/any';
$t->write_file($_, 'inside') for qw(html/page html/any/page);

sub request { return Edgerun::Http::format_request(@_, token => $token) }

sub ask {
    my ($bytes) = @_;
    my $connection = $t->connect;
    $connection->write($bytes // request('GET', '/page'));
    return $connection;
}

# Starts NGINX with a source that answers only when let().
sub hold {
    $t->stop;
    $source->stop->answer(action => 'silent')->resume;
    $t->run;
    return;
}

# The silent connection is cut; the next attempt is answered.
sub let {
    $source->stop->serve($key)->resume;
    return;
}

sub waits {
    my (@connections) = @_;
    return !grep { defined $_->read_response(timeout => 0.05) } @connections;
}

# ------------------------------------------------------------ ways to wait

hold();
my $pipeline = ask(request('GET', '/page') . request('GET', '/app') . request('HEAD', '/page'));
my $post     = ask(request('POST', '/app', body => 'x' x 100_000));
my $late     = ask(request('POST', '/app', headers => { 'Content-Length' => 5 }));
my $any      = ask(request('GET', '/any/page'));
my $old      = ask(request('GET', '/page', version => '1.0'));
my $h2       = Edgerun::Http2->new($t->port(1));
my @streams  = map { $h2->get('/page', Authorization => "Bearer $token") } 1 .. 4;
ok waits($pipeline, $post, $late, $any, $old), 'all wait';
is $h2->status($h2->get('/page')), 'other', 'but for a stream without a token';
is $h2->status($streams[0], 0.05), undef, 'others of the connection wait';
$h2->reset($streams[2]);
ok wait_until { logged('/page HTTP/2.0" 499') }, 'a stream that is reset is noticed';
$late->write('12345');
let();

my @answers = ($pipeline->read_response, $pipeline->read_response, $pipeline->read_response(method => 'HEAD'));
is join(' ', map { $_->{status} } @answers), '200 200 200', 'a pipeline is answered';
is join(' ', map { $_->{body} } @answers), 'inside GET  ', 'in its order';
is $post->read_response->{body}, 'POST 100000', 'a body that came with the request is there';
is $late->read_response->{body}, 'POST 5', 'and one that came later';
is $any->read_response->{status}, 200, 'satisfy any waits too';
is $old->read_response->{status}, 200, 'so does HTTP/1.0';
is join(' ', map { $h2->status($_) } @streams[ 0, 1, 3 ]), '200 200 200', 'and streams of HTTP/2';

# ---------------------------------------------------------- clients leave

hold();
my @left = map { ask() } 1 .. 20;
my @stay = map { ask() } 1 .. 5;
$_->close(abort => $_ == $left[0]) for @left;
ok wait_until { logged('HTTP/1.1" 499') == 20 }, 'clients that leave are noticed';
$h2 = Edgerun::Http2->new($t->port(1));
$h2->get('/page', Authorization => "Bearer $token") for 1 .. 3;
ok waits(@stay), 'others wait on';
$h2->close;
ok wait_until { logged('HTTP/2.0" 499') == 4 }, 'and those that leave by HTTP/2';
ok waits(@stay), 'others wait on';
let();
is join(' ', map { $_->read_response->{status} } @stay), '200 200 200 200 200', 'and are answered';

# ---------------------------------------------------------------- a crowd

hold();
my @crowd = map { start_crowd(300) } 1 .. 4;
ok wait_until { logged('" 503') == 200 }, 'a thousand may wait, more are told 503';
let();
my %seen;
$seen{$_}++ for map { finish_crowd($_) } @crowd;
is_deeply \%seen, { 200 => 1000, 503 => 200 }, 'the thousand are answered';

# --------------------------------------------------------------- a reload

hold();
@stay = map { ask() } 1 .. 5;
ok waits(@stay), 'before a reload they wait';
ok $t->reload(old => 'stay'), 'new workers take over';
ok waits(@stay), 'the old one still holds them';
let();
is join(' ', map { $_->read_response->{status} } @stay), '200 200 200 200 200',
    'and answers with what the new one has fetched';
ok wait_until { $t->worker_pids(1) == 1 }, 'then it leaves';

# ---------------------------------------------------------------- helpers

# How often the access log has the text.
sub logged {
    my ($text) = @_;
    return scalar(() = Edgerun::Process::slurp($t->dir . '/logs/access.log') =~ /\Q$text\E/g);
}

# Many connections, in a process of their own: descriptors are few.
sub start_crowd {
    my ($size) = @_;
    my $pid = open(my $from, '-|') // die "fork: $!";
    return { from => $from, pid => $pid } if $pid;
    $SIG{$_} = 'DEFAULT' for qw(INT TERM HUP ALRM);
    my @all = eval { map { ask() } 1 .. $size };
    print map { my $answer = $_->read_response; ($answer ? $answer->{status} : 'none') . "\n" } @all;
    close STDOUT;
    require POSIX;
    POSIX::_exit(0);
}

sub finish_crowd {
    my ($run) = @_;
    my $from = $run->{from};
    chomp(my @statuses = <$from>);
    close $from;
    return @statuses;
}

done_testing;
