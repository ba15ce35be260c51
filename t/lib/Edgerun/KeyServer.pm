package Edgerun::KeyServer;

# An identity provider as edgerun sees it: a URL with a JWK Set behind it. What
# it answers can be changed at any time; every request is counted.
#
#     my $source = Edgerun::KeyServer->start($t->dir);
#     my $key    = Edgerun::Keys->new('ES256', kid => 'one');
#     $source->serve($key);
#     ... edgerun_auth_jwt_jwks_uri @{[ $source->url ]}; ...
#     $t->get('/', token => $key->token({ sub => 'alice' }));

use strict;
use warnings;

use Carp qw(croak);
use IO::File;
use IO::Socket::INET;
use JSON::PP ();
use POSIX ();
use Socket qw(SOL_SOCKET SO_LINGER);
use Time::HiRes qw(sleep);

use Edgerun::Keys;
use Edgerun::Ports;
use Edgerun::Process;
use Edgerun::Wait qw(wait_until wait_for_exit);

my $JSON = JSON::PP->new->latin1->canonical;
my @running;    # ends with the test, however that ends

# start(DIR): serves an empty answer of status 404 until told otherwise.
sub start {
    my ($class, $dir) = @_;
    my $port = Edgerun::Ports::reserve();
    my $self = bless { port => $port, state => "$dir/key-server-$port" }, $class;
    $self->answer(status => 404);
    return $self->resume;
}

sub port { return $_[0]{port} }

sub url {
    my ($self, $path) = @_;
    return "http://127.0.0.1:$self->{port}" . ($path // '/jwks');
}

# ------------------------------------------------------------ what it answers

# serve(KEYS...): the JWK Set of these (or of JWKs), at once.
sub serve {
    my ($self, @keys) = @_;
    return $self->answer(body => Edgerun::Keys::set(@keys));
}

# answer(OPTIONS), from the next request on:
#   status   200
#   headers  [ name => value, ... ]; Content-Type unless there
#   body     bytes
#   delay    seconds before it answers
#   action   'answer'; 'silent' never does; 'close' closes instead; 'drip' sends
#            a byte of the body in each tenth of a second; 'flood' sends a body
#            without length of `bytes` bytes; 'hold' waits until told otherwise, and does that
sub answer {
    my ($self, %options) = @_;
    my %answer = (status => 200, headers => [], body => '', action => 'answer', %options);
    my $file = IO::File->new("$self->{state}.new", 'w') or croak "$self->{state}: $!";
    binmode $file;
    print $file $JSON->encode(\%answer);
    $file->close or croak "$self->{state}: $!";
    rename "$self->{state}.new", $self->{state} or croak "$self->{state}: $!";
    return $self;
}

# { method, path, headers } of each request so far, headers as they came.
sub requests {
    my ($self) = @_;
    return map { $JSON->decode($_) } split /\n/, Edgerun::Process::slurp("$self->{state}.log");
}

sub hits { my @requests = $_[0]->requests; return scalar @requests }

# ---------------------------------------------------------------------- life

# No longer listens; what it has not answered is cut.
sub stop {
    my ($self) = @_;
    my $pid = delete $self->{pid} or return $self;
    kill 'KILL', -$pid;
    wait_for_exit($pid);
    @running = grep { $_ != $pid } @running;
    return $self;
}

# Listens again, if it does not.
sub resume {
    my ($self) = @_;
    return $self if $self->{pid};
    my $listener;
    wait_until {
        $listener = IO::Socket::INET->new(
            LocalAddr => '127.0.0.1',
            LocalPort => $self->{port},
            Listen    => 128,
            ReuseAddr => 1,
        );
    };
    croak "port $self->{port}: $@" if !$listener;

    my $pid = fork // croak "fork: $!";
    if ($pid == 0) {
        POSIX::setpgid(0, 0);
        $SIG{$_} = 'DEFAULT' for qw(INT TERM HUP);
        $SIG{CHLD} = 'IGNORE';
        eval { _accept($listener, $self->{state}) };
        POSIX::_exit(0);
    }
    POSIX::setpgid($pid, $pid);    # whichever of the two comes first
    push @running, $pid;
    $self->{pid} = $pid;
    return $self;
}

END {
    my $status = $?;
    kill 'KILL', -$_ for @running;
    waitpid $_, 0 for @running;
    $? = $status;
}

sub _accept {
    my ($listener, $state) = @_;
    while (1) {
        my $socket = $listener->accept or next;
        my $pid    = fork // next;
        next if $pid;
        eval {
            close $listener;
            _converse($socket, $state);
        };
        POSIX::_exit(0);
    }
    return;
}

# One request on each connection.
sub _converse {
    my ($socket, $state) = @_;
    my $head = '';
    while ($head !~ /\r\n\r\n/) {
        sysread $socket, $head, 4096, length $head or return;
    }
    my $answer = $JSON->decode(Edgerun::Process::slurp($state));
    _note($head, $state);
    while ($answer->{action} eq 'hold') {
        sleep 0.02;
        $answer = $JSON->decode(Edgerun::Process::slurp($state));
    }

    sleep $answer->{delay} if $answer->{delay};
    if ($answer->{action} eq 'silent') {
        sysread $socket, $head, 1;    # until it is given up
        return;
    }
    if ($answer->{action} eq 'close') {
        setsockopt $socket, SOL_SOCKET, SO_LINGER, pack 'ii', 1, 0;
        return;
    }
    return _send($socket, $answer);
}

sub _note {
    my ($head, $state) = @_;
    my ($method, $path) = $head =~ /^(\S+) (\S+)/;
    my ($headers) = $head =~ /\r\n(.*?\r\n)\r\n/s;
    open my $log, '>>', "$state.log" or die "$!\n";
    syswrite $log, $JSON->encode({ method => $method, path => $path, headers => $headers }) . "\n";
    return;
}

sub _send {
    my ($socket, $answer) = @_;
    my @headers  = @{ $answer->{headers} };
    my $is_flood = $answer->{action} eq 'flood';
    push @headers, 'Content-Type', 'application/json' if !grep { /^content-type$/i } @headers;
    push @headers, 'Content-Length', length $answer->{body}
        if !$is_flood && !grep { /^content-length$/i } @headers;
    push @headers, 'Connection', 'close';

    my $head = "HTTP/1.1 $answer->{status} Whatever\r\n";
    while (my ($name, $value) = splice @headers, 0, 2) {
        $head .= "$name: $value\r\n";
    }
    print $socket "$head\r\n";
    $socket->flush;
    return _flood($socket, $answer->{bytes}) if $is_flood;
    return _drip($socket, $answer->{body}) if $answer->{action} eq 'drip';
    print $socket $answer->{body};
    return;
}

sub _flood {
    my ($socket, $bytes) = @_;
    my $piece = ' ' x 65_536;
    for (my $sent = 0; $sent < $bytes; $sent += length $piece) {
        syswrite $socket, $piece or return;
    }
    return;
}

sub _drip {
    my ($socket, $body) = @_;
    for my $byte (split //, $body) {
        syswrite $socket, $byte or return;
        sleep 0.1;
    }
    return;
}

1;
