package Edgerun::Wait;

# Waiting for conditions. Tests never sleep for a fixed time: a busy machine
# makes such a test fail, and an idle one makes it slow.

use strict;
use warnings;

use Exporter qw(import);
use IO::Socket::INET;
use Time::HiRes qw(sleep time);

our @EXPORT_OK = qw(wait_until wait_for_socket wait_for_exit);

our $TIMEOUT = 60;

# wait_until { CONDITION } TIMEOUT: what the condition returned when it became
# true; its last value when it did not within the time.
sub wait_until(&;$) {
    my ($condition, $timeout) = @_;
    my $deadline = time + ($timeout // $TIMEOUT);
    my $pause    = 0.005;
    while (1) {
        my $value = $condition->();
        return $value if $value || time >= $deadline;
        sleep $pause;
        $pause *= 1.5 if $pause < 0.05;
    }
}

sub wait_for_socket {
    my ($port, $timeout) = @_;
    return wait_until { defined IO::Socket::INET->new(PeerAddr => "127.0.0.1:$port") } $timeout;
}

# The exit status of a child, or undef when it is still there after the time.
sub wait_for_exit {
    my ($pid, $timeout) = @_;
    my $gone = wait_until { waitpid($pid, 1) != 0 } $timeout;    # 1: WNOHANG
    return $gone ? $? : undef;
}

1;
