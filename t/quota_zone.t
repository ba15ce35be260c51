#!/usr/bin/env perl
# edgerun_quota_zone: what is wrong with one, what a reload may change, and its journal's
# directory: made by NGINX for its workers alone, untouched by tests of a configuration.
use FindBin;
use lib "$FindBin::Bin/lib";
use Edgerun::Test;
use Edgerun::Calendar;
use Edgerun::Dialects qw(responses);
use Edgerun::Jobs;
use Edgerun::Problems;
use Edgerun::Process;
use Edgerun::Quotas;

begin_within('month');
my $t = Edgerun::Test->new;
$t->start_emulator(duration => 1);
my $directory = $t->dir . '/quotas';
$t->allow_log(qr/\[emerg\]/);

# ------------------------------------------------------------------- mistakes

problems_are($t, 'quota zones', <<'END');
    edgerun_quota_zone size=1m;                         #! "edgerun_quota_zone" has an unknown parameter "size=1m"; it takes zone=NAME:SIZE, journal=DIRECTORY
    edgerun_quota_zone quotas;                          #! "edgerun_quota_zone" has an unknown parameter "quotas"
    edgerun_quota_zone zone=a:1m zone=b:1m;             #! "edgerun_quota_zone" takes "zone" once
    edgerun_quota_zone zone=quotas;                     #! "zone" must be NAME:SIZE, for example "zone=quotas:1m", not "quotas"
    edgerun_quota_zone zone=quotas:many;                #! "zone" must be NAME:SIZE, for example "zone=quotas:1m", not "quotas:many"
    edgerun_quota_zone zone=:1m;                        #! "zone" must be NAME:SIZE
    edgerun_quota_zone journal=elsewhere;               #! "edgerun_quota_zone" needs "zone=NAME:SIZE"
    edgerun_quota_zone zone=small:16k;                  #! the zone "small" is too small; give it 64k or more
    edgerun_quota_zone zone=none:1m journal=;           #! "journal" must be a directory, for example "journal=/var/lib/nginx/quotas", not ""
    edgerun_quota_zone zone=deep:1m journal=no/where;   #! "journal" cannot be used: "
    edgerun_quota_zone zone=least:64k;
    edgerun_quota_zone zone=one:1m journal=one;
    edgerun_quota_zone zone=one:2m;                     #! edgerun_quota_zone "one" is duplicate
    edgerun_quota_zone zone=two:1m journal=./one/;      #! is the journal of the zone "one" already; give each zone one of its own
    edgerun_job_zone   zone=one:4m;                     #! there is an edgerun_quota_zone "one" already; give this zone another name
    edgerun_job_zone   zone=jobs:4m journal=jobs;
    edgerun_job_zone   zone=more:4m journal=one;        #! is the journal of the zone "one" already
    edgerun_quota_zone zone=jobs:4m;                    #! there is an edgerun_job_zone "jobs" already; give this zone another name
    edgerun_quota_zone zone=three:1m journal=jobs;      #! is the journal of the zone "jobs" already
END
rmdir $t->dir . "/$_" for qw(one jobs);

problems_are($t, 'places', <<'END');
    server {
        listen 127.0.0.1:%%PORT_0%%;
        location / { }
    }
    edgerun_quota_zone;                                 #! invalid number of arguments in "edgerun_quota_zone" directive
END

# ------------------------------------------------------------------ directory

sub write_zone {
    my ($zone, %options) = @_;
    my $conf = quota_conf(['limit=1000 period=month'], %options);
    $conf =~ s/edgerun_quota_zone [^;]*/edgerun_quota_zone $zone/;
    $t->write_conf($conf, main => $options{main} // 'thread_pool edgerun_journal threads=1;');
    return;
}

sub files { return join ' ', map { m{([^/]+)$} } sort glob "$directory/*" }

sub used { return (use_of($t) // { used => 'nothing' })->{used} }

write_zone('zone=quotas:1m journal=quotas');
my ($exit, $output) = $t->test_config;
is $exit, 0, 'nginx -t accepts a journal' or diag $output;
unlike $output, qr/\[warn\]/, 'without a warning';
is files(), '', 'and leaves nothing in its directory';

rmdir $directory;
$t->run;
my ($mode, $uid) = (stat $directory)[2, 4];
is $mode & 07777, 0700, 'NGINX makes the directory';
is $uid, (stat '/proc/' . ($t->worker_pids)[0])[4], '... for its workers';
run_job($t, 'Hello.');
is used(), 1, 'a job is counted';
ok wait_until { files() eq 'counters.00000001.quota lock' }, 'in a file';
is join(' ', grep { (stat)[2] & 077 } glob "$directory/*"), '', '... that is not open to others';

my $before = files();
($exit) = $t->test_config;
is "$exit " . files(), "0 $before", 'nginx -t beside the running server changes nothing';

# --------------------------------------------------------------------- reload

ok $t->reload, 'a reload';
is used(), 1, '... keeps the counters';
write_zone('zone=quotas:1m journal=quotas', main => '');
ok $t->reload, q(a reload with NGINX's own thread pool);
run_job($t, 'Hello.');
is used(), 2, '... too';

sub is_refused {
    my ($zone, $why, $words) = @_;
    write_zone($zone);
    my $from = length $t->error_log;
    ok !$t->reload, "a reload is refused: $why";
    like substr($t->error_log, $from), qr/edgerun_quota_zone "quotas" exists $words, restart NGINX or give the zone a new name/,
        '... and says what to do';
    run_job($t, 'Hello.');
    return;
}
my $CHANGE = 'with another journal; to change that';
is_refused('zone=quotas:2m journal=quotas', 'another size', 'with 1048576 bytes; to change its size');
is_refused('zone=quotas:1m journal=other', 'another journal', $CHANGE);
is_refused('zone=quotas:1m', 'without its journal', $CHANGE);
is used(), 5, '... and all are counted';

write_zone('zone=quotas:2m journal=quotas');
$t->stop;
$t->run;
is used(), 5, 'a restart may change its size';
$t->stop;

write_zone('zone=quotas:1m');
$t->run;
is used(), 0, '... or take its journal away';
is_refused('zone=quotas:1m journal=quotas', 'a journal for a zone without one', 'without a journal; to change that');
write_zone('zone=quotas:1m journal=quotas');
$t->stop;
$t->run;
is used(), 5, '... and give it back';

# Memory of the same name and size, of another kind.
sub rename_zones {
    my ($jobs, $quotas) = @_;
    my $conf = quota_conf(['limit=1000 period=month'], zone => "zone=$jobs:1m max_answer=16k");
    $conf =~ s/edgerun_quota_zone [^;]*/edgerun_quota_zone zone=$quotas:1m/;
    $conf =~ s/edgerun_quota zone=quotas/edgerun_quota zone=$quotas/g;
    $conf =~ s/edgerun_jobs zone=jobs/edgerun_jobs zone=$jobs/g;
    $t->write_conf($conf);
    return;
}
$t->stop;
rename_zones('a', 'b');
$t->run;
run_job($t, 'Hello.');
rename_zones('b', 'a');
ok $t->reload, 'a job zone may become a quota zone, and a quota zone a job zone';
run_job($t, 'Hello.');
is used(), 1, '... which begin anew';
$t->stop;

# ------------------------------------------------------- what cannot be used

write_zone('zone=quotas:1m journal=nginx.conf');
($exit, $output) = $t->test_config;
is $exit, 1, 'nginx -t refuses a journal that is a file';
like $output, qr/"journal" cannot be used: "[^"]*nginx\.conf": Not a directory/, 'and names it';

write_zone('zone=quotas:1m journal=quotas');
unlink glob "$directory/*.quota";
mkdir "$directory/counters.00000009.quota";
($exit, $output) = Edgerun::Process::capture($t->_environment, $t->_command('nginx.conf'));
isnt $exit, 0, 'NGINX does not start with what it cannot read';
like "$output" . $t->error_log, qr/edgerun_quota_zone "quotas" cannot be set up: .*counters\.00000009\.quota/, 'and names it';

done_testing;
