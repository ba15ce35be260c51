#!/usr/bin/env perl
# Servers that speak a dialect in part: without steps, without lists of runs, without
# assistants, conversations or work in background.
use FindBin;
use lib "$FindBin::Bin/lib";
use Edgerun::Test;
use Edgerun::Dialects qw(assistants responses);
use Edgerun::Jobs;
use Edgerun::Tools;

my $t = Edgerun::Test->new;
$t->start_emulator(duration => 100);
my $emulator = $t->emulator;
my $tool = 'uri=' . $emulator->tool_url('rates');
my @helper = ('instructions "You help."', function_tool($t, 'rates', $tool), function_tool($t, 'pick'));

my @former;    # threads of former variants: their jobs may ask for them late

# variant(LACKS, PROVIDER, OPTIONS): the provider's server and configuration from now on.
sub variant {
    my ($lacks, %provider) = @_;
    my $settings = delete $provider{settings} // {};
    push @former, grep { $_ } map { $_->{thread} } @{ $emulator->runs };
    $emulator->reset;
    $emulator->settings({ lacks => $lacks, %$settings });
    $t->write_conf(tools_conf(\@helper, provider => { keep_threads => '1h', %provider }));
    $t->pid ? $t->reload : $t->run;
    return;
}

# All that a job may do: an answer, tools on both sides, a thread that goes on, an end.
sub all_works {
    my ($what) = @_;
    my $job = run_job($t, 'Hello.');
    is $job->{status}, 'COMPLETED', "$what: a job completes" or diag error_of($job);
    ok length $job->{answer}, "$what: with an answer";

    my $tools = run_job($t, question('Tools.', [qw(rates pick)], rounds => 2), until => qr/^(?:REQ|COM|FAI)/);
    for my $round (1, 2) {
        is $tools->{status}, 'REQUIRES_ACTION', "$what: the client is asked, $round" or diag error_of($tools);
        my $calls = calls_of($tools);
        last if !$calls->{pick};
        give_outputs($t, $tools, { $calls->{pick} => "this $round" });
        my $version = $tools->{version};
        $tools = wait_until {
            my $now = job_of($t, $tools);
            my $next = calls_of($now)->{pick};
            ($now->{status} =~ /^(?:COM|FAI)/ || $next && $next ne $calls->{pick}) && $now;
        };
    }
    is $tools->{status}, 'COMPLETED', "$what: and the job completes" or diag error_of($tools);
    is scalar(grep { /this [12]/ } values %{ outputs_told($t) }), 2, "$what: with what the client said";

    my $next = run_job($t, 'And then?', threadId => $job->{threadId});
    is $next->{status}, 'COMPLETED', "$what: a thread goes on" or diag error_of($next);
    is $next->{threadId}, $job->{threadId}, "$what: as the same one";
    return ($job, $tools, $next);
}

# The calls that the server refused; but for runs of an assistant of another life.
sub refused {
    return join ' ', map { "$_->{call} $_->{status}" }
        grep { ($_->{status} // 0) >= 400 && $_->{call} ne 'create_run' && !is_late($_) } @{ $emulator->log };
}

sub is_late { my ($call) = @_; return scalar grep { index($call->{path}, $_) >= 0 } @former }

# Of a run by a held call the job knows no id; of another one it must.
sub cancel_works {
    my ($what, $is_held) = @_;
    my $answer = submit($t, 'Long. [[duration=60000]]');
    wait_until { my $job = job_of($t, $answer); ($is_held || $job->{runId}) && runs_of($t, $job) };
    my $path = $answer->{headers}{location};
    my $cancelled = $t->post("$path/cancel", token => $t->token({ sub => 'alice' }));
    is $cancelled->{json}{status}, 'CANCELLED', "$what: a job is cancelled";
    ok wait_until { grep { $_->{question} =~ /^Long/ && $_->{status} =~ /^cancel/ } @{ $emulator->runs } },
        "$what: at the provider, too" or diag join ' ', map { $_->{status} } @{ $emulator->runs };
    return;
}

variant([]);
all_works('all');
is refused(), '', 'all: nothing is refused';

if (dialect() eq 'assistants') {
    variant([qw(list_steps get_step)]);
    my ($job) = all_works('no steps');
    like refused(), qr/^list_steps 404/, 'no steps: they are asked for';
    variant([qw(list_steps get_step)], steps => 'off');
    all_works('steps off');
    is refused(), '', 'steps off: nobody asks';
    $job = run_job($t, 'Hello.');
    is $t->get("/jobs/$job->{id}?include=steps", token => $t->token({ sub => 'alice' }))->{status}, 200,
        'steps off: a job may be asked for them all the same';

    variant(['list_runs']);
    all_works('no lists of runs');
    $emulator->fault({ on => 'create_run', action => 'cut_after' });
    my $lost = run_job($t, 'Lost?');
    like error_of($lost), qr/^502 StartOutcomeUnknown/, 'no lists of runs: a start that may have been is not repeated';
    is scalar(runs_of($t, $lost)), 1, 'no lists of runs: there is one run';

    variant([qw(list_assistants create_assistant)]);
    my $without = run_job($t, 'Hello.');
    like error_of($without), qr/^502 ProviderError: could not (?:look for|create) the assistant/,
        'no assistants: the job says so';
    $t->write_conf(jobs_conf());
    $t->reload;
    is run_job($t, 'Hello.')->{status}, 'COMPLETED', 'no assistants: one with an id needs none of these calls';

    variant(['delete_thread'], keep_threads => 'off');
    my $undeleted = run_job($t, 'Hello.');
    is $undeleted->{status}, 'COMPLETED', 'threads cannot be deleted: a job completes all the same';
}
else {
    my @all = qw(create_conversation get_conversation update_conversation delete_conversation
        create_items list_items get_item delete_item);
    variant(\@all, conversations => 'off');
    my ($job, undef, $next) = all_works('conversations off');
    is refused(), '', 'conversations off: nobody asks for one';
    cancel_works('conversations off');
    my ($run) = runs_of($t, $next);
    is $run->{previous}, $job->{runId}, 'conversations off: a response goes on from the last one';

    variant(\@all);
    my $none = run_job($t, 'Hello.');
    like error_of($none), qr/^502 ProviderError: could not create a thread: .*404/,
        'no conversations, though not off: the job says so';

    variant([], background => 'off');
    all_works('background off');
    is refused(), '', 'background off: nothing is refused';
    is scalar(grep { $_->{background} } @{ $emulator->runs }), 0, 'background off: none runs in background';
    is scalar @{ $emulator->log(call => 'poll_response') }, 0, 'background off: nobody polls';
    cancel_works('background off', 1);

    variant(\@all, background => 'off', conversations => 'off');
    all_works('both off');
    is refused(), '', 'both off: nothing is refused';

    variant([], settings => { background => JSON::PP::false() });
    all_works('background without effect');
    is scalar @{ $emulator->log(call => 'poll_response') }, 0, 'background without effect: nobody polls';

    variant(['poll_response']);
    is run_job($t, 'Hello.')->{status}, 'COMPLETED', 'no polls: a job completes by a held call';
    variant(['poll_response'], background => 'off');
    all_works('no polls, background off');

    variant(['delete_response'], keep_threads => 'off');
    is run_job($t, 'Hello.')->{status}, 'COMPLETED', 'responses cannot be deleted: a job completes all the same';
}

done_testing;
