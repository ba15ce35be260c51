#!/usr/bin/env perl
# Only what is accepted costs: nothing that is refused, for whatever reason, and no request that
# is an accepted one once more. What is accepted costs though it goes wrong later.
use FindBin;
use lib "$FindBin::Bin/lib";
use Edgerun::Test;
use Edgerun::Calendar;
use Edgerun::Dialects qw(responses);
use Edgerun::Disk;
use Edgerun::Jobs;
use Edgerun::Quotas;

my $LIMIT = 8;

begin_within('month');
my $t = Edgerun::Test->new(workers => 1);
$t->start_emulator(duration => 50, cancel => 50);
my $disk = Edgerun::Disk->new($t, 'journal');
mkdir $t->dir . '/journal';
chmod 0777, $t->dir . '/journal';
$t->allow_log(qr/journal/);
$t->write_conf(quota_conf(
    ["limit=$LIMIT period=month"],
    zone => 'zone=jobs:8m',
    http => '
        edgerun_provider unset { %%DIALECT%% base_url %%EMULATOR%%; }
        edgerun_job_zone zone=small:192k max_answer=4k;
        edgerun_job_zone zone=durable:8m journal=%%TESTDIR%%/journal;',
    server => join('',
        job_location('role', 'edgerun_require_role nobody;'),
        job_location('short', 'client_max_body_size 1k;'),
        job_location('one', 'edgerun_max_running 1;'),
        job_location('unset', '', 'zone=jobs provider=unset'),
        job_location('small', '', 'zone=small provider=main'),
        job_location('free', 'edgerun_quota off;', 'zone=small provider=main'),
        job_location('durable', '', 'zone=durable provider=main')),
));
$t->run;

my @alice = (token => Edgerun::Jobs::token_of($t, 'alice'));
my @json = (headers => [ 'Content-Type' => 'application/json' ]);

sub used { return use_of($t)->{used} }

# A request that is refused with this status; the answer.
sub costs_nothing {
    my ($status, $what, $ask) = @_;
    my $before = used();
    my $answer = $ask->();
    is $answer->{status}, $status, "$what: $status";
    is used(), $before, '... costs nothing';
    return $answer;
}

sub keyed {
    my ($key, $query, %options) = @_;
    return $t->post('/jobs', @alice, json => { query => $query }, headers => [ 'Idempotency-Key' => $key ], %options);
}

is used(), 0, 'nothing is used at first';

# ------------------------------------------------------------ refused requests

costs_nothing(400, $_->[0], sub { $t->post('/jobs', @alice, @json, body => $_->[1]) })
    for [ 'no JSON', 'nonsense' ], [ 'no query', '{}' ], [ 'an unknown member', '{"query":"a","b":1}' ];
costs_nothing(400, 'a bad Idempotency-Key', sub { keyed('a,b', 'Hello.') });
costs_nothing(401, 'no token', sub { $t->post('/jobs', json => { query => 'Hello.' }) });
costs_nothing(401, 'a wrong one', sub {
    $t->post('/jobs', token => $t->token({ sub => 'alice' }, 'x' x 32), json => { query => 'Hello.' });
});
costs_nothing(403, 'a role is missing', sub { submit($t, 'Hello.', path => '/role') });
costs_nothing(404, 'a thread that nobody has', sub { submit($t, 'Hello.', threadId => 'thread_unknown') });
costs_nothing(405, 'another method', sub { $t->request('PUT', '/jobs', @alice, json => { query => 'Hello.' }) });
costs_nothing(413, 'a long body', sub { submit($t, 'x' x 2000, path => '/short') });
costs_nothing(415, 'another content type', sub {
    $t->post('/jobs', @alice, headers => [ 'Content-Type' => 'text/plain' ], body => '{"query":"a"}');
});
costs_nothing(503, 'a provider without a key', sub { submit($t, 'Hello.', path => '/unset') });

# ---------------------------------------------------------------- no room

# Who has no quota fills the zone.
my $full = wait_until { my $answer = submit($t, '[[duration=60000]] fills', path => '/free'); $answer->{status} != 202 && $answer };
is $full->{status}, 503, 'a zone is full';
costs_nothing(503, 'no room in it', sub { submit($t, 'Hello.', path => '/small') });

$disk->set(failWrites => -1, failFlushes => -1);
my $before = used();
ok wait_until { submit($t, 'Hello.', path => '/durable')->{status} == 503 }, 'a journal cannot be written';
is scalar(all_jobs($t, path => '/durable')), 0, 'no job is there';
is settled($t, $before), "$before/0", '... and what could not be journalled costs nothing';
$disk->set(failWrites => 0, failFlushes => 0);

# --------------------------------------------------------- accepted once, or not

my $running = submit($t, '[[duration=60000]] runs', path => '/one');
is $running->{status}, 202, 'what is accepted';
is used(), 1, 'costs';
costs_nothing(429, 'too many running', sub { submit($t, 'Hello.', path => '/one') });

my $first = keyed('once', '[[duration=60000]] once');
is $first->{status}, 202, 'a request with a key';
is used(), 2, 'costs';
my $again = costs_nothing(202, 'the same again', sub { keyed('once', '[[duration=60000]] once') });
is $again->{json}{id}, $first->{json}{id}, '... is the same job';
costs_nothing(422, 'the key with another body', sub { keyed('once', 'another') });
$t->post("$first->{headers}{location}/cancel", @alice);
costs_nothing(200, 'the same again, when it is final', sub { keyed('once', '[[duration=60000]] once') });

my @connections = map { $t->connect } 1 .. 10;
$_->write(Edgerun::Http::format_request('POST', '/jobs', @alice, json => { query => 'at once' },
    headers => [ 'Idempotency-Key' => 'at-once' ])) for @connections;
my %ids = map { $_->read_response->{json}{id} => 1 } @connections;
is scalar keys %ids, 1, 'many with one key at once are one job';
is settled($t, 3), '3/0', '... and cost as one';

# ------------------------------------------------------------- what is no use

costs_nothing(200, 'a list', sub { $t->get('/jobs', @alice) });
costs_nothing(200, 'a poll', sub { $t->get($running->{headers}{location}, @alice) });
costs_nothing(200, 'a cancellation', sub { $t->post("$running->{headers}{location}/cancel", @alice) });
costs_nothing(204, 'an erasure', sub { $t->request('DELETE', $running->{headers}{location}, @alice) });

# ------------------------------------------------------- what goes wrong later

$t->emulator->fault({ on => call('query'), action => 'status', status => 401, times => 1 });
is run_job($t, 'Hello.')->{status}, 'FAILED', 'a job that the provider refuses';
is used(), 4, 'was accepted, and costs';
is run_job($t, '[[error=invalid_prompt:No.]] fails')->{status}, 'FAILED', 'one that fails';
is used(), 5, 'costs';

# ------------------------------------------------------------------- spent

is submit($t, 'Hello.')->{status}, 202, 'until all is spent' for 6 .. $LIMIT;
my $spent = costs_nothing(429, 'the quota is spent', sub { submit($t, 'Hello.') });
is used(), $LIMIT, '... which is exactly the limit';
is $spent->{json}{statusCode}, 429, '... as an error';
costs_nothing(200, 'what was accepted may be asked for again', sub { keyed('once', '[[duration=60000]] once') });
costs_nothing(422, 'or not with another body', sub { keyed('once', 'another') });
costs_nothing(400, 'nonsense is nonsense', sub { $t->post('/jobs', @alice, @json, body => 'nonsense') });
is submit($t, 'Hello.', user => 'bob')->{status}, 202, 'another user has a quota of their own';

done_testing;
