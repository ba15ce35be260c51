#!/usr/bin/env perl
# The directory of a journal: made by NGINX for its workers alone, untouched by
# tests of a configuration, bound to its zone.
use FindBin;
use lib "$FindBin::Bin/lib";
use Edgerun::Test;
use Edgerun::Jobs;
use Edgerun::Process;

my $POOL = 'thread_pool edgerun_journal threads=1;';

my $t = Edgerun::Test->new;
$t->start_emulator(duration => 1);
my $directory = $t->dir . '/jobs';

sub write_zone {
    my ($zone, %options) = @_;
    $t->write_conf(jobs_conf(zone => "zone=jobs:4m $zone", %options), main => $options{main} // $POOL);
    return;
}

sub files { return join ' ', map { m{([^/]+)$} } sort glob "$directory/*" }

# The owner and mode of a file.
sub rights {
    my ($path) = @_;
    my ($mode, $uid) = (stat $path)[2, 4];
    return defined $mode ? sprintf '%d %04o', $uid, $mode & 07777 : 'nothing';
}

sub job_after_start {
    wait_until { submit($t, 'Ready?')->{status} == 202 };
    return run_job($t, 'Hello.');
}

# ------------------------------------------------------------ how it is made

write_zone('journal=jobs');
my ($exit, $output) = $t->test_config;
is $exit, 0, 'nginx -t accepts a journal' or diag $output;
unlike $output, qr/\[warn\]/, 'without a warning';
is files(), '', 'and leaves nothing in its directory';

rmdir $directory;
$t->run;
my $uid = (stat '/proc/' . ($t->worker_pids)[0])[4];
is rights($directory), "$uid 0700", 'NGINX makes the directory for its workers alone';
my $job = job_after_start();
is $job->{status}, 'COMPLETED', 'a job runs';
my @others = grep { (stat)[2] & 077 } glob "$directory/*";
is "@others", '', 'no file is open to others';
is scalar(grep { $_ eq "$directory/zone" } glob "$directory/*"), 1, 'the secret of ids lies in it';

my $before = files();
($exit) = $t->test_config;
is "$exit " . files(), "0 $before", 'nginx -t beside the running server changes nothing';

# ------------------------------------------------------------------- restart

$t->stop;
$t->run;
my $found;
wait_until { ($found = job_of($t, $job)) };
is_deeply $found, $job, 'ids are genuine after a restart, and a finished job reads as before';

# -------------------------------------------------------------------- reload

$t->allow_log(qr/edgerun_job_zone "jobs" exists with/);
my $CHANGE = qr/edgerun_job_zone "jobs" exists with[^;]* journal; to change that, restart NGINX or give the zone a new name/;

sub is_refused {
    my ($zone, $why) = @_;
    write_zone($zone);
    my $from = length $t->error_log;
    ok !$t->reload, "a reload is refused: $why";
    like substr($t->error_log, $from), $CHANGE, 'and says what to do';
    is_deeply job_of($t, $job), $job, 'the jobs are still there';
    return;
}
is_refused('journal=other', 'to another journal');
is_refused('', 'without its journal');
for my $sync (qw(off interval always)) {
    write_zone("journal=jobs sync=$sync");
    ok $t->reload, "a reload with sync=$sync";
    is run_job($t, 'Hello.')->{status}, 'COMPLETED', 'a job runs';
}
write_zone('journal=jobs', main => '');
ok $t->reload, q(a reload with NGINX's own thread pool);
is run_job($t, 'Hello.')->{status}, 'COMPLETED', 'a job runs';
is_deeply job_of($t, $job), $job, 'the first one reads as before';

# A restart may take the journal away, and give it back.
$t->stop;
write_zone('');
$t->run;
is $t->get("/jobs/$job->{id}", token => Edgerun::Jobs::token_of($t, 'alice'))->{status}, 404,
    'without its journal, ids are not genuine';
write_zone('journal=jobs');
my $from = length $t->error_log;
ok !$t->reload, 'a zone without a journal gets none by a reload';
like substr($t->error_log, $from), $CHANGE, 'and says what to do';
$t->stop;
$t->run;
wait_until { ($found = job_of($t, $job)) };
is_deeply $found, $job, 'a restart with the journal brings them back';
$t->stop;

# ------------------------------------------------------- what cannot be used

$t->allow_log(qr/\[emerg\]/);
$t->write_file('jobs/zone', 'no secret');
($exit, $output) = $t->test_config;
is $exit, 1, 'nginx -t refuses a damaged secret';
like $output, qr/edgerun_job_zone "jobs" cannot be set up: .*zone/, 'and names its file';

write_zone('journal=nginx.conf');
($exit, $output) = $t->test_config;
is $exit, 1, 'nginx -t refuses a journal that is a file';
like $output, qr/nginx\.conf/, 'and names it';

write_zone('journal=temp/proxy');
($exit, $output) = $t->test_config;
is $exit, 1, 'nginx -t refuses a directory that NGINX uses otherwise';
like $output, qr/the same path name "[^"]*temp\/proxy" used in/, 'and names it';

done_testing;
