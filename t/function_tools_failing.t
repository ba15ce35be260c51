#!/usr/bin/env perl
# A tool that fails is no end of the job: the model is told. What may pass is tried again.
use FindBin;
use lib "$FindBin::Bin/lib";
use Edgerun::Test;
use Edgerun::Dialects;
use Edgerun::Jobs;
use Edgerun::KeyServer;
use Edgerun::Ports;
use Edgerun::Tools;

use JSON::PP;

my $NO_ANSWER = '{"error":"no whole answer came from the tool"}';
my $TOO_LARGE = '{"error":"the tool\'s answer is larger than allowed"}';

# Each as a function: a fault of the emulator's endpoint, and what the model is told.
my @FAULTS = (
    [ e500     => { action => 'status', status => 500, body => 'secret' }, '{"error":"the tool answered 500"}' ],
    [ e404     => { action => 'html', status => 404 },         '{"error":"the tool answered 404"}' ],
    [ moved    => { action => 'status', status => 302, headers => { Location => '/tools/e500' } },
        '{"error":"the tool answered 302"}' ],
    [ hangs    => { action => 'hang' },                        $NO_ANSWER ],
    [ drips    => { action => 'slow_body', ms => 300, bytes => 1 }, $NO_ANSWER ],
    [ closes   => { action => 'cut_after' },                   $NO_ANSWER ],
    [ resets   => { action => 'cut_before', reset => \1 },     $NO_ANSWER ],
    [ cuts     => { action => 'cut_mid_body' },                $NO_ANSWER ],
    [ large    => { action => 'huge', bytes => 262_145 },      $TOO_LARGE ],
    [ larger   => { action => 'huge', bytes => 20_000_000 },   $TOO_LARGE ],
    [ endless  => { action => 'huge', bytes => 300_000, chunked => \1 }, $TOO_LARGE ],
    [ garbage  => { action => 'garbage' },                     '{"error":"the tool\'s answer is not UTF-8"}' ],
    [ page     => { action => 'html' },                        undef ],
);

my $t = Edgerun::Test->new;
$t->start_emulator(duration => 50);
my $nobody = Edgerun::Ports::reserve();
$t->write_conf(tools_conf(
    [
        (map { function_tool($t, $_, 'uri=' . $t->emulator->tool_url($_) . ' timeout=' . (/^(?:hangs|drips)$/ ? '2s' : '60s')) }
            map { $_->[0] } @FAULTS),
        function_tool($t, 'refuses', "uri=http://127.0.0.1:$nobody/ retries=1"),
        function_tool($t, 'latin',   'uri=http://127.0.0.1:%%PORT_0%%/latin'),
        function_tool($t, 'empty',   'uri=http://127.0.0.1:%%PORT_0%%/empty'),
        function_tool($t, 'nul',     'uri=http://127.0.0.1:%%PORT_0%%/nul'),
        function_tool($t, 'none',    'uri=http://127.0.0.1:%%PORT_0%%/none'),
    ],
    provider => { run_timeout => '5m' },
    server => <<"END"));
        location = /latin { return 200 "gr\xfc\xdfe"; }
        location = /empty { return 200 ""; }
        location = /none { return 204; }
        location = /nul { default_type application/octet-stream; alias %%TESTDIR%%/nul; error_page 405 =200 \$uri; }
END
$t->write_file('nul', "a\0b");
$t->run;
$t->emulator->fault({ on => 'tool', match => "/tools/$_->[0]", times => -1, %{ $_->[1] } }) for @FAULTS;

my %wanted = map { $_->[0] => $_->[2] } grep { defined $_->[2] } @FAULTS;
%wanted = (
    %wanted,
    refuses => '{"error":"the tool cannot be reached"}',
    latin   => '{"error":"the tool\'s answer is not UTF-8"}',
    empty   => '',
    none    => '',
    nul     => 'a b',
);
my $job = run_job($t, question('All.', [ sort keys %wanted, 'page' ]));
is $job->{status}, 'COMPLETED', 'a job completes though all its tools fail' or diag error_of($job);
my $steps = $t->get("/jobs/$job->{id}?include=steps", token => $t->token({ sub => 'alice' }))->{json}{steps};
my %output = map { $_->{name} => $_->{output} } grep { $_->{type} eq 'function' } @$steps;
my $page = delete $output{page};
is_deeply \%output, \%wanted, 'and the model is told what was wrong, no more';
ok length $page && $page !~ /"error"/, 'what is not JSON is an output like any other' or diag $page;
is_deeply [ sort values %{ outputs_told($t) } ], [ sort values %wanted, $page ],
    'the provider has each of them';

my %tries;
$tries{ $_->{path} =~ s{^/tools/}{}r }++ for @{ $t->emulator->log(call => 'tool') };
is_deeply \%tries, { map { $_->[0] => 1 } @FAULTS }, 'what failed for good is not tried again';

# --- what may pass
$t->emulator->reset;
my $url = sub { 'uri=' . $t->emulator->tool_url($_[0]) };
my $late = Edgerun::KeyServer->start($t->dir)->stop;
$late->answer(body => 'here now');
$t->write_conf(tools_conf([
    function_tool($t, 'twice', $url->('twice')),
    function_tool($t, 'once',  $url->('once') . ' retries=1'),
    function_tool($t, 'never', $url->('never') . ' retries=0'),
    function_tool($t, 'patient', $url->('patient')),
    function_tool($t, 'late', 'uri=' . $late->url . ' retries=9'),
], provider => { run_timeout => '5m' }));
$t->reload;
my $emulator = $t->emulator;

sub tries_of {
    my ($job, $tool) = @_;
    return grep { $_->{told}{jobId} eq $job->{id} && $_->{told}{tool} eq $tool } tool_calls($t);
}

sub output_of {
    my ($job, $tool) = @_;
    my $steps = $t->get("/jobs/$job->{id}?include=steps", token => $t->token({ sub => 'alice' }))->{json}{steps};
    return (map { $_->{output} } grep { ($_->{name} // '') eq $tool } @$steps)[0];
}

for my $status (429, 502, 503, 504) {
    $emulator->fault({ on => 'tool', match => '/tools/twice', action => 'status', status => $status, times => 2 });
    my $job = run_job($t, question('Again.', ['twice']));
    is $job->{status}, 'COMPLETED', "$status: the job completes";
    my @tries = tries_of($job, 'twice');
    is scalar @tries, 3, "$status: the tool is tried again, twice unless told";
    my %ids = map { $_->{told}{toolCallId} => 1 } @tries;
    is scalar keys %ids, 1, "$status: as the same call";
    like output_of($job, 'twice'), qr/"tool":"twice"/, "$status: and its answer counts";
}

$emulator->fault({ on => 'tool', action => 'status', status => 503, times => -1 });
$job = run_job($t, question('Again.', [qw(never once)]));
is $job->{status}, 'COMPLETED', 'a job whose tools are never well completes';
is output_of($job, $_), '{"error":"the tool answered 503"}', "$_: the model is told" for qw(once never);
is scalar(tries_of($job, 'once')),  2, 'retries=1: two tries';
is scalar(tries_of($job, 'never')), 1, 'retries=0: one';
$emulator->clear_faults;

$emulator->fault({ on => 'tool', action => 'status', status => 429, headers => { 'Retry-After' => '2' } });
$job = run_job($t, question('Again.', ['patient']));
my @tries = tries_of($job, 'patient');
cmp_ok $tries[1]{time_ms} - $tries[0]{time_ms}, '>=', 1_950, 'Retry-After is kept to';

# One that asks for more time than the run has.
$emulator->fault({ on => 'tool', action => 'status', status => 503, headers => { 'Retry-After' => '3600' } });
$job = run_job($t, question('Again.', ['patient']));
is $job->{status}, 'COMPLETED', 'a tool that wants an hour is not waited for';
is output_of($job, 'patient'), '{"error":"the tool answered 503"}', 'the model is told';
is scalar(tries_of($job, 'patient')), 1, 'after one try';

# An endpoint that is started a little late.
my $answer = submit($t, question('Wait.', [qw(late never)]));
wait_until { grep { $answer->{json}{id} eq $_->{told}{jobId} } tool_calls($t) };
is job_of($t, $answer)->{status}, 'RUNNING', 'nobody listens: the job waits';
$late->resume;
($job) = finish($t, [$answer]);
is output_of($job, 'late'), 'here now', 'until somebody does';
is $late->hits, 1, 'whom it asks once';

# Outputs of a round are bounded in all.
my $from = @{ $emulator->log };
$job = run_job($t, question('Much.', [qw(twice once never patient)], arguments => { size => 250_000 }));
is $job->{status}, 'COMPLETED', 'a job whose tools answer too much in all completes' or diag error_of($job);
my ($most) = sort { $b <=> $a } map { $_->{body_bytes} } @{ $emulator->log }[ $from .. $#{ $emulator->log } ];
cmp_ok $most, '>', 500_000, 'the model is told as much as is allowed';
cmp_ok $most, '<', 503_000, 'and of the rest that it was too much';

done_testing;
