#!/usr/bin/env perl
# Whatever goes wrong with a call, the job ends in a clear status, and its run
# is started once at most. All cases run at the same time.
use FindBin;
use lib "$FindBin::Bin/lib";
use Edgerun::Test;
use Edgerun::Faults;
use Edgerun::Jobs;

my $t = Edgerun::Test->new;
$t->start_emulator(duration => 400);
my $emulator = $t->emulator;
$t->write_conf(
    jobs_conf(
        provider => {
            poll_interval   => '300ms',
            request_timeout => '3s',
            run_timeout     => '60s',
            retries         => 1,
            max_response    => '64k',
            keep_threads    => 'on',
        }
    )
);
$t->run;

my $no_answer  = qr/^502 ProviderError: the run ended with no answer$/;
my $no_run     = qr/^502 ProviderUnavailable: the run could not be started \(2 tries\)$/;
my $no_message = qr/^502 ProviderUnavailable: the message could not be added \(2 tries\)$/;

# Calls that must not be repeated blindly are looked for when they got lost.
my %LOST = (
    add_message => { 'done' => '', 'not done' => $no_message },
    create_run  => { 'done' => '', 'not done' => $no_run },
);

sub expected {
    my ($call, $row, $forGood) = @_;
    if ($LOST{$call} && $row->{lost}) {
        return $forGood ? $LOST{$call}{ $row->{lost} } : '';
    }
    return $forGood || $row->{once} ? $row->{error} : '';
}

my @cases;
for my $call (qw(add_message create_run poll_run list_messages)) {
    for my $row (@FAULTS) {
        for my $forGood (0, 1) {
            push @cases,
                {
                name  => "$call: $row->{name} " . ($forGood ? 'each time' : 'once'),
                call  => $call,
                fault => { %{ $row->{fault} }, times => $forGood ? -1 : 1 },
                error => expected($call, $row, $forGood),
                };
        }
    }
}
push @cases,
    {
    name  => 'create_run: carried out late',
    call  => 'create_run',
    fault => { action => 'late', ms => 700 },
    error => '',
    },
    {
    name  => 'create_run: answered with other ids',
    call  => 'create_run',
    fault => { action => 'wrong_id' },
    error => '',
    },
    {
    name  => 'poll_run: answered with other ids',
    call  => 'poll_run',
    fault => { action => 'wrong_id', times => -1 },
    error => $NONSENSE,
    },
    {
    name  => 'list_messages: answered with other ids',
    call  => 'list_messages',
    fault => { action => 'wrong_id' },
    error => $no_answer,
    };

# A fault finds its job by the thread, which is known when it is an earlier
# job's. Half of the jobs that can do without have a thread of their own: there
# the text or the metadata tell.
my $connection = $t->connect;
my @earlier = finish($t, [ map { submit($t, 'Hello. [[duration=1]]', on => $connection) } @cases ]);
my @answers;
for my $i (0 .. $#cases) {
    my $case    = $cases[$i];
    my $isFresh = $case->{call} =~ /^(?:add_message|create_run)$/ && $i % 4 < 2;
    $emulator->fault({
        on    => $case->{call},
        match => $isFresh ? "<case $i>" : $earlier[$i]{threadId},
        %{ $case->{fault} }
    });
    push @answers,
        submit(
        $t, "Well? <case $i>",
        metadata => { case => "<case $i>" },
        on       => $connection,
        $isFresh ? () : (threadId => $earlier[$i]{threadId})
        );
}
my @jobs = finish($t, \@answers);
my %runs;
push @{ $runs{ $_->{job} } }, $_ for @{ $emulator->runs };

for my $case (@cases) {
    my $job  = shift @jobs;
    my $runs = @{ $runs{ $job->{id} } // [] };
    if (!$case->{error}) {
        is "$job->{status} " . error_of($job) . " $runs", 'COMPLETED  1', "$case->{name}: goes well";
        next;
    }
    is $job->{status}, 'FAILED', "$case->{name}: fails";
    like error_of($job), $case->{error}, "$case->{name}: says why";
    cmp_ok $runs, '<=', 1, "$case->{name}: without a second run";
}

ok wait_until { !grep { $_->{status} =~ /queued|in_progress|cancelling/ } @{ $emulator->runs } },
    'no run is left behind';

done_testing;
