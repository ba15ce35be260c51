#!/usr/bin/env perl
# With a journal, a reload may change a zone's size, ttl and max_answer: all jobs
# come along. Without one, that is refused.
use FindBin;
use lib "$FindBin::Bin/lib";
use Edgerun::Test;
use Edgerun::Dialects;
use Edgerun::Jobs;
use List::Util qw(uniq);

my $t = Edgerun::Test->new;
$t->start_emulator(duration => 1500, jitter => 1000);
my $emulator = $t->emulator;

sub write_zone {
    my ($zone) = @_;
    $t->write_conf(
        jobs_conf(
            provider => { poll_interval => '200ms', run_timeout => '5m' },
            zone     => $zone,
        ),
        main => 'thread_pool edgerun_journal threads=1;',
    );
    return;
}

sub poll {
    my ($job) = @_;
    return $t->get("/jobs/$job->{id}", token => Edgerun::Jobs::token_of($t, 'alice'));
}

write_zone('zone=jobs:4m journal=jobs');
$t->run;
wait_until { submit($t, 'Ready? [[duration=1]]')->{status} == 202 };
my $done = run_job($t, 'Before all. [[duration=1]]');

for my $zone ('zone=jobs:8m', 'zone=jobs:2m', 'zone=jobs:2m ttl=2h', 'zone=jobs:2m ttl=2h max_answer=64k') {
    my $connection = $t->connect;
    my @answers = map { submit($t, "Job $_", on => $connection) } 1 .. 20;
    undef $connection;
    is join(' ', uniq map { $_->{status} } @answers), '202', "$zone: jobs are running";

    write_zone("$zone journal=jobs");
    ok $t->reload(old => 'stay'), "$zone: a reload";
    my %seen;
    wait_until { my $status = poll($done)->{status}; $seen{$status}++; $status == 200 };
    delete $seen{503};
    is join(' ', keys %seen), 200, "$zone: no job is said to be unknown";
    is_deeply job_of($t, $done), { %$done, expiresAt => job_of($t, $done)->{expiresAt} },
        "$zone: a finished job reads as before";

    my @jobs = finish($t, \@answers);
    is ended_badly($t, @jobs), '', "$zone: running ones complete, each by one run";
}
is run_job($t, 'After all. [[duration=1]]')->{status}, 'COMPLETED', 'new jobs run';

# ----------------------------------------------------------- without a journal

$t->stop;
write_zone('zone=jobs:4m');
$t->run;
$done = run_job($t, 'Hello. [[duration=1]]');
write_zone('zone=jobs:8m');
$t->allow_log(qr/edgerun_job_zone "jobs" exists with/);
ok !$t->reload, 'without a journal, another size is refused';
like $t->error_log, qr/edgerun_job_zone "jobs" exists with 4194304 bytes; to change its size, restart NGINX/, 'as error.log says';
write_zone('zone=jobs:8m journal=jobs');
ok !$t->reload, 'also one that comes with a journal';
is_deeply job_of($t, $done), $done, 'the jobs are still there';

done_testing;
