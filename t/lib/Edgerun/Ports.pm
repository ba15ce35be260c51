package Edgerun::Ports;

# Ports that no other test takes while this one runs. They lie below the range
# from which the kernel takes ports for outgoing connections, so nobody gets one
# by chance between the reservation and its use; a lock file each keeps other
# tests away, and ends with the process.

use strict;
use warnings;

use Carp qw(croak);
use Fcntl qw(:flock);
use File::Spec;
use IO::Socket::INET;

use constant { FIRST => 20_000, LAST => 31_999 };

my @locks;
my $next = FIRST + int rand(LAST - FIRST);

sub reserve {
    my $dir = File::Spec->tmpdir . "/edgerun-ports-$>";
    mkdir $dir, 0700 if !-d $dir;

    for (FIRST .. LAST) {
        my $port = $next;
        $next = $next < LAST ? $next + 1 : FIRST;

        open my $lock, '>>', "$dir/$port" or croak "$dir/$port: $!";
        next if !flock $lock, LOCK_EX | LOCK_NB;
        next if !is_free($port);
        push @locks, $lock;
        return $port;
    }
    croak 'no free port';
}

sub is_free {
    my ($port) = @_;
    return defined IO::Socket::INET->new(
        LocalAddr => '127.0.0.1',
        LocalPort => $port,
        Listen    => 1,
        ReuseAddr => 1,
    );
}

1;
