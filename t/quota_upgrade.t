#!/usr/bin/env perl
# Two servers beside one another: a binary upgrade takes the counters along, one that is rolled back
# gives them back, and a server that is started by mistake changes nothing.
use FindBin;
use lib "$FindBin::Bin/lib";
use Edgerun::Test;
use Edgerun::Calendar;
use Edgerun::Dialects qw(responses);
use Edgerun::Jobs;
use Edgerun::Process;
use Edgerun::Quotas;
use Edgerun::Upgrade;

begin_within('month');
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

start_daemon($t);
my $old = $t->pid;
spend(1);
my $new = upgrade($t);
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
start_daemon($t);
is used(), 7, 'which the next life finds';
$t->stop;

done_testing;
