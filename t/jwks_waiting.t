#!/usr/bin/env perl
# Requests that wait for keys: clients that leave, pipelines, HTTP/2, bodies, a
# crowd, a reload. All of it happens before the source's first answer.
use FindBin;
use lib "$FindBin::Bin/lib";
use Edgerun::Test;
use Edgerun::Http2;
use Edgerun::Keys;
use Edgerun::KeyServer;
use Time::HiRes qw(time);

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

# Requests wait for five seconds at most. Where all together takes about as long, it tells nothing,
# and is tried again.
my ($log_from, @checks);
sub in_time {
    my ($phase) = @_;
    for (1 .. 6) {
        hold();
        @checks = ();
        $log_from = length access_log();
        my $since = time;
        $phase->();
        last if time - $since < 4.5;
    }
    is_deeply $_->[0], $_->[1], $_->[2] for @checks;
    return;
}

sub check { my ($got, $expected, $name) = @_; push @checks, [ $got, $expected, $name ]; return }

sub statuses { return join ' ', map { my $answer = $_->read_response; $answer ? $answer->{status} : 'none' } @_ }

# ------------------------------------------------------------ ways to wait

in_time(sub {
    my $pipeline = ask(request('GET', '/page') . request('GET', '/app') . request('HEAD', '/page'));
    my $post     = ask(request('POST', '/app', body => 'x' x 100_000));
    my $late     = ask(request('POST', '/app', headers => { 'Content-Length' => 5 }));
    my $any      = ask(request('GET', '/any/page'));
    my $old      = ask(request('GET', '/page', version => '1.0'));
    my $h2       = Edgerun::Http2->new($t->port(1));
    my @streams  = map { $h2->get('/page', Authorization => "Bearer $token") } 1 .. 4;
    check(waits($pipeline, $post, $late, $any, $old), 1, 'all wait');
    check(scalar $h2->status($h2->get('/page')), 'other', 'but for a stream without a token');
    check(scalar $h2->status($streams[0], 0.05), undef, 'others of the connection wait');
    $h2->reset($streams[2]);
    wait_until { logged('/page HTTP/2.0" 499') };
    check(logged('/page HTTP/2.0" 499'), 1, 'a stream that is reset is noticed');
    $late->write('12345');
    let();

    my @answers = map { $pipeline->read_response(method => $_) // {} } qw(GET GET HEAD);
    check(join(' ', map { $_->{status} // 'none' } @answers), '200 200 200', 'a pipeline is answered');
    check(join(' ', map { $_->{body} // 'none' } @answers), 'inside GET  ', 'in its order');
    check(($post->read_response // {})->{body}, 'POST 100000', 'a body that came with the request is there');
    check(($late->read_response // {})->{body}, 'POST 5', 'and one that came later');
    check(statuses($any), 200, 'satisfy any waits too');
    check(statuses($old), 200, 'so does HTTP/1.0');
    check(join(' ', map { $h2->status($_) // 'none' } @streams[ 0, 1, 3 ]), '200 200 200', 'and streams of HTTP/2');
});

# ---------------------------------------------------------- clients leave

in_time(sub {
    my @left = map { ask() } 1 .. 20;
    my @stay = map { ask() } 1 .. 5;
    $_->close(abort => $_ == $left[0]) for @left;
    wait_until { logged('HTTP/1.1" 499') >= 20 };
    check(logged('HTTP/1.1" 499'), 20, 'clients that leave are noticed');
    my $h2 = Edgerun::Http2->new($t->port(1));
    $h2->get('/page', Authorization => "Bearer $token") for 1 .. 3;
    check(waits(@stay), 1, 'others wait on');
    $h2->close;
    wait_until { logged('HTTP/2.0" 499') >= 3 };
    check(logged('HTTP/2.0" 499'), 3, 'and those that leave by HTTP/2');
    check(waits(@stay), 1, 'others wait on');
    let();
    check(statuses(@stay), '200 200 200 200 200', 'and are answered');
});

# ---------------------------------------------------------------- a crowd

in_time(sub {
    my @crowd = map { start_crowd(300) } 1 .. 4;
    wait_until { logged('" 503') >= 200 };
    check(logged('" 503'), 200, 'a thousand may wait, more are told 503');
    let();
    my %seen;
    $seen{$_}++ for map { finish_crowd($_) } @crowd;
    check(\%seen, { 200 => 1000, 503 => 200 }, 'the thousand are answered');
});

# --------------------------------------------------------------- a reload

in_time(sub {
    my @stay = map { ask() } 1 .. 5;
    check(waits(@stay), 1, 'before a reload they wait');
    check($t->reload(old => 'stay'), 1, 'new workers take over');
    check(waits(@stay), 1, 'the old one still holds them');
    let();
    check(statuses(@stay), '200 200 200 200 200', 'and answers with what the new one has fetched');
});
ok wait_until { $t->worker_pids(1) == 1 }, 'then it leaves';

# ---------------------------------------------------------------- helpers

sub access_log { return Edgerun::Process::slurp($t->dir . '/logs/access.log') }

# How often the access log has the text since then.
sub logged {
    my ($text) = @_;
    return scalar(() = substr(access_log(), $log_from) =~ /\Q$text\E/g);
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
