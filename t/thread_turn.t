#!/usr/bin/env perl
# A job that waits for its turn in a thread begins when the one ahead ends, also when that ends
# in the moment between the look at the thread and the waiting.
use FindBin;
use lib "$FindBin::Bin/lib";
use Edgerun::Test;
use Edgerun::Dialects qw(responses);
use Edgerun::Jobs;
use Edgerun::Process;

my $t = Edgerun::Test->new(crashing => 1);
$t->start_emulator;
$t->write_conf(jobs_conf(provider => { keep_threads => 'on' }), main => 'env EDGERUN_CRASH_FILE;');
$t->run;
my %alice = (token => Edgerun::Jobs::token_of($t, 'alice'));

# The other worker takes the job ahead over to cancel it. (On a machine that stands still, it may
# take both.)
for my $number (1 .. 3) {
    my $ahead = submit($t, 'Ahead. [[duration=60000]]');
    my $thread = await_run($t, $ahead)->{threadId};
    $t->crash_at('stop turn_awaited');
    my $behind = submit($t, 'Behind.', threadId => $thread);
    my $worker = wait_until { (Edgerun::Process::stopped($t->worker_pids))[0] } or die "no worker stands still\n";
    is $t->post("$ahead->{headers}{location}/cancel", %alice)->{json}{status}, 'CANCELLED',
        "$number: a job ends while the next in its thread is about to wait";
    ok wait_until { (runs_of($t, $ahead->{json}))[0]{status} eq 'cancelled' }, '... upstream as well';
    kill 'CONT', $worker;
    is((finish($t, [$behind]))[0]{status}, 'COMPLETED', '... which goes on then');
}

done_testing;
