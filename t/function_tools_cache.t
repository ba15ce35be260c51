#!/usr/bin/env perl
# cache=TIME: equal calls of one user are made once, in each worker.
use FindBin;
use lib "$FindBin::Bin/lib";
use Edgerun::Test;
use Edgerun::Dialects;
use Edgerun::Jobs;
use Edgerun::Tools;

my $t = Edgerun::Test->new(workers => 1);
$t->start_emulator(duration => 50);
my $url = sub { 'uri=' . $t->emulator->tool_url($_[0]) . ' timeout=60s' };
$t->write_conf(tools_conf([
    function_tool($t, 'kept',  $url->('kept') . ' cache=10m retries=0'),
    function_tool($t, 'brief', $url->('brief') . ' cache=1s'),
    function_tool($t, 'fresh', $url->('fresh')),
], provider => { run_timeout => '5m' }, zone => 'zone=jobs:64m', jobs => 'assistant=$helper',
    server => 'set $helper helper; if ($arg_other) { set $helper other; }',
    http => assistant_block('other', function_tool($t, 'kept', $url->('kept') . ' cache=10m'))));
$t->run;

# calls_made(WHAT): of the tool, by a job that completes.
sub calls_made {
    my ($tool, $arguments, %options) = @_;
    my $before = () = tool_calls($t);
    my $job = run_job($t, question('Ask.', [$tool], arguments => $arguments), %options);
    is $job->{status}, 'COMPLETED', 'the job completes' or diag error_of($job);
    my $after = () = tool_calls($t);
    return $after - $before;
}

is calls_made('kept', '{"a":1,"b":{"c":[1,2],"d":"x"}}'), 1, 'a first call is made';
is calls_made('kept', '{"a":1,"b":{"c":[1,2],"d":"x"}}'), 0, 'an equal one is not';
is calls_made('kept', '{ "b": {"d":"\u0078", "c":[1, 2]}, "a": 1 }'), 0, 'nor one that only is written another way';
my @told = values %{ outputs_told($t) };
is scalar @told, 3, 'the model is told each time';
is $told[$_], $told[0], 'the same' for 1, 2;

is calls_made('kept', '{"a":2,"b":{"c":[1,2],"d":"x"}}'), 1, 'other arguments: a call';
is calls_made('kept', '{"a":1,"b":{"c":[2,1],"d":"x"}}'), 1, 'another order of an array: a call';
is calls_made('kept', '{"a":"1","b":{"c":[1,2],"d":"x"}}'), 1, 'a text for a number: a call';
is calls_made('kept', '{"a":1,"b":{"c":[1,2],"d":"x"}}', user => 'bob'), 1, 'another user: a call';
is calls_made('kept', '{"a":1,"b":{"c":[1,2],"d":"x"}}', user => 'bob'), 0, 'who has their own from then on';
is calls_made('kept', '{"a":1,"b":{"c":[1,2],"d":"x"}}', path => '/jobs?other=1'), 1, 'another assistant: a call';
is calls_made('fresh', '{"a":1}'), 1, 'without cache= each call is made' for 1, 2;

is calls_made('kept', '{"status":404}'), 1, 'a failing call is made';
is calls_made('kept', '{"status":404}'), 1, 'and made again: failures are not kept';
is calls_made('kept', '{"text":""}'), 1, 'an empty output';
is calls_made('kept', '{"text":""}'), 0, 'is kept';

is calls_made('brief', '{}'), 1, 'cache=1s: a first call is made';
ok wait_until { calls_made('brief', '{}') == 1 }, 'and in time another one';

# Equal calls of one round are each made: none knows of the other's answer.
my $job = run_job($t, question('Twice.', [qw(kept kept)], arguments => { new => 1 }));
is $job->{status}, 'COMPLETED', 'equal calls in one round';

# What is kept is bounded, however much is asked.
sub much { return submit($t, question('Much.', ['kept'], arguments => { size => 256_000, i => $_[0] })) }
my (@answers, @ended);
for my $numbers ([1], [ 2 .. 69 ], [70]) {    # who is the oldest, and the latest, is certain
    my @asked = map { much($_) } @$numbers;
    push @answers, @asked;
    push @ended, finish($t, \@asked);
}
is scalar(grep { $_->{status} != 202 } @answers), 0, 'more than the cache holds is asked';
is scalar(grep { $_->{status} ne 'COMPLETED' } @ended), 0, 'and told';
is calls_made('kept', { size => 256_000, i => 70 }), 0, 'the latest is kept';
is calls_made('kept', { size => 256_000, i => 1 }),  1, 'the oldest is not';

done_testing;
