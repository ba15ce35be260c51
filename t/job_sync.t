#!/usr/bin/env perl
# mode=sync: a submission is an ordinary call, answered when the job is final. A
# client that leaves cancels it.
use FindBin;
use lib "$FindBin::Bin/lib";
use Edgerun::Test;
use Edgerun::Dialects;
use Edgerun::Jobs;

my $t = Edgerun::Test->new;
$t->start_emulator(cancel => 50);
my $emulator = $t->emulator;
$t->write_conf(
    jobs_conf(
        jobs     => 'mode=sync',
        provider => { run_timeout => '5m' },
        http     => 'edgerun_provider hasty {
            %%DIALECT%% base_url %%EMULATOR%%; api_key env:OPENAI_API_KEY; poll_interval 100ms; run_timeout 3s;
        }',
        server   => 'add_header X-Job "$edgerun_job_id $edgerun_job_status $edgerun_error" always;
            location /hasty {
                edgerun_auth_jwt "jobs"; edgerun_auth_jwt_secret env:EDGERUN_JWT_SECRET;
                edgerun_jobs zone=jobs provider=hasty mode=sync;
            }
            location /openai {
                edgerun_auth_jwt "jobs"; edgerun_auth_jwt_secret env:EDGERUN_JWT_SECRET;
                edgerun_jobs zone=jobs provider=main mode=sync; edgerun_error_format openai;
            }
            location /page {
                edgerun_auth_jwt "jobs"; edgerun_auth_jwt_secret env:EDGERUN_JWT_SECRET;
                edgerun_jobs zone=jobs provider=main mode=sync; error_page 502 = @sorry;
            }
            location @sorry { return 200 "sorry: $edgerun_error"; }
            location = /connections { stub_status; }'
    )
);
$t->run;

my %alice = (token => $t->token({ sub => 'alice' }));

sub ask {
    my ($query, %options) = @_;
    my $from = delete $options{on} // $t;
    return $from->post(delete $options{uri} // '/jobs', %alice, json => { query => $query }, %options);
}
sub newest { return $t->get('/jobs?limit=1', %alice)->{json}{jobs}[0] }
sub waiting { return $t->get('/connections')->{body} =~ /Writing: (\d+)/ ? $1 - 1 : undef }

# Asks, and waits until the job runs: (connection, job).
sub ask_without_waiting {
    my ($query, %options) = @_;
    my $before = newest()->{id};
    my $connection = $t->connect;
    $connection->write(Edgerun::Http::format_request('POST', '/jobs', %alice, json => { query => $query }, %options));
    my $job;
    wait_until { $job = newest(); $job->{id} ne $before };
    return ($connection, await_run($t, $job, question => $query =~ s/\[\[.*?\]\]\s*//gr));
}

# The same, and leaves; the job's id.
sub leave {
    my ($connection, $job) = ask_without_waiting(@_);
    $connection->close;
    return $job->{id};
}

# ----------------------------------------------------------------- complete

my $answer = ask('[[duration=300]] [[answer=Forty-two.]]');
is $answer->{status}, 200, 'a call is answered when its job is final';
my $job = $answer->{json};
is $job->{status}, 'COMPLETED', 'with the job';
is $job->{answer}, 'Forty-two.', 'and its answer';
is $answer->{headers}{$_}, "/jobs/$job->{id}", "$_ tells where it is" for qw(location content-location);
is $answer->{headers}{etag}, "\"$job->{version}\"", 'ETag its version';
is $answer->{headers}{'x-job'}, "$job->{id} COMPLETED", 'as the variables do';
is $t->get("/jobs/$job->{id}", %alice)->{body}, $answer->{body}, 'GET shows the same';
is ask('[[duration=300]] [[status=incomplete]]')->{json}{incompleteReason}, dialect('reason'), 'as is an answer that ends early';

# ----------------------------------------------------------------- failures

my $fails = '[[duration=10]] [[error=invalid_prompt:Out of luck.]]';
my $failed = ask($fails);
is $failed->{status}, 502, 'a job that fails is an error';
is $failed->{json}{error}, dialect('failure'), '... by its own name';
like $failed->{json}{message}, qr/Out of luck/, '... and message';
is $failed->{json}{statusCode}, 502, '... and status';
my $url = $failed->{headers}{location};
my $shown = $t->get($url, %alice);
is_deeply $shown->{json}{error}, $failed->{json}, '... as the job shows, which is found by Location';
is $failed->{headers}{etag}, $shown->{headers}{etag}, '... with its version';
is $failed->{headers}{'x-job'}, "$shown->{json}{id} FAILED " . dialect('failure'), '... and the variables';
is $failed->{headers}{'cache-control'}, 'no-store', '... for no cache';

my $envelope = ask($fails, uri => '/openai');
is $envelope->{status}, 502, 'in another format';
is_deeply [ @{ $envelope->{json}{error} }{qw(type code)} ], [ 'server_error', dialect('failure') =~ s/\B([A-Z])/_$1/r =~ tr/A-Z/a-z/r ], '... the same is told';
my $problem = ask($fails, headers => [ Accept => 'application/problem+json' ]);
is $problem->{headers}{'content-type'}, 'application/problem+json', 'RFC 9457, if asked for';
is_deeply [ @{ $problem->{json} }{qw(title status error)} ], [ 'Bad Gateway', 502, dialect('failure') ], '... tells it as well';
is ask($fails, uri => '/page')->{body}, 'sorry: ' . dialect('failure'), 'error_page may explain';

is ask('[[duration=10]] [[status=cancelled]]')->{status}, 502, 'a run that is cancelled upstream is an error'
    if dialect('ends_as')->{cancelled};
is ask('[[duration=10]] [[status=expired]]')->{json}{error}, 'RunExpired', 'as is one that expires'
    if dialect('ends_as')->{expired};

my $timeout = ask('[[duration=60000]] too long', uri => '/hasty');
is $timeout->{status}, 504, 'a run that takes longer than run_timeout is 504';
is $timeout->{json}{error}, 'RunTimeout', '... by its name';
my $late = $t->get($timeout->{headers}{location}, %alice)->{json};
ok wait_until { !grep { $_->{status} ne 'cancelled' } runs_of($t, $late, 'too long') }, '... and cancelled at the provider';

my ($client, $mine) = ask_without_waiting('[[duration=60000]] cancelled');
$t->post("/jobs/$mine->{id}/cancel", %alice);
my $cancelled = $client->read_response;
is $cancelled->{status}, 502, 'a job that another call cancels';
is $cancelled->{json}{message}, 'the run was cancelled', '... is an error';
is $cancelled->{headers}{'x-job'}, "$mine->{id} CANCELLED RunCancelled", '... as the variables tell';
is ask('refused', json => {})->{status}, 400, 'what is refused is refused as ever';

# ----------------------------------------------------------- who leaves

my $left = leave('[[duration=60000]] left');
is $t->wait_for_job("/jobs/$left", %alice)->{json}{status}, 'CANCELLED', 'a client that leaves cancels its job';
ok wait_until { (runs_of($t, { id => $left }, 'left'))[0]{status} eq 'cancelled' }, 'at the provider, too';
ok wait_until { waiting() == 0 }, 'nothing of it is left';

my @key = (headers => [ 'Idempotency-Key' => 'again' ]);
my $keyed = leave('[[duration=60000]] with a key', @key);
wait_until { waiting() == 0 };
my $repeating = $t->connect;
$repeating->write(Edgerun::Http::format_request('POST', '/jobs', %alice, json => { query => '[[duration=60000]] with a key' }, @key));
wait_until { waiting() == 1 };
$emulator->finish;
my $repeated = $repeating->read_response;
is $repeated->{status}, 200, 'with a key, the answer can be asked for again';
is $repeated->{json}{id}, $keyed, '... it is the same job';
is $repeated->{headers}{'idempotency-replayed'}, 'true', '... as Idempotency-Replayed says';
is ask('[[duration=60000]] with a key', @key)->{body}, $repeated->{body}, '... as often as one likes';
is ask('another', @key)->{status}, 422, '... but not for another body';

# ------------------------------------------------------------- preferences

my $async = ask('[[duration=300]] async', headers => [ Prefer => 'respond-async' ]);
is $async->{status}, 202, 'respond-async gets a job all the same';
is $async->{headers}{'preference-applied'}, 'respond-async', '... as Preference-Applied says';
is $t->wait_for_job($async->{headers}{location}, %alice)->{json}{status}, 'COMPLETED', '... which goes on without its client';
my $hasty = ask('[[duration=300]] wait', headers => [ Prefer => 'wait=0' ]);
is $hasty->{status}, 200, 'no other preference changes how long it takes';
ok !exists $hasty->{headers}{'preference-applied'}, '... nor is it said to';
is ask('[[duration=1500]] wait', headers => [ Prefer => 'wait=1' ])->{json}{status}, 'COMPLETED', '... whatever it says';

# ----------------------------------------------------------------- reload

($client, $mine) = ask_without_waiting('[[duration=60000]] reload');
ok $t->reload(old => 'stay'), 'the configuration is loaded anew';    # the job goes on elsewhere
$emulator->finish;
is $client->read_response->{json}{status}, 'COMPLETED', 'who waits is answered by the worker that leaves';

done_testing;
