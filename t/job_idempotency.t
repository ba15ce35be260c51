#!/usr/bin/env perl
# "Idempotency-Key": the same submission again is the same job, and nothing
# starts twice.
use FindBin;
use lib "$FindBin::Bin/lib";
use Edgerun::Test;
use Edgerun::Dialects;
use Edgerun::Disk;
use Edgerun::Jobs;
use List::Util qw(uniq);

my $t = Edgerun::Test->new;
$t->start_emulator(duration => 50);
my $emulator = $t->emulator;
my $disk = Edgerun::Disk->new($t, 'journal');
mkdir $t->dir . '/journal';
chmod 0777, $t->dir . '/journal';

sub auth { return 'edgerun_auth_jwt "jobs"; edgerun_auth_jwt_secret env:EDGERUN_JWT_SECRET;' }
$t->write_conf(
    jobs_conf(
        provider => { keep_threads => 'on', run_timeout => '5m' },
        zone   => 'zone=jobs:8m',
        http   => 'edgerun_job_zone zone=durable:8m journal=%%TESTDIR%%/journal;',
        server => 'add_header X-Worker $pid always;
            location = /connections { stub_status; }
            location /other { ' . auth() . ' edgerun_jobs zone=jobs provider=main; }
            location /durable { ' . auth() . ' edgerun_jobs zone=durable provider=main; }'
    )
);
$t->run;

my %alice = (token => $t->token({ sub => 'alice' }));
my $number = 0;
wait_until { $t->get('/durable', %alice)->{status} == 200 };    # until the journal has been read

# KEY may be a list of headers.
sub submit_with {
    my ($key, $query, %options) = @_;
    my @keys = ref $key ? @$key : $key;
    my $from = delete $options{on} // $t;
    return $from->post(delete $options{uri} // '/jobs', %alice,
        json => ref $query ? $query : { query => $query },
        %options, headers => [ (map { ('Idempotency-Key' => $_) } @keys), @{ $options{headers} // [] } ]);
}
# Waits until the key is taken. A query that is refused anyway (400) takes none itself.
sub has_begun {
    my ($key) = @_;
    return wait_until { submit_with($key, {}, uri => '/durable')->{status} == 422 };
}

# Runs of the job with this id, and this query (without markers).
sub runs_for { return scalar runs_of($t, { id => $_[0] }, $_[1]) }

# ------------------------------------------------------------ the same again

my $first = submit_with('"one"', '[[duration=60000]] once');
is $first->{status}, 202, 'a submission with a key is accepted';
ok !exists $first->{headers}{'idempotency-replayed'}, 'as any';
my $id = $first->{json}{id};
my $again = submit_with('"one"', '[[duration=60000]] once');
is $again->{status}, 202, 'the same again is accepted as well';
is $again->{json}{id}, $id, 'it is the same job';
is $again->{headers}{'idempotency-replayed'}, 'true', 'as Idempotency-Replayed tells';
is $again->{headers}{location}, $first->{headers}{location}, 'at the same URL';
is $again->{headers}{'retry-after'}, 1, 'with the time to ask again';
is submit_with('one', '[[duration=60000]] once')->{json}{id}, $id, 'without quotes it is the same key';

my $waiting = $t->connect;
$waiting->write(Edgerun::Http::format_request('POST', '/jobs', %alice, json => { query => '[[duration=60000]] once' },
    headers => [ 'Idempotency-Key' => '"one"', Prefer => 'wait=30' ]));
wait_until { $t->get('/connections')->{body} =~ /Writing: 2/ };
await_run($t, $first, question => 'once');
$emulator->finish;
my $waited = $waiting->read_response;
is $waited->{status}, 200, 'who repeats it may wait';
is $waited->{json}{status}, 'COMPLETED', 'for its end';
is $waited->{headers}{'preference-applied'}, 'wait=30', '... as Preference-Applied says';
is $waited->{headers}{'idempotency-replayed'}, 'true', '... and Idempotency-Replayed';
my $over = submit_with('"one"', '[[duration=60000]] once');
is $over->{status}, 200, 'of a final job the answer is 200';
is $over->{body}, $t->get("/jobs/$id", %alice)->{body}, 'with the job as it is';
is $over->{headers}{etag}, "\"$over->{json}{version}\"", 'its version';
is $over->{headers}{location}, "/jobs/$id", 'and its URL';
is runs_for($id, 'once'), 1, 'it was run once';

# --------------------------------------------------------------- other bodies

for my $other ('[[duration=60000]] once ', { query => '[[duration=60000]] once', metadata => { a => 'b' } }) {
    my $answer = submit_with('"one"', $other);
    is $answer->{status}, 422, 'another body with the key is refused';
    is $answer->{json}{error}, 'UnprocessableEntity', '... as an error';
    like $answer->{json}{message}, qr/key was used before, with another request/, '... that says why';
}
is submit_with('"one"', 'x', body => 'no JSON')->{status}, 422, 'whatever it is';

# ------------------------------------------------------------------- scopes

isnt submit_with('"two"', '[[duration=60000]] once')->{json}{id}, $id, 'another key is another job';
isnt submit_with('"One"', '[[duration=60000]] once')->{json}{id}, $id, 'keys have case';
my $bob = submit_with('"one"', '[[duration=60000]] once', token => $t->token({ sub => 'bob' }));
is $bob->{status}, 202, 'another user';
isnt $bob->{json}{id}, $id, '... has keys of their own';
my $other = submit_with('"one"', 'once', uri => '/other');
is $other->{status}, 202, 'another location';
isnt $other->{json}{id}, $id, '... too';
is submit($t, 'no key')->{status}, 202, 'without a key, every submission' for 1 .. 2;
is scalar(uniq map { submit($t, 'no key')->{json}{id} } 1 .. 3), 3, '... is a job';

# -------------------------------------------------------- what a refusal leaves

is submit_with('"refused"', { query => '' })->{status}, 400, 'a submission is refused';
is submit_with('"refused"', 'good')->{status}, 202, 'its key is free';

my ($thread) = run_job($t, 'begins a thread')->{threadId};
my %continued = (query => '[[duration=60000]] goes on', threadId => $thread);
my $holder = submit_with('"thread"', \%continued);
is $holder->{status}, 202, 'a job continues a thread';
isnt submit_with('"another"', \%continued)->{json}{id}, $holder->{json}{id}, 'another key is another job, which waits for it';
is submit_with('"thread"', \%continued)->{json}{id}, $holder->{json}{id}, 'the same key is the same job';

# ------------------------------------------------------------------ the header

my $longest = 'k' x 255;
is submit_with($_, 'fine ' . $number++)->{status}, 202, "fine: $_"
    for '8e03978e-40d5-43dd-bc93-6894a57f9324', '"two words"', '"a\\"b"', 'a:b/c=', $longest, '"' . 'q' x 255 . '"';
for my $bad ('""', '"', 'two words', 'a,b', '"a", "b"', '"a";b=1', "\"$longest+\"", "$longest+", "sch\xc3\xb6n", '"a\\b"') {
    my $answer = submit_with($bad, 'bad');
    is $answer->{status}, 400, "no key: $bad";
    like $answer->{json}{message}, qr/Idempotency-Key/, '... which the error names';
}
is submit_with([ 'a', 'a' ], 'bad')->{status}, 400, 'nor two headers';
is submit_with(' ', 'bad')->{status}, 400, 'nor an empty one';

# ----------------------------------------------------------------- at once

# The answer; a client that is told to come again (409), as by a slow disk, does.
sub answer_on {
    my ($connection, @request) = @_;
    my $answer = $connection->read_response;
    wait_until { $answer->{status} != 409 || do { $answer = submit_with(@request); 0 } };
    return $answer;
}

for my $location ('/jobs', '/durable') {
    for my $round (1 .. 3) {
        my @connections = map { $t->connect } 1 .. 20;
        $_->write(Edgerun::Http::format_request('POST', $location, %alice, json => { query => "at once $location $round" },
            headers => [ 'Idempotency-Key' => "at-once-$round" ])) for @connections;
        my @request = ("at-once-$round", "at once $location $round", uri => $location);
        my @answers = map { answer_on($_, @request) } @connections;
        is join(' ', uniq map { $_->{status} =~ s/200/202/r } @answers), '202', "$location: all at once are accepted";
        is scalar(uniq map { $_->{json}{id} } @answers), 1, '... as one job';
        is scalar(grep { !$_->{headers}{'idempotency-replayed'} } @answers), 1, '... which one of them began';
        $t->wait_for_job($answers[0]{headers}{location}, %alice);
        is runs_for($answers[0]{json}{id}, "at once $location $round"), 1, '... and which is run once';
    }
}

# ------------------------------------------- while the first is written down

$disk->set(delayMs => 60_000);
my $slow = $t->connect;
$slow->write(Edgerun::Http::format_request('POST', '/durable', %alice, json => { query => 'slow' },
    headers => [ 'Idempotency-Key' => 'slow' ]));
ok has_begun('slow'), 'the first request of a key is being accepted';
my $hasty = submit_with('slow', 'slow', uri => '/durable');
is $hasty->{status}, 409, 'the same while the first is not accepted yet';
is $hasty->{headers}{'retry-after'}, 1, '... is to be tried again';
$disk->set(delayMs => 0);
my $accepted = $slow->read_response;
is $accepted->{status}, 202, 'the first is accepted in the end';
is submit_with('slow', 'slow', uri => '/durable')->{json}{id}, $accepted->{json}{id}, '... and may be repeated then';

# The first is never accepted: whoever waits for it takes its place.
$t->wait_for_job($accepted->{headers}{location}, %alice);
$disk->set(delayMs => 60_000, failFlushes => -1);
my @both = map { $t->connect } 1 .. 2;
$both[0]->write(Edgerun::Http::format_request('POST', '/durable', %alice, json => { query => 'fails' },
    headers => [ 'Idempotency-Key' => 'fails' ]));
ok has_begun('fails'), 'another is';
$both[1]->write(Edgerun::Http::format_request('POST', '/durable', %alice, json => { query => 'fails' },
    headers => [ 'Idempotency-Key' => 'fails' ]));
$disk->set(delayMs => 0);
is $both[0]->read_response->{status}, 503, 'the disk fails: the first is not accepted';
like answer_on($both[1], 'fails', 'fails', uri => '/durable')->{status}, qr/^(?:202|503)$/, 'the second is told either way';
$disk->set(delayMs => 0, failFlushes => 0);
my $after;
ok wait_until { $after = submit_with('fails', 'fails', uri => '/durable'); $after->{status} =~ /^20[02]$/ },
    'the key leads to a job once the disk works';
$t->wait_for_job($after->{headers}{location}, %alice);
is runs_for($after->{json}{id}, 'fails'), 1, 'which is run once';

# ------------------------------------------------------------------ restart

my $before;    # one of the workers may still be without its disk
wait_until { $before = submit_with('restart', 'before', uri => '/durable'); $before->{status} =~ /^20[02]$/ };
$t->kill_all;
$t->run;
my $since;
wait_until { $since = submit_with('restart', 'before', uri => '/durable'); $since->{status} != 503 };
is $since->{json}{id}, $before->{json}{id}, 'with a journal, keys survive';
is submit_with('restart', 'after', uri => '/durable')->{status}, 422, '... and what they were used with';

done_testing;
