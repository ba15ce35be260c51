#!/usr/bin/env perl
# The start of a response gets lost, before or after it was carried out, or is carried out
# late: it is looked for in its conversation, and each job has exactly one response. Where there
# is no conversation nobody can tell, and none is asked for again.
use FindBin;
use lib "$FindBin::Bin/lib";
use Edgerun::Test;
use Edgerun::Dialects qw(responses);
use Edgerun::Jobs;

my $auth = 'edgerun_auth_jwt "jobs"; edgerun_auth_jwt_secret env:EDGERUN_JWT_SECRET;';
my %main = (keep_threads => 'on', retries => 1, run_timeout => '5m', max_fails => 0);
my $t = Edgerun::Test->new;
$t->start_emulator(duration => 300);
my $emulator = $t->emulator;
$t->write_conf(
    jobs_conf(
        provider => \%main,
        http     => Edgerun::Jobs::provider_block(
            lone => {
                %main,
                %{ dialect('provider') },
                base_url      => '%%EMULATOR%%',
                api_key       => 'env:OPENAI_API_KEY',
                poll_interval => '100ms',
                conversations => 'off',
            }
        ),
        server => "location /lone { $auth edgerun_jobs zone=jobs provider=lone; }"
    )
);
$t->run;
my %alice = (token => Edgerun::Jobs::token_of($t, 'alice'));

my $number = 0;

# A job whose start meets the fault: what is known of it, to be judged by judge().
sub begin {
    my ($name, $fault, $expected, %options) = @_;
    my $text = 'Question ' . ++$number . '.';
    $emulator->fault({ on => 'create_response', match => $text, %$fault });
    my $query = "$text " . ($options{more} // '');
    return {
        name     => $name,
        expected => $expected,
        answer   => submit($t, $query, map { $_ => $options{$_} } grep { $options{$_} } qw(path threadId)),
    };
}

sub end_of {
    my ($job) = @_;
    return join ' ', $job->{status}, $job->{error}{error} // (), scalar runs_of($t, $job);
}

sub judge {
    my (@cases) = @_;
    for my $case (@cases) {
        my $last = $t->wait_for_job($case->{answer}{headers}{location}, %alice)->{json};
        is end_of($last), $case->{expected}, $case->{name};
    }
    return;
}

my %before = (action => 'cut_before');
my %after  = (action => 'cut_after');
my %late   = (action => 'late', ms => 700);
my $one    = 'COMPLETED 1';
my $long   = '[[duration=4000]]';
my $earlier = run_job($t, 'Say it. [[answer=Earlier.]]')->{threadId};
my @threads = map { run_job($t, 'Say it. [[answer=Earlier.]]')->{threadId} } 1 .. 3;

judge(
    begin('not carried out',        \%before, $one),
    begin('carried out',            \%after,  $one),
    begin('carried out late',       \%late,   $one),
    begin('answered half',          { action => 'cut_mid_body' }, $one),
    begin('carried out, and long',  \%after, $one, more => $long),
    begin('carried out late, and long', \%late, $one, more => $long),
    begin('not carried out, in a thread',  \%before, $one, threadId => $threads[0]),
    begin('carried out, in a thread',      \%after,  $one, threadId => $threads[1]),
    begin('carried out late, in a thread, and long', \%late, $one, threadId => $threads[2], more => $long),
    begin('never carried out',      { %before, times => -1 }, 'FAILED StartOutcomeUnknown 0'),
    begin('no conversation, not carried out',  \%before, 'FAILED StartOutcomeUnknown 0', path => '/lone'),
    begin('no conversation, carried out',      \%after,  'FAILED StartOutcomeUnknown 1', path => '/lone'),
    begin('no conversation, refused',          { action => 'status', status => 429 }, $one, path => '/lone'),
);

# ------------------------------------------------------------- the same words

# The last job of the thread asked the same: its message is not this job's.
for my $case ([ 'not carried out', \%before ], [ 'carried out', \%after ], [ 'carried out late', \%late ]) {
    my ($name, $fault) = @$case;
    $emulator->fault({ on => 'create_response', match => $earlier, %$fault });
    my $job = run_job($t, 'Say it. [[answer=Earlier.]]', threadId => $earlier);
    is end_of($job), $one, "the same words once more: $name";
}
is scalar(grep { $_->{thread} eq $earlier } @{ $emulator->runs }), 4, 'each time is a response of its own';

# -------------------------------------------------------------- tool outputs

for my $case ([ 'not carried out', \%before ], [ 'carried out', \%after ], [ 'carried out late', \%late ],
    [ 'carried out, and long', \%after, 3000 ])
{
    my ($name, $fault, $duration) = @$case;
    my $text = 'Question ' . ++$number . '.';
    my $job = run_job($t, "$text [[tools=weather]] [[status=requires_action]] [[duration=" . ($duration // 300) . ']]',
        until => qr/REQUIRES_ACTION/);
    my @outputs = map { { toolCallId => $_->{id}, output => 'rain' } } @{ $job->{requiredAction}{toolCalls} };
    $emulator->fault({ on => 'create_response', match => $outputs[0]{toolCallId}, %$fault });
    my $given = $t->post("/jobs/$job->{id}/tool_outputs", %alice, json => { toolOutputs => \@outputs });
    is $given->{status}, 200, "tool outputs: $name";
    my ($ended) = finish($t, [$job]);
    is end_of($ended), 'COMPLETED 2', '... are taken once, as one more response';
}

ok wait_until { !grep { $_->{status} =~ /queued|in_progress/ } @{ $emulator->runs } }, 'no response is left behind';

done_testing;
