#!/usr/bin/env perl
# master_process off with a journal: the one process writes it itself, and jobs
# survive it.
use FindBin;
use lib "$FindBin::Bin/lib";
use Edgerun::Test;
use Edgerun::Dialects;
use Edgerun::Jobs;
use List::Util qw(uniq);

my $t = Edgerun::Test->new(workers => 1);
$t->start_emulator(duration => 2000);
$t->write_conf(
    jobs_conf(zone => 'zone=jobs:4m journal=%%TESTDIR%%/journal'),
    main => 'master_process off;',
    file => 'single.conf'
);
$t->run(conf => 'single.conf');
wait_until { submit($t, 'Ready? [[duration=1]]')->{status} == 202 };

my $done = run_job($t, 'Hello. [[duration=1]]');
is $done->{status}, 'COMPLETED', 'a job runs';
my @answers = map { submit($t, "Job $_") } 1 .. 20;
is join(' ', uniq map { $_->{status} } @answers), '202', 'jobs are accepted';
wait_until { @{ $t->emulator->runs } > @answers };
$t->kill_all;

$t->run(conf => 'single.conf');
ok wait_until { job_of($t, $done) }, 'after kill -9, the finished job is there';
is_deeply job_of($t, $done), $done, 'as it was';
my @jobs = finish($t, \@answers);
is ended_badly($t, @jobs), '', 'running ones complete, each by one run';
is $t->stop('TERM'), 0, 'and NGINX ends in order';

done_testing;
