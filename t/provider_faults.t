#!/usr/bin/env perl
# Whatever goes wrong with a call, the job ends in a clear status, and its run
# is started once at most. All cases run at the same time.
use FindBin;
use lib "$FindBin::Bin/lib";
use Edgerun::Test;
use Edgerun::Dialects;
use Edgerun::Faults;
use Edgerun::Jobs;


my $no_answer  = qr/^502 ProviderError: the run ended with no answer$/;
my $no_run     = qr/^502 ProviderUnavailable: the run could not be started \(2 tries\)$/;
my $no_message = qr/^502 ProviderUnavailable: the message could not be added \(2 tries\)$/;
my $not_found  = qr/^502 StartOutcomeUnknown: could not start the run in 2 tries; the run may have been started/;
my $unknown    = qr/^502 StartOutcomeUnknown: could not start the run: no whole response .* not tried again$/;
my $timeout    = qr/^504 RunTimeout: /;

# calls     that may go wrong
# lost      calls that must not be repeated blindly are looked for when they got lost; where
#           there is nothing to look at, what the job says instead
# by_run    calls that tell of nothing but their run
# provider  so that polls come after the faults are ordered, and what hangs ends
my %DIALECTS = (
    assistants => {
        calls => [qw(add_message create_run poll_run list_messages)],
        lost  => {
            add_message => { 'done' => '', 'not done' => $no_message },
            create_run  => { 'done' => '', 'not done' => $no_run },
        },
        more  => [
            [ 'create_run: carried out late',          { action => 'late', ms => 700 }, '' ],
            [ 'create_run: answered with other ids',   { action => 'wrong_id' }, '' ],
            [ 'poll_run: answered with other ids',     { action => 'wrong_id', times => -1 }, $NONSENSE ],
            [ 'list_messages: answered with other ids', { action => 'wrong_id' }, $no_answer ],
        ],
        provider => { poll_interval => '300ms' },
    },
    responses => {
        calls  => [qw(create_response poll_response)],
        lost   => { create_response => { 'done' => '', 'not done' => $not_found } },
        by_run => { poll_response => 1 },
        # Half a response may still be found in its conversation.
        errors => { 'poll_response: 404' => '' },
        more   => [
            [ 'create_response: carried out late',        { action => 'late', ms => 700 }, '' ],
            [ 'create_response: answered with other ids', { action => 'wrong_id' }, '' ],
            [ 'poll_response: answered with other ids',   { action => 'wrong_id', times => -1 }, $NONSENSE ],
        ],
        provider => { poll_interval => '8s' },
    },
    chat => {
        calls  => [qw(create_completion)],
        # An answer of any status ends the call, and with it the run.
        errors => {
            map({ ("create_completion: $_" => $unknown) } 'cut_before', 'cut_before reset', 'cut_after',
                'cut_mid_body', 'cut_mid_body chunked'),
            map({ ("create_completion: $_" => $timeout) } 'hang', 'slow_body ms'),
            map({ ("create_completion: $_" => $NONSENSE) } 'garbage', 'garbage body', 'html'),
        },
        more => [
            [ 'create_completion: carried out late',        { action => 'late', ms => 700 }, $unknown ],
            [ 'create_completion: answered with other ids', { action => 'wrong_id' }, '' ],
        ],
        provider => { run_timeout => '15s' },
    },
);
my %dialect = %{ $DIALECTS{ dialect() } };

my $t = Edgerun::Test->new;
$t->start_emulator(duration => 400);
my $emulator = $t->emulator;
$t->write_conf(
    jobs_conf(
        provider => {
            request_timeout => '8s',
            run_timeout     => '100s',
            retries         => 1,
            max_response    => '64k',
            max_fails       => 0,
            keep_threads    => 'on',
            %{ $dialect{provider} },
        }
    )
);
$t->run;

sub expected {
    my ($name, $call, $row, $forGood) = @_;
    return $dialect{errors}{$name} if exists $dialect{errors}{$name};
    if ($dialect{lost}{$call} && $row->{lost}) {
        return $forGood ? $dialect{lost}{$call}{ $row->{lost} } : '';
    }
    return $forGood || $row->{once} ? $row->{error} : '';
}

my @cases;
for my $call (@{ $dialect{calls} }) {
    for my $row (@FAULTS) {
        for my $forGood (0, 1) {
            my $name = "$call: $row->{name}";
            push @cases,
                {
                name  => $name . ($forGood ? ' each time' : ' once'),
                call  => $call,
                fault => { %{ $row->{fault} }, times => $forGood ? -1 : 1 },
                error => expected($name, $call, $row, $forGood),
                };
        }
    }
}
for (@{ $dialect{more} }) {
    my ($name, $fault, $error) = @$_;
    push @cases, { name => $name, call => $name =~ s/:.*//r, fault => $fault, error => $error };
}

# A fault finds its job by the text or the metadata; where a call has neither, by the thread,
# which is known when it is an earlier job's, or by the run. Half of the jobs have a thread of
# their own, where they can.
my $connection = $t->connect;
my @earlier = finish($t, [ map { submit($t, 'Hello. [[duration=1]]', on => $connection) } @cases ]);
my @answers;
for my $i (0 .. $#cases) {
    my $call = $cases[$i]{call};
    my $has_text = $call eq call('query') || $call eq call('start');
    my $is_fresh = $has_text && $i % 4 < 2;
    fault($i, match => $has_text ? "<case $i>" : $earlier[$i]{threadId}) if !$dialect{by_run}{$call};
    push @answers,
        submit(
        $t, "Well? <case $i>",
        metadata => { case => "<case $i>" },
        on       => $connection,
        $is_fresh ? () : (threadId => $earlier[$i]{threadId})
        );
    # At once: its first poll must not come before.
    fault($i, match => wait_until { job_of($t, $answers[-1], on => $connection)->{runId} })
        if $dialect{by_run}{$call};
}
my @jobs = finish($t, \@answers);
my @runs = run_counts($t, @jobs);

sub fault {
    my ($i, @match) = @_;
    $emulator->fault({ on => $cases[$i]{call}, @match, %{ $cases[$i]{fault} } });
    return;
}

for my $i (0 .. $#cases) {
    my ($case, $job) = ($cases[$i], $jobs[$i]);
    if (!$case->{error}) {
        is "$job->{status} " . error_of($job) . " $runs[$i]", 'COMPLETED  1', "$case->{name}: goes well";
        next;
    }
    is $job->{status}, 'FAILED', "$case->{name}: fails";
    like error_of($job), $case->{error}, "$case->{name}: says why";
    cmp_ok $runs[$i], '<=', 1, "$case->{name}: without a second run";
}

ok wait_until { !grep { $_->{status} =~ /queued|in_progress|cancelling/ } @{ $emulator->runs } },
    'no run is left behind';

done_testing;
