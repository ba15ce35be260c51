#!/usr/bin/env perl
# Two servers beside one another: a binary upgrade takes the counters along, one that is rolled back
# gives them back, and a server that is started by mistake changes nothing.
use FindBin;
use lib "$FindBin::Bin/lib";
use Edgerun::Test;
use Edgerun::Dialects qw(responses);
use Edgerun::Jobs;
use Edgerun::Process;
use Edgerun::Quotas;

my $t = Edgerun::Test->new;
$t->start_emulator(duration => 1);
$t->write_conf(
    quota_conf(['limit=1000 period=month'], quotas => 'journal=%%TESTDIR%%/quotas'),
    # NGINX hands its new binary no other variables.
    main => 'env EDGERUN_JWT_SECRET; env OPENAI_API_KEY;',
);

sub used { return (use_of($t) // { used => 'nothing' })->{used} }

sub spend { my ($count) = @_; run_job($t, 'Hello.') for 1 .. $count; return }

sub files { return map { m{(\d+)\.quota$} ? 0 + $1 : () } sort glob $t->dir . '/quotas/*' }

# ------------------------------------------------------------------- by mistake

$t->allow_log(qr/\[emerg\]/);
$t->run;
spend(3);
ok wait_until { join(' ', files()) eq '1' }, 'a server counts';
my ($exit) = Edgerun::Process::capture($t->_environment, $t->_command('nginx.conf'));
isnt $exit, 0, 'another one does not start beside it';
spend(2);
is join(' ', files()), 1, '... and leaves its directory alone';
$t->kill_all;
$t->run;
is used(), 5, '... which holds all that was counted';
$t->stop;

# ---------------------------------------------------------------------- upgrade

# NGINX takes a master that is its starter's child for the new binary, and refuses.
sub start_daemon {
    my ($status, $output) = Edgerun::Process::capture($t->_environment, $t->_command('nginx.conf'));
    is "$status$output", '0', 'NGINX starts as a daemon';
    $t->{pid} = new_master(0);
    return;
}

# The pid of a master other than `old`, once it has its workers.
sub new_master {
    my ($old) = @_;
    return wait_until {
        my ($pid) = (Edgerun::Process::slurp($t->dir . '/logs/nginx.pid') || '') =~ /(\d+)/;
        return if !$pid || $pid == $old;
        my @titles = map { Edgerun::Process::title($_) } Edgerun::Process::children($pid);
        return @titles == grep({ /worker process/ } @titles) && @titles == 2 && $pid;
    };
}

sub workers_of { return grep { Edgerun::Process::title($_) =~ /worker process/ } Edgerun::Process::children($_[0]) }

sub upgrade {
    kill 'USR2', $t->pid;
    return new_master($t->pid);
}

start_daemon();
my $old = $t->pid;
spend(1);
my $new = upgrade();
ok $new, 'a new binary starts';
kill 'WINCH', $old;
ok wait_until { !workers_of($old) }, "the old one's workers leave";
is used(), 6, 'the new one counts on';
spend(2);
is used(), 8, '... and counts';
ok wait_until { files() == 1 }, 'the old file is gone';

# Back: the old master starts its workers again, with the counters that they had.
kill 'HUP', $old;
ok wait_until { workers_of($old) == 2 }, "the old binary's workers are back";
kill 'QUIT', $new;
ok wait_until { !Edgerun::Process::is_alive($new) }, 'the new binary quits';
is used(), 6, 'the old one counts as before the upgrade';
spend(1);
is used(), 7, '... and counts';
ok wait_until { my @files = files(); @files == 1 && $files[0] > 2 }, '... in a file of its own';

kill 'QUIT', $old;
ok wait_until { !Edgerun::Process::is_alive($old) }, 'it quits';
start_daemon();
is used(), 7, 'which the next life finds';
$t->stop;

done_testing;
