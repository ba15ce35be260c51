#!/usr/bin/env perl
# An edgerun_assistant without an id is created at the provider once for all workers, found
# again after a restart, and updated when its definition changes.
use FindBin;
use lib "$FindBin::Bin/lib";
use Edgerun::Test;
use Edgerun::Dialects qw(assistants);
use Edgerun::Jobs;
use Edgerun::Tools;

use JSON::PP;

my $t = Edgerun::Test->new;
$t->start_emulator(duration => 50, delay => 50);
my $emulator = $t->emulator;

# configure(DIRECTIVES of "helper", OPTIONS of tools_conf()).
sub configure {
    my ($directives, %options) = @_;
    my %provider = (run_timeout => '5m', %{ delete $options{provider} // {} });
    $t->write_conf(tools_conf($directives, provider => \%provider, zone => 'zone=jobs:16m journal=%%TESTDIR%%/journal sync=off',
        jobs => 'assistant=$wanted', server => 'set $wanted helper; if ($arg_a) { set $wanted $arg_a; }', %options));
    return;
}

# upstream(): what the provider has, oldest first.
sub upstream {
    my $answer = Edgerun::Http->new($emulator->port)->request(
        'GET', '/v1/assistants?order=asc&limit=100', close => 1, token => 'sk-emulator',
        headers => [ 'OpenAI-Beta' => 'assistants=v2' ],
    );
    return grep { $_->{id} ne 'asst_demo' } @{ $answer->{json}{data} };
}

sub count { my ($call) = @_; return scalar @{ $emulator->log(call => $call) } }

# The assistants of the runs of these jobs.
sub used_by {
    my %wanted = map { $_->{id} => 1 } @_;
    my %used;
    for my $entry (@{ $emulator->log(call => 'create_run') }) {
        my $body = JSON::PP->new->decode($entry->{body});
        $used{ $body->{assistant_id} } = 1 if $wanted{ $body->{metadata}{edgerun_job} };
    }
    return sort keys %used;
}

my @definition = (
    'instructions "You help."', 'temperature 0.5', 'tool code_interpreter', 'tool file_search vector_store=vs_1',
    'response_format json_schema answer.json',
);
$t->write_file('answer.json', '{"name": "answer", "schema": {"type": "object", "properties": {}}, "strict": false}');
configure([ @definition, function_tool($t, 'pick') ]);
$t->run;

# --- once, though many jobs want it at the same time in two workers
wait_until { $t->get('/jobs', token => Edgerun::Jobs::token_of($t, 'alice'))->{status} == 200 };    # until the journal has been read
my @answers = map { submit($t, "Question $_.") } 1 .. 50;
my @jobs = finish($t, \@answers);
is scalar(grep { $_->{status} ne 'COMPLETED' } @jobs), 0, '50 jobs of a new assistant complete'
    or diag join ', ', map { error_of($_) } @jobs;
is count('create_assistant'), 1, 'it is created once';
my ($made, @more) = upstream();
is scalar @more, 0, 'and is there once';
is_deeply [ used_by(@jobs) ], [ $made->{id} ], 'all jobs have it';
is $made->{name}, 'helper', 'it has its name';
is $made->{model}, 'gpt-4o', 'model';
is $made->{instructions}, 'You help.', 'instructions';
is $made->{temperature}, 0.5, 'temperature';
is $made->{response_format}{json_schema}{name}, 'answer', 'response format';
is_deeply [ map { $_->{type} } @{ $made->{tools} } ], [qw(code_interpreter file_search function)], 'tools';
is_deeply $made->{tool_resources}{file_search}{vector_store_ids}, ['vs_1'], 'and what these work with';
my %run = %{ JSON::PP->new->decode($emulator->log(call => 'create_run')->[0]{body}) };
is_deeply [ grep { exists $run{$_} } qw(model instructions tools temperature response_format) ], [],
    'so a run says none of this again';

my $job = run_job($t, 'Once more.');
is count('create_assistant') . count('update_assistant'), '10', 'a job later, it is known';

# --- found again
my @trouble = (
    [ 'a reload',  sub { $t->reload } ],
    [ 'a restart', sub { $t->stop; $t->run } ],
    [ 'kill -9',   sub { $t->kill_all; $t->run } ],
);
for (@trouble) {
    my ($what, $do) = @$_;
    $do->();
    wait_until { my $got = submit($t, 'Ready?'); $got->{status} == 202 };
    $job = run_job($t, 'And now?');
    is $job->{status}, 'COMPLETED', "after $what a job completes" or diag error_of($job);
    is_deeply [ used_by($job) ], [ $made->{id} ], "after $what it has the same assistant";
    is count('create_assistant') . count('update_assistant'), '10', "after $what it is found, not made";
}

# --- among many others
my @others;
for my $i (1 .. 130) {
    my $answer = Edgerun::Http->new($emulator->port)->request(
        'POST', '/v1/assistants', close => 1, token => 'sk-emulator', headers => [ 'OpenAI-Beta' => 'assistants=v2' ],
        json => { model => 'gpt-4o', name => "helper", metadata => { edgerun_assistant => "other $i" } },
    );
    push @others, $answer->{json}{id};
}
$t->stop;
$t->run;
wait_until { my $got = submit($t, 'Ready?'); $got->{status} == 202 };
$job = run_job($t, 'Among many?');
is_deeply [ used_by($job) ], [ $made->{id} ], 'it is found among 130 others';

# --- updated
configure([ 'instructions "You help more."', function_tool($t, 'pick') ]);
$t->reload;
@jobs = finish($t, [ map { submit($t, "Question $_.") } 1 .. 20 ]);
is scalar(grep { $_->{status} ne 'COMPLETED' } @jobs), 0, 'jobs of a changed assistant complete'
    or diag join ', ', map { error_of($_) } @jobs;
is_deeply [ used_by(@jobs) ], [ $made->{id} ], 'they have the same one';
is count('update_assistant'), 1, 'which is updated, once';
my ($changed) = grep { $_->{id} eq $made->{id} } upstream();
is $changed->{instructions}, 'You help more.', 'to what it is now';
is_deeply [ map { $_->{type} } @{ $changed->{tools} } ], ['function'], 'without what it is no more';
isnt $changed->{temperature}, 0.5, 'such as the temperature';

configure([ 'instructions "You help more."', function_tool($t, 'pick') ], provider => { model => 'gpt-4.1' });
$t->reload;
run_job($t, 'And now?');
is((grep { $_->{id} eq $made->{id} } upstream())[0]{model}, 'gpt-4.1', 'the model of its provider is part of it');

# --- deleted upstream
my $gone = Edgerun::Http->new($emulator->port)->request(
    'DELETE', "/v1/assistants/$made->{id}", close => 1, token => 'sk-emulator',
    headers => [ 'OpenAI-Beta' => 'assistants=v2' ],
);
is $gone->{status}, 200, 'somebody deletes it upstream';
my $created = count('create_assistant');
@jobs = finish($t, [ map { submit($t, "Question $_.") } 1 .. 20 ]);
is scalar(grep { $_->{status} ne 'COMPLETED' } @jobs), 0, 'jobs complete all the same'
    or diag join ', ', map { error_of($_) } @jobs;
is count('create_assistant') - $created, 1, 'with one that is made anew, once';

# --- two, one with an id; and who fails
$created = count('create_assistant');
configure(
    [ 'instructions "You help more."', function_tool($t, 'pick') ],
    provider => { model => 'gpt-4.1' },
    http => assistant_block('second', 'instructions "Second."') . assistant_block('known', 'id asst_demo')
        . assistant_block('asked', 'instructions "Asked for."', function_tool($t, 'nowhere')),
);
$t->reload;
my ($second, $known) = map { run_job($t, 'Which?', path => "/jobs?a=$_") } qw(second known);
is_deeply [ used_by($known) ], ['asst_demo'], 'one with an id is taken as it is';
is count('create_assistant') - $created, 1, 'the other is made';
isnt((used_by($second))[0], (used_by(run_job($t, 'Which?')))[0], 'and is another one than the first');
is submit($t, 'Which?', path => '/jobs?a=third')->{status}, 404, 'an unknown name is no assistant';

$emulator->fault({ on => 'create_assistant', action => 'status', status => 400, times => 1 });
$job = run_job($t, 'Refused?', path => '/jobs?a=asked');
like error_of($job), qr/^502 ProviderError: could not create the assistant/,
    'one that the provider refuses fails its job';
$emulator->fault({ on => 'create_assistant', action => 'status', status => 503, times => 1 });
$job = run_job($t, 'Later?', path => '/jobs?a=asked');
is $job->{status}, 'COMPLETED', 'a provider that is busy is asked again' or diag error_of($job);
my @refused = grep { ($_->{status} // 0) >= 400 && !$_->{fault} && $_->{status} != 404 } @{ $emulator->log };
is join(' ', map { "$_->{call} $_->{status}" } @refused), '', 'the provider refused nothing else';
done_testing;
