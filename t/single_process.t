#!/usr/bin/env perl
# master_process off, as in a debugger: the one process runs the jobs.
use FindBin;
use lib "$FindBin::Bin/lib";
use Edgerun::Test;
use Edgerun::Dialects;
use Edgerun::Jobs;
use List::Util qw(uniq);

my $t = Edgerun::Test->new(workers => 1);
$t->start_emulator(duration => 1500);

# Without a master, NGINX has cleared its environment by the time of a reload.
$t->write_file('jwt.secret', $Edgerun::Test::SECRET);
$t->write_file('api.key', $Edgerun::Test::API_KEY);
chmod 0600, map { $t->dir . "/$_" } qw(jwt.secret api.key);
my $conf = jobs_conf(provider => { api_key => 'file:%%TESTDIR%%/api.key' })
    =~ s/env:EDGERUN_JWT_SECRET/file:%%TESTDIR%%\/jwt.secret/r;
$t->write_conf($conf, main => 'master_process off;', file => 'single.conf');
$t->run(conf => 'single.conf');

my $before = run_job($t, 'Hello. [[duration=1]]');
is $before->{status}, 'COMPLETED', 'a job runs';
is scalar($t->worker_pids(1)), 0, 'in the one process';

my @answers = map { submit($t, "Job $_") } 1 .. 20;
my @jobs = finish($t, \@answers);
is join(' ', uniq map { $_->{status} . error_of($_) } @jobs), 'COMPLETED', 'many jobs run';
is scalar @{ $t->emulator->runs }, 1 + @jobs, 'each once';

# NGINX itself has no connections any more after a reload of this kind, with or
# without us. It is enough not to make that worse.
submit($t, "Job $_") for 1 .. 5;
wait_until { @{ $t->emulator->runs } > @jobs };
$t->allow_log(qr/worker_connections are not enough/);
my $from = length $t->error_log;
kill 'HUP', $t->pid;
ok wait_until { substr($t->error_log, $from) =~ /reconfiguring/ }, 'a reload with jobs under way';
ok !(substr($t->error_log, $from) =~ /\[emerg\]/), 'is not refused';
is $t->stop('TERM'), 0, 'and NGINX ends in order';

done_testing;
