#!/usr/bin/env perl
# A job is there for its user and its location, until it expires; to all others
# it never was.
use FindBin;
use lib "$FindBin::Bin/lib";
use Edgerun::Test;
use Time::HiRes qw(time);

my $t = Edgerun::Test->new;
$t->start_emulator(duration => 50);

$t->write_conf(<<'END');
    edgerun_auth_jwt "site";
    edgerun_auth_jwt_secret env:EDGERUN_JWT_SECRET;

    edgerun_provider main {
        api assistants; base_url %%EMULATOR%%; api_key env:OPENAI_API_KEY; assistant asst_demo;
        poll_interval 100ms; run_timeout 5m;
    }
    edgerun_job_zone zone=jobs:8m ttl=10m;
    edgerun_job_zone zone=short:8m ttl=2s;

    server {
        listen 127.0.0.1:%%PORT_0%%;
        location /jobs { edgerun_jobs zone=jobs provider=main; }
        location /same { edgerun_jobs zone=jobs provider=main; }
        location /jobs/below { edgerun_jobs zone=jobs provider=main; }
        location /short { edgerun_jobs zone=short provider=main; }
        location /open { edgerun_auth_jwt off; edgerun_jobs zone=jobs provider=main; }
        location /renamed { edgerun_auth_jwt_claims user=email; edgerun_jobs zone=jobs provider=main; }
    }
    server {
        listen 127.0.0.1:%%PORT_1%%;
        location /jobs { edgerun_jobs zone=jobs provider=main; }
    }
    server {
        listen 127.0.0.1:%%PORT_2%%;
        edgerun_auth_jwt "another site";
        location /jobs { edgerun_jobs zone=jobs provider=main; }
    }
END
$t->run;

my %alice = (token => $t->token({ sub => 'alice', email => 'bob' }));
my %bob = (token => $t->token({ sub => 'bob', email => 'alice' }));

sub submit {
    my ($uri, %options) = @_;
    my $answer = $t->post($uri, %alice, %options, json => { query => 'hello' });
    $t->wait_for_job($answer->{headers}{location}, %alice, %options);
    return $answer->{json}{id};
}

my $id = submit('/jobs');
is $t->get("/jobs/$id", %alice)->{status}, 200, 'a job is there for its user';
is $t->get("/jobs/$id", token => $t->token({ sub => 'alice', role => 'other' }))->{status}, 200,
    'with any token';
is $t->get("/jobs/$id")->{status}, 401, 'nobody else is told anything';

# ------------------------------------------------------- all look the same

my $unknown = $t->get('/jobs/AAAAAAAAAAAAAAAAAAAAAAAAAAAA', %alice);
is_deeply $unknown->{json}, { error => 'NotFound', message => 'there is no such job', statusCode => 404 },
    'a job that never was is 404';
is $unknown->{headers}{'cache-control'}, 'no-store', 'which no cache keeps';

my $other = $id;
substr $other, 10, 1, substr($other, 10, 1) eq 'A' ? 'B' : 'A';
my %strangers = (
    'another user\'s job'     => [ "/jobs/$id", %bob ],
    'another location\'s job' => [ "/same/$id", %alice ],
    'a job of the location around' => [ "/jobs/below/$id", %alice ],
    'a job where the user is another claim' => [ "/renamed/$id", %alice ],
    'a namesake by another claim' => [ "/renamed/$id", %bob ],
    'a namesake of another realm' => [ "/jobs/$id", %alice, port => 2 ],
    'a job where nobody has a name' => [ "/open/$id" ],
    'an id with one character changed' => [ "/jobs/$other", %alice ],
);
for my $what (sort keys %strangers) {
    my $answer = $t->get(@{ $strangers{$what} });
    is $answer->{status}, 404, "$what is 404";
    is $answer->{body}, $unknown->{body}, '... as one that never was';
    is_deeply [ sort keys %{ $answer->{headers} } ], [ sort keys %{ $unknown->{headers} } ], '... to the headers';
}
is $t->request('HEAD', "/jobs/$id", %bob)->{status}, 404, 'HEAD tells no more';
is $t->get("/jobs/$id", %bob, headers => [ 'If-None-Match' => '*' ])->{status}, 404, 'nor does a condition';
is $t->get("/jobs/$id", %alice, port => 1)->{status}, 200,
    'the same path of another server is the same location';

for my $bad ('x', substr($id, 0, -1), "${id}A", "$id$id", 'A' x 4000, "$id.json", "$id%00", '%00' x 28, "\xff" x 28,
    '!' x 28, '=' x 28, '%20' x 28, '..', '%2e%2e', '-', '*', '%0d%0aX-A:%20b')
{
    my $shown = length $bad > 40 ? substr($bad, 0, 40) . '...' : $bad =~ s/[^ -~]/./gr;
    like $t->get("/jobs/$bad", %alice)->{status}, qr/^(?:404|400|405)$/, "no job: $shown";
}
is $t->get($_, %alice)->{status}, 404, "nothing is at $_"
    for "/jobs/$id/more", "/jobs/$id/", "/jobs//more", "/jobs/$id/steps/1", "/jobsx/$id";
is $t->get("/jobs//$id", %alice)->{status}, 200, 'slashes are merged';

# ------------------------------------------------------------------ expired

my $expired = submit('/short');
my $answer;
wait_until { $answer = $t->get("/short/$expired", %alice); $answer->{status} != 200 };
is $answer->{status}, 410, 'a job expires after its time';
is_deeply $answer->{json}, { error => 'Gone', message => 'the job has expired', statusCode => 410 }, 'as an error';
is $t->get("/short/$expired", %bob)->{body}, $unknown->{body}, 'for others it still never was';
is $t->get("/jobs/$expired", %alice)->{status}, 404, 'nor elsewhere';
is $t->request('HEAD', "/short/$expired", %alice)->{status}, 410, 'HEAD says the same';
is $t->get("/jobs/$id", %alice)->{status}, 200, 'jobs of another zone have their own time';

# A job that runs for longer than the zone keeps jobs is kept until it ends.
my $since = time;
my $long = $t->post('/short', %alice, json => { query => '[[duration=3000]] long' });
my %shown;
wait_until {
    $answer = $t->get($long->{headers}{location}, %alice);
    $shown{ $answer->{json}{status} } = 1 if $answer->{status} == 200;
    return $answer->{status} != 200;
};
cmp_ok time - $since, '>=', 3, 'a job does not expire while it runs';
is join(' ', grep { !/^(?:PENDING|RUNNING|COMPLETED)$/ } keys %shown), '', 'and ends as ever';
is $answer->{status}, 410, 'but after it';

done_testing;
