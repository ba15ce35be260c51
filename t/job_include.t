#!/usr/bin/env perl
# GET ...?include=steps shows what the run did; a plain GET does not.
use FindBin;
use lib "$FindBin::Bin/lib";
use Edgerun::Test;
use Edgerun::Dialects qw(assistants responses);
use Edgerun::Jobs;

my $t = Edgerun::Test->new;
$t->start_emulator(duration => 50);
$t->write_conf(jobs_conf());
$t->run;

my $token = $t->token({ sub => 'alice' });
my $job = run_job($t, 'Compute. [[code_interpreter]]');
is $job->{status}, 'COMPLETED', 'a job completes';
ok !exists $job->{steps}, 'a plain GET shows no steps';

my $with = $t->get("/jobs/$job->{id}?include=steps", token => $token);
is $with->{status}, 200, 'GET with include=steps';
is_deeply [ map { $_->{type} } @{ $with->{json}{steps} } ], [qw(code_interpreter message)], 'shows them, in order';
my %rest = %{ $with->{json} };
delete $rest{steps};
is_deeply \%rest, $job, 'beside all that a plain GET shows';

is $t->get("/jobs/$job->{id}?$_", token => $token)->{status}, 200, "$_: the same"
    for 'include=steps&include=steps', 'a=b&include=steps', 'include=%73teps';
is_deeply $t->get("/jobs/$job->{id}?other=1", token => $token)->{json}, $job, 'other arguments mean nothing';
for my $arguments ('include=answer', 'include=', 'include', 'include=steps&include=all', 'include=Steps') {
    my $answer = $t->get("/jobs/$job->{id}?$arguments", token => $token);
    is $answer->{status}, 400, "$arguments: 400";
    is $answer->{json}{message}, '"include" must be "steps"', 'as the message says';
}

my $tag = $with->{headers}{etag};
is $t->get("/jobs/$job->{id}?include=steps", token => $token, headers => [ 'If-None-Match' => $tag ])->{status}, 304,
    'a client that has them need not read them again';
is $t->get("/jobs/$job->{id}?include=steps", token => $token, headers => [ Prefer => 'wait=5' ])->{json}{steps}[0]{type},
    'code_interpreter', 'whoever waits has them too';

my $list = $t->get('/jobs?include=steps', token => $token);
is $list->{status}, 400, 'a list has none';

done_testing;
