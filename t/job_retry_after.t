#!/usr/bin/env perl
# Retry-After: how long a client should wait before it asks again. It grows with
# the age of the job.
use FindBin;
use lib "$FindBin::Bin/lib";
use Edgerun::Test;
use Edgerun::Jobs;
use Edgerun::Process;

my $t = Edgerun::Test->new;
$t->start_emulator;
$t->write_conf(jobs_conf(provider => { run_timeout => '5m' }));
$t->run;

my %alice = (token => $t->token({ sub => 'alice' }));
my $answer = submit($t, '[[duration=60000]] long');
my $url = $answer->{headers}{location};
sub advice { return $t->get($url, %alice, @_)->{headers}{'retry-after'} }

is $answer->{headers}{'retry-after'}, 1, 'a job that was just accepted may be asked for soon';
is advice(), 1, 'as its URL says';
my ($etag, @key) = ($t->get($url, %alice)->{headers}{etag});
wait_until { advice() == 2 };
is advice(), 2, 'after ten seconds less often';
is advice(headers => [ 'If-None-Match' => '*' ]), 2, 'also where nothing is new';
is advice(headers => [ Prefer => 'wait=1' ]), 2, 'also after a wait';
is submit($t, 'young')->{headers}{'retry-after'}, 1, 'another job has its own age';
$t->post("$url/cancel", %alice);
is advice(), undef, 'a final one need not be asked for again';

done_testing;
