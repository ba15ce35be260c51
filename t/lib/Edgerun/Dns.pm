package Edgerun::Dns;

# A DNS server (RFC 1035, UDP) that answers as a test tells it, in a process of
# its own. What it knows stands in a file that it reads at each query:
#
#   NAME ADDRESS...     A records; with TTL 1
#   NAME nxdomain       there is no such name
#   NAME silent         no answer at all
#
# A name that is not listed does not exist.

use strict;
use warnings;

use Carp qw(croak);
use IO::Socket::INET;

use Edgerun::Ports;
use Edgerun::Process;
use Edgerun::Wait qw(wait_for_exit);

use constant { RESPONSE => 0x8180, NXDOMAIN => 3, TYPE_A => 1, CLASS_IN => 1, TTL => 1 };

# start(DIR, { NAME => "ADDRESS..." }): a server that writes its files to DIR.
sub start {
    my ($class, $dir, $records) = @_;
    my $self = bless { file => "$dir/dns.records", log => "$dir/dns.log" }, $class;
    $self->know($records);

    my $socket = IO::Socket::INET->new(LocalAddr => '127.0.0.1', Proto => 'udp')
        or croak "no UDP socket: $@";
    $self->{port} = $socket->sockport;
    my $pid = fork // croak "fork: $!";
    if ($pid == 0) {
        $SIG{$_} = 'DEFAULT' for qw(INT TERM HUP ALRM);
        alarm 0;
        eval { $self->_serve($socket) };
        Edgerun::Process::_leave();
    }
    $self->{pid} = $pid;
    return $self;
}

sub port { return $_[0]{port} }

# know({ NAME => "ADDRESS..." }): from now on.
sub know {
    my ($self, $records) = @_;
    open my $file, '>', "$self->{file}.new" or croak "$self->{file}: $!";
    print $file map { "$_ $records->{$_}\n" } sort keys %$records;
    close $file or croak "$self->{file}: $!";
    rename "$self->{file}.new", $self->{file} or croak "$self->{file}: $!";
    return;
}

# The names that were asked for, in order.
sub queries { return split /\n/, Edgerun::Process::slurp($_[0]{log}) }

sub stop {
    my ($self) = @_;
    my $pid = delete $self->{pid} or return;
    kill 'TERM', $pid;
    wait_for_exit($pid);
    return;
}

sub DESTROY {
    local $?;
    $_[0]->stop;
    return;
}

sub _serve {
    my ($self, $socket) = @_;
    while (defined(my $client = $socket->recv(my $query, 512))) {
        my $answer = $self->_answer($query);
        $socket->send($answer, 0, $client) if defined $answer;
    }
    return;
}

sub _answer {
    my ($self, $query) = @_;
    my ($id, undef, $questions) = unpack 'nnn', $query;
    return if $questions != 1;
    my ($name, $end) = _name_at($query, 12);
    my ($type) = unpack 'n', substr $query, $end, 2;
    my $question = substr $query, 12, $end + 4 - 12;
    $self->_note($name);

    my ($known) = Edgerun::Process::slurp($self->{file}) =~ /^\Q$name\E (.*)$/m;
    $known //= 'nxdomain';
    return if $known eq 'silent';
    return pack('nnnnnn', $id, RESPONSE | NXDOMAIN, 1, 0, 0, 0) . $question if $known eq 'nxdomain';
    my @addresses = $type == TYPE_A ? split ' ', $known : ();
    return join '', pack('nnnnnn', $id, RESPONSE, 1, scalar @addresses, 0, 0), $question,
        map { pack 'nnnNnC4', 0xC00C, TYPE_A, CLASS_IN, TTL, 4, split /\./, $_ } @addresses;
}

# The name that begins there, and where it ends.
sub _name_at {
    my ($query, $at) = @_;
    my @labels;
    while (my $length = ord substr $query, $at, 1) {
        push @labels, substr $query, $at + 1, $length;
        $at += 1 + $length;
    }
    return (lc join('.', @labels), $at + 1);
}

sub _note {
    my ($self, $name) = @_;
    open my $log, '>>', $self->{log} or return;
    print $log "$name\n";
    close $log;
    return;
}

1;
