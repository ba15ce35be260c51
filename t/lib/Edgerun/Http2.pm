package Edgerun::Http2;

# As much of HTTP/2 (RFC 9113, prior knowledge) as a test needs that has several
# requests on one connection: GET, the status of each answer, RST_STREAM.

use strict;
use warnings;

use Carp qw(croak);
use IO::Select;
use IO::Socket::INET;
use Time::HiRes qw(time);

my %FRAME = (DATA => 0, HEADERS => 1, RST_STREAM => 3, SETTINGS => 4);
my $END_HEADERS_AND_STREAM = 0x05;
my $CANCEL                 = 8;

sub new {
    my ($class, $port) = @_;
    my $socket = IO::Socket::INET->new(PeerAddr => "127.0.0.1:$port") or croak "port $port: $@";
    my $self = bless { socket => $socket, buffer => '', next => 1, statuses => {} }, $class;
    syswrite $socket, "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
    $self->_send('SETTINGS', 0, 0, '');
    return $self;
}

# get(PATH, HEADERS...): the number of its stream.
sub get {
    my ($self, $path, @headers) = @_;
    my $stream = $self->{next};
    $self->{next} += 2;
    my @all = (':method', 'GET', ':scheme', 'http', ':path', $path, ':authority', 'localhost', @headers);
    my $block = '';
    while (my ($name, $value) = splice @all, 0, 2) {
        $block .= "\0" . _text(lc $name) . _text($value);    # literal, not indexed, no Huffman
    }
    $self->_send('HEADERS', $END_HEADERS_AND_STREAM, $stream, $block);
    return $stream;
}

sub reset {
    my ($self, $stream) = @_;
    return $self->_send('RST_STREAM', 0, $stream, pack 'N', $CANCEL);
}

# status(STREAM, TIMEOUT): 200, 'other', or undef when there is none in time.
sub status {
    my ($self, $stream, $timeout) = @_;
    my $deadline = time + ($timeout // 30);
    until (defined $self->{statuses}{$stream}) {
        my $left = $deadline - time;
        return if $left <= 0 || !IO::Select->new($self->{socket})->can_read($left);
        sysread $self->{socket}, $self->{buffer}, 65_536, length $self->{buffer} or return;
        $self->_take_frames;
    }
    return $self->{statuses}{$stream};
}

sub close { return CORE::close($_[0]{socket}) }

sub _take_frames {
    my ($self) = @_;
    while (length $self->{buffer} >= 9) {
        my ($high, $low, $type, undef, $stream) = unpack 'CnCCN', $self->{buffer};
        my $length = $high << 16 | $low;
        return if length $self->{buffer} < 9 + $length;
        my $payload = substr $self->{buffer}, 9, $length;
        substr $self->{buffer}, 0, 9 + $length, '';
        # 0x88 is ":status: 200" of HPACK's static table.
        $self->{statuses}{$stream} = $payload =~ /^\x88/ ? 200 : 'other' if $type == $FRAME{HEADERS};
    }
    return;
}

sub _send {
    my ($self, $type, $flags, $stream, $payload) = @_;
    my $length = length $payload;
    return syswrite $self->{socket},
        pack('CnCCN', $length >> 16, $length & 0xffff, $FRAME{$type}, $flags, $stream) . $payload;
}

# A string of HPACK (RFC 7541 section 5.2).
sub _text {
    my ($text) = @_;
    my $rest = length $text;
    return chr($rest) . $text if $rest < 127;
    my $prefix = chr 127;
    for ($rest -= 127; $rest >= 128; $rest >>= 7) {
        $prefix .= chr($rest & 127 | 128);
    }
    return $prefix . chr($rest) . $text;
}

1;
