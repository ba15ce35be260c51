#!/usr/bin/env perl
# With a journal, running jobs that do not fit a smaller zone stay in the journal:
# nobody is told that they are unknown, and a larger zone has them again.
use FindBin;
use lib "$FindBin::Bin/lib";
use Edgerun::Test;
use Edgerun::Jobs;
use List::Util qw(uniq);

my $t = Edgerun::Test->new(workers => 2);
$t->start_emulator(duration => 600_000);    # until they are to end: of those that have, some may be gone

sub start_with {
    my ($zone) = @_;
    $t->write_conf(
        jobs_conf(
            provider => { poll_interval => '200ms', run_timeout => '600s' },
            zone     => "$zone journal=%%TESTDIR%%/journal",
        )
    );
    $t->run;
    return;
}

sub poll {
    my ($answer) = @_;
    return $t->get($answer->{headers}{location} =~ s{^https?://[^/]+}{}r, token => Edgerun::Jobs::token_of($t, 'alice'));
}

start_with('zone=jobs:4m');
wait_until { submit($t, 'Ready? [[duration=1]]')->{status} == 202 };
my $connection = $t->connect;
my @answers = map { submit($t, "Job $_" . '.' x 4000, on => $connection) } 1 .. 80;
undef $connection;
is join(' ', uniq map { $_->{status} } @answers), '202', 'jobs are running';
$t->kill_all;

$t->allow_log(qr/running jobs do not fit the zone: they stay in the journal/);
start_with('zone=jobs:256k max_answer=8k');
wait_until { grep { poll($_)->{status} == 200 } @answers };
my @polls = map { poll($_) } @answers;
my @missing = grep { $_->{status} != 200 } @polls;
cmp_ok scalar(@missing), '>', 10, 'a much smaller zone does not take all';
is join(' ', uniq map { $_->{status} } @missing), '503', 'whose poll says that they are not there yet';
is scalar(grep { !$_->{headers}{'retry-after'} } @missing), 0, 'with Retry-After';
my $again = $t->get("/jobs/$answers[0]{json}{id}x", token => Edgerun::Jobs::token_of($t, 'alice'));
is $again->{status}, 404, 'an invented id is unknown';
like $t->error_log, qr/running jobs do not fit the zone/, 'error.log says how many';

$t->stop;

start_with('zone=jobs:4m');
wait_until { submit($t, 'Ready? [[duration=1]]')->{status} == 202 };
$t->emulator->settings({ duration => 1 });
$t->emulator->finish;
my @jobs = finish($t, \@answers);
is join(' ', uniq map { $_->{status} . error_of($_) } @jobs), 'COMPLETED', 'in a large zone all complete';
my %runs;
$runs{ $_->{job} }++ for @{ $t->emulator->runs };
is join(' ', uniq map { $runs{ $_->{id} } // 0 } @jobs), '1', 'each by one run';

done_testing;
