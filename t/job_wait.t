#!/usr/bin/env perl
# "Prefer: wait=N" holds an answer until there is news, or the time is over. The
# change itself wakes who waits, in whatever worker; a client that leaves is
# forgotten.
use FindBin;
use lib "$FindBin::Bin/lib";
use Edgerun::Test;
use Edgerun::Dialects;
use Edgerun::Http2;
use Edgerun::Jobs;
use List::Util qw(uniq);

my $t = Edgerun::Test->new;
$t->start_emulator;
my $emulator = $t->emulator;
$t->write_conf(
    jobs_conf(
        provider => { run_timeout => '5m' },
        zone     => 'zone=jobs:16m',
        server   => 'add_header X-Worker $pid always;
            location = /connections { stub_status; }
            edgerun_max_wait 10m;
            location /included { ssi on; ssi_types *; root %%TESTDIR%%; }',
        http => 'server {
            listen 127.0.0.1:%%PORT_1%% http2;
            add_header X-Worker $pid always;
            edgerun_auth_jwt "jobs";
            edgerun_auth_jwt_secret env:EDGERUN_JWT_SECRET;
            location /jobs { edgerun_jobs zone=jobs provider=main; }
        }
        server {
            listen 127.0.0.1:%%PORT_2%%;
            edgerun_auth_jwt "jobs";
            edgerun_auth_jwt_secret env:EDGERUN_JWT_SECRET;
            location /jobs { edgerun_jobs zone=jobs provider=main; edgerun_max_wait 100ms; }
            location /none { edgerun_jobs zone=jobs provider=main; edgerun_max_wait 0; }
        }'
    )
);
$t->run;

my %alice = (token => $t->token({ sub => 'alice' }));

sub prefer { return (headers => [ map { (Prefer => $_) } @_ ]) }

# A question with these preferences.
sub ask {
    my ($query, @preferences) = @_;
    return $t->post('/jobs', %alice, json => { query => $query }, prefer(@preferences));
}

# A job that runs on, whose next change is its end: (URL, ETag).
sub running {
    my ($query) = @_;
    my $answer = submit($t, $query);
    my $job = await_run($t, $answer);
    return ($answer->{headers}{location}, "\"$job->{version}\"");
}

# A connection on which the answer to such a GET is awaited.
sub wait_for {
    my ($url, %options) = @_;
    my $connection = $t->connect;
    $connection->write(Edgerun::Http::format_request('GET', $url, %alice,
        headers => [ Prefer => $options{prefer} // 'wait=300', $options{etag} ? ('If-None-Match' => $options{etag}) : () ]));
    return $connection;
}

sub waiting { return $t->get('/connections')->{body} =~ /Writing: (\d+)/ ? $1 - 1 : undef }

sub cancel { return $t->post("$_[0]/cancel", %alice)->{json}{status} }

# --------------------------------------------------------------------- POST

my $done = ask('[[duration=300]] waits', 'wait=300');
is $done->{status}, 200, 'who waits gets the job when it is final';
is $done->{json}{status}, 'COMPLETED', 'with its answer';
my %headers = %{ $done->{headers} };
is $headers{'preference-applied'}, 'wait=300', 'Preference-Applied says so';
is $headers{'content-location'}, "/jobs/$done->{json}{id}", 'Content-Location where the job is';
is $headers{etag}, "\"$done->{json}{version}\"", 'ETag its version';
ok !exists $headers{'retry-after'}, 'there is nothing to wait for';
is $t->get("/jobs/$done->{json}{id}", %alice)->{body}, $done->{body}, 'GET shows the same';
is ask('[[duration=10]] [[error=invalid_prompt:No.]]', 'wait=300')->{json}{status}, 'FAILED', 'a job that fails is final, too';
is ask('[[duration=10]] waits', 'wait=300')->{status}, 200, 'whatever the client knows of another job'
    for 1;
is $t->post('/jobs', %alice, json => { query => '[[duration=10]]' },
    headers => [ Prefer => 'wait=300', 'If-None-Match' => '*' ])->{status}, 200, 'POST has no condition';

my $late;
wait_until {
    cancel($late->{headers}{location}) if $late;
    $late = ask('[[duration=60000]] too long', 'wait=1');
    return $late->{json}{status} ne 'PENDING';    # within a second, as a rule
};
is $late->{status}, 202, 'a job that takes longer is answered as without waiting';
is $late->{json}{status}, 'RUNNING', 'as it is then';
is $late->{headers}{location}, "/jobs/$late->{json}{id}", 'with its URL';
is $late->{headers}{etag}, "\"$late->{json}{version}\"", 'its version';
is $late->{headers}{'retry-after'}, 1, 'and when to ask again';
ok !exists $late->{headers}{$_}, "without $_" for 'preference-applied', 'content-location';
cancel($late->{headers}{location});

my $async = ask('[[duration=60000]]', 'respond-async');
is $async->{status}, 202, 'respond-async is what POST does';
is $async->{headers}{'preference-applied'}, 'respond-async', 'and says';
cancel($async->{headers}{location});
my $both = ask('[[duration=60000]]', 'respond-async, wait=1');
is $both->{status}, 202, 'with both, a long job is answered later';
is $both->{headers}{'preference-applied'}, 'respond-async', 'as the one said';
cancel($both->{headers}{location});
is ask('[[duration=10]]', 'respond-async', 'wait=300')->{headers}{'preference-applied'}, 'wait=300',
    'a short one at once, as the other';

for my $no ('wait=0', 'wait', 'wait=x', 'wait=-1', 'wait="', 'return=minimal', 'wait=0, wait=300') {
    my $answer = ask('[[duration=60000]]', $no);
    is $answer->{status}, 202, "$no holds nothing";
    is $answer->{json}{status}, 'PENDING', '... but answers at once';
    ok !exists $answer->{headers}{'preference-applied'}, '... without a word about it';
    cancel($answer->{headers}{location});
}
is ask('[[duration=10]]', $_)->{headers}{'preference-applied'}, 'wait=300', "$_ does"
    for 'Wait=300', 'wait = "300"', 'foo; wait=1, wait=300; bar', 'wait=300, wait=0';

my @port = (port => 2);
my $capped = $t->post('/jobs', %alice, json => { query => '[[duration=60000]]' }, prefer('wait=3600'), @port);
is $capped->{status}, 202, 'nobody is held for longer than edgerun_max_wait';
cancel($capped->{headers}{location});
is $t->post('/jobs', %alice, json => { query => 'refused', more => 1 }, prefer('wait=300'))->{status}, 400,
    'what is refused is refused at once';

# ---------------------------------------------------------------------- GET

my ($url, $etag) = running('[[duration=60000]] changes');
my $news = wait_for($url, etag => $etag);
wait_until { waiting() == 1 };
$emulator->finish;
$news = $news->read_response;
is $news->{status}, 200, 'who knows the job gets news of it';
is $news->{json}{status}, 'COMPLETED', 'when there are';
is $news->{headers}{'preference-applied'}, 'wait=300', 'Preference-Applied says that it waited';
is $news->{headers}{'cache-control'}, 'private, no-cache', 'as any GET';
is wait_for($url, etag => $news->{headers}{etag})->read_response->{status}, 304, 'of a final job there is no more news';
is wait_for($url)->read_response->{body}, $news->{body}, 'nor does it make wait';

($url, $etag) = running('[[duration=60000]] goes on');
is wait_for($url, etag => '"1"')->read_response->{headers}{etag}, $etag, 'who knows an older version gets the newer at once';
my $same = wait_for($url, etag => $etag, prefer => 'wait=1')->read_response;
is $same->{status}, 304, 'without news there is 304 when the time is over';
is $same->{headers}{'preference-applied'}, 'wait=1', '... with Preference-Applied';
cmp_ok $same->{headers}{'retry-after'}, '>=', 1, '... and Retry-After';
is wait_for($url, prefer => 'wait=1')->read_response->{status}, 200, 'without a version, the job as it is';
is wait_for($url, prefer => 'wait=0', etag => $etag)->read_response->{headers}{'preference-applied'}, undef,
    'wait=0 is no wish';

for my $template ('%s', 'W/%s', '"x", %s', '*', '') {
    ($url, $etag) = running('[[duration=60000]] is cancelled');
    my $connection = wait_for($url, etag => $template =~ s/%s/$etag/r);
    ok wait_until { waiting() == 1 }, "a client waits that knows '$template'";
    is cancel($url), 'CANCELLED', 'the job is cancelled';
    # "*" matches the new version as well.
    is $connection->read_response->{status}, $template eq '*' ? 304 : 200, '... and it is told';
}

($url, $etag) = running('[[duration=60000]] is erased');
my $erased = wait_for($url, etag => $etag);
wait_until { waiting() == 1 };
$t->request('DELETE', $url, %alice);
is $erased->read_response->{status}, 410, 'who waits for a job that is erased is told, too';

($url, $etag) = running('[[duration=60000]] HEAD');
my $head = $t->connect;
$head->write(Edgerun::Http::format_request('HEAD', $url, %alice, prefer('wait=300')));
wait_until { waiting() == 1 };
cancel($url);
is $head->read_response(method => 'HEAD')->{status}, 200, 'HEAD waits as well';

is $t->get('/jobs/AAAAAAAAAAAAAAAAAAAAAAAAAAAA', %alice, prefer('wait=300'))->{status}, 404, 'for nothing nobody waits';
is $t->get($url, token => $t->token({ sub => 'bob' }), prefer('wait=300'))->{status}, 404, 'nor for what is another\'s';

# ------------------------------------------------------------------ workers

($url, $etag) = running('[[duration=60000]] elsewhere');
my %waiters;
my @connections;
wait_until {
    my $connection = $t->connect;
    my $pid = $connection->get($url, %alice)->{headers}{'x-worker'};
    push @connections, $connection;
    $waiters{$pid} //= $connection;
    keys %waiters == 2;
};
$_->write(Edgerun::Http::format_request('GET', $url, %alice, headers => [ Prefer => 'wait=300', 'If-None-Match' => $etag ]))
    for values %waiters;
wait_until { waiting() == 2 };
cancel($url);
is join(' ', map { $waiters{$_}->read_response->{json}{status} } keys %waiters), 'CANCELLED CANCELLED',
    'a change by one worker is told in both';

($url, $etag) = running('[[duration=60000]] many');
# Of these, all may be one worker's; two are not.
my @many = map { wait_for($url, etag => $etag) } 1 .. 198;
for (values %waiters) {
    $_->write(Edgerun::Http::format_request('GET', $url, %alice, headers => [ Prefer => 'wait=300', 'If-None-Match' => $etag ]));
    push @many, $_;
}
ok wait_until { waiting() == 200 }, 'many clients wait for a job';
cancel($url);
my @told = map { $_->read_response } @many;
is join(' ', uniq map { $_->{status} . ' ' . $_->{json}{status} } @told), '200 CANCELLED', 'and all are told';
is scalar(uniq map { $_->{headers}{'x-worker'} } @told), 2, 'by both workers';

# ---------------------------------------------------------- those who leave

($url, $etag) = running('[[duration=60000]] left');
my @leaving = map { wait_for($url, etag => $etag) } 1 .. 20;
wait_until { waiting() == 20 };
$leaving[$_]->close(abort => $_ % 2) for 0 .. 19;
ok wait_until { waiting() == 0 }, 'clients that leave are forgotten';
is cancel($url), 'CANCELLED', 'the job changes all the same';

my ($before) = @{ $t->get('/jobs?limit=1', %alice)->{json}{jobs} };
my $left = $t->connect;
$left->write(Edgerun::Http::format_request('POST', '/jobs', %alice, json => { query => '[[duration=60000]] left' }, prefer('wait=300')));
my $listed;
wait_until { ($listed) = @{ $t->get('/jobs?limit=1', %alice)->{json}{jobs} }; $listed->{id} ne $before->{id} };
ok wait_until { waiting() == 1 }, 'a client waits for its job';
$left->close;
ok wait_until { waiting() == 0 }, 'and leaves';
await_run($t, $listed, question => 'left');
$emulator->finish;
is $t->wait_for_job("/jobs/$listed->{id}", %alice)->{json}{status}, 'COMPLETED', 'its job goes on';

my $between = $t->connect;
$between->write(Edgerun::Http::format_request('POST', '/jobs', %alice, json => { query => '[[duration=60000]]' }, prefer('wait=300'))
        . Edgerun::Http::format_request('GET', '/connections'));
wait_until { waiting() == 1 };
$between->close;
ok wait_until { waiting() == 0 }, 'also one that has asked for more already';

# ------------------------------------------------------------------ pipeline

($url, $etag) = running('[[duration=60000]] pipeline');
my $pipeline = wait_for($url, etag => $etag);
$pipeline->write(Edgerun::Http::format_request('GET', '/jobs?limit=1', %alice)
        . Edgerun::Http::format_request('GET', $url, %alice, headers => [ Prefer => 'wait=300' ]));
wait_until { waiting() == 1 };
$pipeline->write(Edgerun::Http::format_request('GET', '/connections'));
cancel($url);
is $pipeline->read_response->{json}{status}, 'CANCELLED', 'requests that follow on the connection';
is scalar @{ $pipeline->read_response->{json}{jobs} }, 1, 'are answered after it';
is $pipeline->read_response->{json}{status}, 'CANCELLED', 'one by one';
like $pipeline->read_response->{body}, qr/^Active/, 'all of them';

($url, $etag) = running('[[duration=60000]] body');
is $t->get($url, %alice, headers => [ Prefer => 'wait=300', 'If-None-Match' => $etag, 'Content-Length' => 10 ], body => '1234')
    ->{status}, 304, 'who still sends a body is not held';

# -------------------------------------------------------------------- HTTP/2

my @fields = (authorization => "Bearer $alice{token}", prefer => 'wait=300');
my $http2 = Edgerun::Http2->new($t->port(1));
my @streams = map { $http2->get($url, @fields) } 1 .. 3;
my $now = $http2->get('/jobs', @fields);
is $http2->status($now), 200, 'HTTP/2: other streams go on';
wait_until { waiting() >= 3 };
$http2->reset($streams[1]);
wait_until { Edgerun::Process::slurp($t->dir . '/logs/access.log') =~ m{HTTP/2\.0" 499} };
cancel($url);
is $http2->status($streams[$_]), 200, 'HTTP/2: who waits is told' for 0, 2;
is $http2->status($streams[1], 0), undef, 'HTTP/2: who has reset is not';
($url) = running('[[duration=60000]] closed');
$http2->get($url, @fields) for 1 .. 3;
ok wait_until { waiting() >= 1 }, 'HTTP/2: a connection waits';
$http2->close;
ok wait_until { waiting() == 0 }, 'HTTP/2: and is closed';

# ---------------------------------------------------------------- subrequests

mkdir $t->dir . '/included';
$t->write_file('included/page', "<!--# include virtual=\"$url\" -->");
my $page = $t->get('/included/page', %alice, prefer('wait=300'));
like $page->{body}, qr/"status":"RUNNING"/, 'a page that includes a job is not held';

# ------------------------------------------------------------------- reload

my $kept = wait_for($url);
wait_until { waiting() == 1 };
ok $t->reload(old => 'stay'), 'the configuration is loaded anew';
run_job($t, '[[duration=300]] meanwhile');
cancel($url);
is $kept->read_response->{json}{status}, 'CANCELLED', 'who waits with a worker that leaves is told';

# Neither a client nor a call keeps a worker.
cancel("/jobs/$_->{id}") for map { @{ $t->get("/jobs?limit=100&status=$_", %alice)->{json}{jobs} } } qw(PENDING RUNNING);
($url, $etag) = running('[[duration=60000]] reload');
my @gone = map { wait_for($url, prefer => 'wait=600') } 1 .. 5;
wait_until { waiting() == 5 };
$_->close for @gone;
wait_until { waiting() == 0 };
cancel($url) if !dialect('runs_on');
ok $t->reload, 'workers whose clients have left need not wait for them';

done_testing;
