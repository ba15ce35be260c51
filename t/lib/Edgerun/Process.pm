package Edgerun::Process;

# Processes that a test starts, and what /proc says about them.

use strict;
use warnings;

use Carp qw(croak);

# start(ENVIRONMENT, LOG, COMMAND...): in the background, its output to a file;
# its pid.
sub start {
    my ($environment, $log, @command) = @_;
    my $pid = fork // croak "fork: $!";
    return $pid if $pid;

    eval {
        _prepare($environment);
        open STDOUT, '>>', $log or die "$log: $!\n";
        open STDERR, '>&', \*STDOUT or die "$!\n";
        exec { $command[0] } @command or die "$command[0]: $!\n";
    };
    print STDERR $@;
    _leave();
}

# capture(ENVIRONMENT, COMMAND...): (exit code, output) when it has ended.
sub capture {
    my ($environment, @command) = @_;
    my $pid = open(my $out, '-|') // croak "fork: $!";
    if ($pid == 0) {
        eval {
            _prepare($environment);
            open STDERR, '>&', \*STDOUT or die "$!\n";
            exec { $command[0] } @command or die "$command[0]: $!\n";
        };
        print STDOUT $@;
        _leave();
    }
    my $output = do { local $/; <$out> };
    close $out;
    return ($? >> 8, $output // '');
}

sub _prepare {
    my ($environment) = @_;
    $SIG{$_} = 'DEFAULT' for qw(INT TERM HUP ALRM PIPE);
    alarm 0;
    open STDIN, '<', '/dev/null' or die "$!\n";
    %ENV = map { $_ => $environment->{$_} } grep { defined $environment->{$_} } keys %$environment;
    return;
}

# Without this process's END blocks, which belong to its parent.
sub _leave {
    require POSIX;
    POSIX::_exit(127);
}

sub children {
    my ($parent) = @_;
    my @children;
    for my $path (glob '/proc/[0-9]*/stat') {
        # pid (name) state ppid ...; the name may hold anything
        my ($pid, $ppid) = slurp($path) =~ /^(\d+) .*\) \S (\d+) /s or next;
        push @children, $pid if $ppid == $parent;
    }
    return @children;
}

# The command line, which NGINX's processes use to say what they are.
sub title {
    my ($pid) = @_;
    my $title = slurp("/proc/$pid/cmdline");
    $title =~ tr/\0/ /;
    return $title;
}

# Of a process that was killed another thread may be in a call still: its sockets are open.
sub is_alive {
    my ($pid) = @_;
    return scalar grep { /^\d+ .*\) [^Z] /s } map { slurp($_) } glob "/proc/$pid/task/*/stat";
}

# stopped(PIDS...): those that stand still, by SIGSTOP.
sub stopped { return grep { slurp("/proc/$_/stat") =~ /^\d+ .*\) T /s } @_ }

# A file's content; empty when it is not there.
sub slurp {
    my ($path) = @_;
    open my $file, '<', $path or return '';
    local $/;
    return <$file> // '';
}

1;
