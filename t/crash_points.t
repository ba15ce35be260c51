#!/usr/bin/env perl
# Under load, a worker dies at each point where that could hurt: between the
# journal and the zone, between the zone and the call, in the midst of changing the
# zone. No accepted job is lost, no run started twice, nothing goes back.
use FindBin;
use lib "$FindBin::Bin/lib";
use Edgerun::Test;
use Edgerun::Dialects qw(assistants responses);
use Edgerun::Jobs;
use Edgerun::Process;
use Edgerun::Storm;

my $t = Edgerun::Test->new(crashing => 1);
$t->start_emulator(duration => 400, jitter => 300);
$t->write_conf(storm_conf(), main => 'env EDGERUN_CRASH_FILE;');
$t->run;
my $storm = Edgerun::Storm->new($t, shares => { submit => 20, cancel => 5, delete => 10, wait => 10 });

# What leads to a point, besides the load.
my $death   = sub { $storm->kill_worker };
my $restart = sub { $storm->kill_everything };
my %LEADS = (
    map({ $_ => $death } qw(place_filled place_vacated orphan_copied orphan_prepared journal_compacted)),
    map({ $_ => $restart } qw(journal_loaded_half orphan_restored)),
    job_released => sub { $storm->reload },
    map({ $_ => \&continue_thread } qw(thread_turn_taken turn_awaited)),
    map({ $_ => \&die_in_repair } repairs()),
);

# Where the load does not lead; unit tests do, and sanitize_aside.t. Those of quotas: quota_crash.t;
# of knowledge bases: knowledge_crash.t.
my %ELSEWHERE = map { $_ => 1 } qw(job_evicted answer_handed_over);

sub points {
    my %points;
    for my $path (glob "$Edgerun::Test::TOP/src/{store,engine,loop}/*.{h,cpp}") {
        next if $path =~ /(?:key_set|provider)_page|quota_|knowledge_|whole_file/;    # their zones are others
        $points{$_} = 1 for grep { !/^quota_/ } Edgerun::Process::slurp($path) =~ /EDGERUN_CRASH_POINT\((\w+)\)/g;
    }
    return grep { !$ELSEWHERE{$_} } sort keys %points;
}

sub repairs { return grep { /^repair_/ } points() }

# A worker dies while it changes the zone, and the next one while it repairs that.
# The master must not let the next one come before that is ordered.
sub die_in_repair {
    my ($point) = @_;
    kill 'STOP', $t->pid;
    $t->crash_at('job_unpublished');
    wait_until { $t->has_crashed };
    $t->crash_at($point);
    kill 'CONT', $t->pid;
    return;
}

# A job waits for its turn in a thread, and has it soon.
sub continue_thread {
    my $first = submit($t, 'Begin. [[duration=1500]]');
    my $thread = await_run($t, $first)->{threadId};
    submit($t, 'Go on.', threadId => $thread);
    return;
}

# With a lead, that may have to come at a better moment.
sub dies_at {
    my ($point) = @_;
    my $lead = $LEADS{$point};
    $t->crash_at($point);
    for (1 .. 5) {
        $lead->($point) if $lead;
        return 1 if wait_until { $t->has_crashed } $lead ? 5 : 30;
        last if !$lead;
        $storm->await_jobs(3);
    }
    $t->forget_crash;
    return 0;
}

$storm->start;
for my $point (points()) {
    $storm->nemesis("crash at $point", sub { ok dies_at($point), "a worker dies at $point" });
    ok wait_until { $t->worker_pids == 2 }, 'and is replaced';
    $storm->await_jobs(2);
}
$storm->stop;
$storm->keeps_promises('all promises are kept');

done_testing;
