package Edgerun::Http;

# HTTP/1.x over raw sockets, so that a test can send what a proper client would
# not. A response is { status, reason, version, headers, body, json }: headers by
# lower-case name (repeated ones joined by ", "), json when the body is JSON.

use strict;
use warnings;

use Carp qw(croak);
use IO::Select;
use IO::Socket::INET;
use JSON::PP;
use Time::HiRes qw(time);

our $TIMEOUT = 30;    # seconds for a whole response

my $JSON = JSON::PP->new->utf8->canonical->allow_nonref;

# One connection; keep-alive unless the request says otherwise.
sub new {
    my ($class, $port, %options) = @_;
    my $socket = IO::Socket::INET->new(
        PeerAddr => $options{host} // '127.0.0.1',
        PeerPort => $port,
        Timeout  => $TIMEOUT,
    ) or croak "cannot connect to port $port: $@";
    $socket->blocking(0);
    return bless { socket => $socket, buffer => '' }, $class;
}

# request(METHOD, URI, OPTIONS): sends and reads one response. OPTIONS:
#   token    value of "Authorization: Bearer"
#   headers  [ name => value, ... ] or { name => value }
#   json     data to send as application/json
#   body     bytes to send as they are
#   close    sends "Connection: close"
#   version  "1.1"
#   timeout  seconds
sub request {
    my ($self, $method, $uri, %options) = @_;
    $self->write(format_request($method, $uri, %options));
    return $self->read_response(method => $method, timeout => $options{timeout});
}

sub get  { my ($self, @rest) = @_; return $self->request('GET',  @rest) }
sub post { my ($self, @rest) = @_; return $self->request('POST', @rest) }

# The bytes of a request, for tests that want to cut or bend them.
sub format_request {
    my ($method, $uri, %options) = @_;
    my @headers = ref $options{headers} eq 'HASH' ? %{ $options{headers} } : @{ $options{headers} // [] };
    my %named;
    for (my $i = 0; $i < @headers; $i += 2) {
        $named{ lc $headers[$i] } = 1;
    }

    my $body = $options{body};
    if (exists $options{json}) {
        $body = $JSON->encode($options{json});
        push @headers, 'Content-Type', 'application/json' if !$named{'content-type'};
    }
    unshift @headers, 'Host', 'localhost' if !$named{host};
    push @headers, 'Authorization', "Bearer $options{token}" if defined $options{token};
    push @headers, 'Connection', 'close' if $options{close};
    push @headers, 'Content-Length', length $body
        if defined $body && !$named{'content-length'} && !$named{'transfer-encoding'};

    my $request = "$method $uri HTTP/" . ($options{version} // '1.1') . "\r\n";
    while (my ($name, $value) = splice @headers, 0, 2) {
        $request .= "$name: $value\r\n";
    }
    return "$request\r\n" . ($body // '');
}

# Sends bytes as they are.
sub write {
    my ($self, $bytes) = @_;
    my $deadline = time + $TIMEOUT;
    local $SIG{PIPE} = 'IGNORE';
    while (length $bytes) {
        my $sent = syswrite $self->{socket}, $bytes;
        if (defined $sent) {
            substr $bytes, 0, $sent, '';
            next;
        }
        return 0 if !$!{EAGAIN} && !$!{EINTR};
        my $left = $deadline - time;
        return 0 if $left <= 0;
        IO::Select->new($self->{socket})->can_write($left);
    }
    return 1;
}

# One response, or undef when the connection ended or the time is over before
# it was complete.
sub read_response {
    my ($self, %options) = @_;
    $self->{deadline} = time + ($options{timeout} // $TIMEOUT);

    my $head;
    my $response;
    do {
        return if !defined($head = $self->_until("\r\n\r\n"));
        $response = _parse_head($head);
    } while $response->{status} >= 100 && $response->{status} < 200 && $response->{status} != 101;

    my $length  = $response->{headers}{'content-length'};
    my $chunked = lc($response->{headers}{'transfer-encoding'} // '') eq 'chunked';
    my $empty   = ($options{method} // '') eq 'HEAD' || $response->{status} =~ /^(?:101|204|304)$/;

    my $body =
          $empty           ? ''
        : $chunked         ? $self->_chunks
        : defined $length  ? $self->_exactly($length)
        :                    $self->_rest;
    return if !defined $body;

    $response->{body} = $body;
    if (($response->{headers}{'content-type'} // '') =~ m{^application/(?:[a-z.]+\+)?json} && length $body) {
        $response->{json} = eval { $JSON->decode($body) };
    }
    return $response;
}

# Has the server closed the connection, with nothing left to read, within the time?
sub is_closed {
    my ($self, $timeout) = @_;
    $self->{deadline} = time + ($timeout // $TIMEOUT);
    1 while !length $self->{buffer} && $self->_more;
    return $self->{ended} && !length $self->{buffer};
}

# abort: with a reset instead of an orderly end.
sub close {
    my ($self, %options) = @_;
    setsockopt $self->{socket}, SOL_SOCKET, SO_LINGER, pack('ii', 1, 0) if $options{abort};
    CORE::close($self->{socket});
    return;
}

sub _parse_head {
    my ($head) = @_;
    my ($line, @lines) = split /\r\n/, $head;
    my ($version, $status, $reason) = $line =~ m{^HTTP/(\d\.\d) (\d{3}) ?(.*)$}
        or croak "no status line: $line";
    my %headers;
    for (@lines) {
        my ($name, $value) = /^([^:\s]+):\s*(.*?)\s*$/ or croak "no header: $_";
        $name = lc $name;
        $headers{$name} = exists $headers{$name} ? "$headers{$name}, $value" : $value;
    }
    return { version => $version, status => $status, reason => $reason, headers => \%headers };
}

sub _chunks {
    my ($self) = @_;
    my $body = '';
    while (1) {
        my $line = $self->_until("\r\n");
        return if !defined $line || $line !~ /^([0-9a-fA-F]+)/;
        my $size = hex $1;
        if ($size == 0) {
            while (1) {
                my $trailer = $self->_until("\r\n");
                return if !defined $trailer;
                return $body if $trailer eq '';
            }
        }
        my $bytes = $self->_exactly($size);
        return if !defined $bytes || !defined $self->_until("\r\n");
        $body .= $bytes;
    }
}

sub _until {
    my ($self, $mark) = @_;
    my $at;
    while (($at = index $self->{buffer}, $mark) < 0) {
        return if !$self->_more;
    }
    my $text = substr $self->{buffer}, 0, $at, '';
    substr $self->{buffer}, 0, length $mark, '';
    return $text;
}

sub _exactly {
    my ($self, $size) = @_;
    while (length $self->{buffer} < $size) {
        return if !$self->_more;
    }
    return substr $self->{buffer}, 0, $size, '';
}

sub _rest {
    my ($self) = @_;
    1 while $self->_more;
    return if !$self->{ended};
    return substr $self->{buffer}, 0, length $self->{buffer}, '';
}

# Reads what is there; false at the end of the connection or of the time.
sub _more {
    my ($self) = @_;
    return 0 if $self->{ended};
    while (1) {
        my $got = sysread $self->{socket}, $self->{buffer}, 65536, length $self->{buffer};
        return 1 if $got;
        if (defined $got || (!$!{EAGAIN} && !$!{EINTR})) {
            $self->{ended} = 1;
            return 0;
        }
        my $left = $self->{deadline} - time;
        return 0 if $left <= 0;
        IO::Select->new($self->{socket})->can_read($left);
    }
}

1;
