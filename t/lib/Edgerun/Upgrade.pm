package Edgerun::Upgrade;

# NGINX as a daemon, and binary upgrades of it (USR2).

use strict;
use warnings;

use Exporter qw(import);
use Test::More;

use Edgerun::Process;
use Edgerun::Wait qw(wait_until);

our @EXPORT = qw(start_daemon upgrade workers_of);

# start_daemon(T): as T->run. NGINX takes a master that is its starter's child for the new binary,
# and refuses.
sub start_daemon {
    my ($t) = @_;
    my ($status, $output) = Edgerun::Process::capture($t->_environment, $t->_command('nginx.conf'));
    is "$status$output", '0', 'NGINX starts as a daemon';
    $t->{pid} = new_master($t, 0);
    return;
}

# upgrade(T): the pid of the new master, once it has its workers.
sub upgrade {
    my ($t) = @_;
    kill 'USR2', $t->pid;
    return new_master($t, $t->pid);
}

# The pid of a master other than `old`, once it has its two workers.
sub new_master {
    my ($t, $old) = @_;
    return wait_until {
        my ($pid) = (Edgerun::Process::slurp($t->dir . '/logs/nginx.pid') || '') =~ /(\d+)/;
        return if !$pid || $pid == $old;
        my @titles = map { Edgerun::Process::title($_) } Edgerun::Process::children($pid);
        return @titles == grep({ /worker process/ } @titles) && @titles == 2 && $pid;
    };
}

# workers_of(PID): the workers of that master.
sub workers_of {
    my ($master) = @_;
    return grep { Edgerun::Process::title($_) =~ /worker process/ } Edgerun::Process::children($master);
}

1;
