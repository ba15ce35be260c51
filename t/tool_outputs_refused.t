#!/usr/bin/env perl
# Outputs of the client's tools are taken when they are exactly those that the job
# waits for. Anything else is refused, and changes nothing.
use FindBin;
use lib "$FindBin::Bin/lib";
use Edgerun::Test;
use Edgerun::Dialects;
use Edgerun::Jobs;

my $t = Edgerun::Test->new;
$t->start_emulator(duration => 50);
$t->write_conf(jobs_conf(location => 'client_max_body_size 2m;'));
$t->run;

my $token = $t->token({ sub => 'alice' });

sub give {
    my ($job, $body, %options) = @_;
    return $t->post("/jobs/$job->{id}/tool_outputs", json => $body, token => $token, %options);
}

sub outputs {
    my (@outputs) = @_;
    return { toolOutputs => [ map { { toolCallId => $_->[0], output => $_->[1] } } @outputs ] };
}

my $job = run_job($t, 'Look. [[tools=lookup,convert]]', until => qr/^REQUIRES_ACTION$/);
my ($lookup, $convert) = map { $_->{id} } @{ $job->{requiredAction}{toolCalls} };
ok $lookup && $convert, 'a job that waits shows the calls';

my @bad = (
    ['not an object',               []],
    ['no outputs',                  {}],
    ['another member',              { toolOutputs => outputs([$lookup, 'a'])->{toolOutputs}, more => 1 }],
    ['outputs that are no array',   { toolOutputs => {} }],
    ['an empty array',              { toolOutputs => [] }],
    ['an output that is no object', { toolOutputs => ['a'] }],
    ['an output without an id',     { toolOutputs => [ { output => 'a' } ] }],
    ['an id without an output',     { toolOutputs => [ { toolCallId => $lookup } ] }],
    ['an output that is no string', { toolOutputs => [ { toolCallId => $lookup, output => { a => 1 } } ] }],
    ['an id that is no string',     { toolOutputs => [ { toolCallId => 1, output => 'a' } ] }],
    ['what cannot be an id',        outputs(['../x', 'a'])],
    ['an unknown member',           { toolOutputs => [ { toolCallId => $lookup, output => 'a', error => 'b' } ] }],
    ['an id twice',                 outputs([$lookup, 'a'], [$lookup, 'b'])],
    ['129 outputs',                 outputs(map { ["call_$_", 'a'] } 1 .. 129)],
    ['more than 256 KiB',           outputs([$lookup, 'x' x 262_145], [$convert, 'a'])],
);
for (@bad) {
    my ($what, $body) = @$_;
    my $answer = give($job, $body);
    is $answer->{status}, 400, "$what: 400";
    is $answer->{json}{error}, 'BadRequest', 'as JSON';
}
is $t->post("/jobs/$job->{id}/tool_outputs", body => '{"toolOutputs":', token => $token,
    headers => [ 'Content-Type' => 'application/json' ])->{status}, 400, 'what is not JSON: 400';
is $t->post("/jobs/$job->{id}/tool_outputs", body => 'a', token => $token,
    headers => [ 'Content-Type' => 'text/plain' ])->{status}, 415, 'another type: 415';
is give($job, outputs([$lookup, 'x' x 2_100_000]))->{status}, 413, 'above client_max_body_size: 413';

my $get = $t->get("/jobs/$job->{id}/tool_outputs", token => $token);
is $get->{status}, 405, 'there is nothing to read';
is $get->{headers}{allow}, 'POST', 'as Allow says';

my @misfits = (
    ['one of two',            outputs([$lookup, 'a'])],
    ['one too many',          outputs([$lookup, 'a'], [$convert, 'b'], ['call_other', 'c'])],
    ['those of another call', outputs([$lookup, 'a'], ['call_other', 'b'])],
);
for (@misfits) {
    my ($what, $body) = @$_;
    my $answer = give($job, $body);
    is $answer->{status}, 409, "$what: 409";
    is $answer->{json}{message}, 'the job does not wait for these outputs', 'as the message says';
}

my $eve = $t->token({ sub => 'eve' });
is give($job, outputs([$lookup, 'a'], [$convert, 'b']), token => $eve)->{status}, 404,
    'another user has no such job';
is $t->post('/jobs/AaH8xcyhdo2SnHgYsC4BEIORquS1/tool_outputs', token => $token, json => outputs(['a', 'b']))->{status},
    404, 'nor is there one with an id that was made up';

is_deeply job_of($t, $job)->{requiredAction}, $job->{requiredAction}, 'the job waits as before';
is_deeply outputs_sent($t), {}, 'and the provider has heard of nothing';

my $taken = give($job, outputs([$convert, "\x{20ac} 7"], [$lookup, '']));
is $taken->{status}, 200, 'the right ones are taken, in any order';
is $taken->{json}{id}, $job->{id}, 'the answer is the job';
ok !$taken->{json}{requiredAction}, 'which waits no more';
cmp_ok $taken->{json}{version}, '>', $job->{version}, 'as its version tells';
is $taken->{headers}{'content-location'}, "/jobs/$job->{id}", 'and says where it is';
like give($job, outputs([$convert, 'a'], [$lookup, 'b']))->{status}, qr/^409$/, 'they are taken once';

my ($done) = finish($t, [$job]);
is $done->{status}, 'COMPLETED', 'the job goes on with them';
is give($job, outputs([$convert, 'a'], [$lookup, 'b']))->{status}, 409, 'a final one takes none';
is_deeply outputs_sent($t), { $lookup => '', $convert => "\x{20ac} 7" }, 'the provider has each output, an empty one too';

done_testing;
