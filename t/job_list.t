#!/usr/bin/env perl
# A user sees the jobs of their own, newest first, a page at a time.
use FindBin;
use lib "$FindBin::Bin/lib";
use Edgerun::Test;
use Edgerun::Dialects;
use Edgerun::Jobs;
use MIME::Base64;

my $t = Edgerun::Test->new;
$t->start_emulator;
$t->write_conf(
    jobs_conf(
        provider => { run_timeout => '5m' },
        zone     => 'zone=jobs:8m ttl=10m',
        server   => 'location /other {
            edgerun_auth_jwt "jobs"; edgerun_auth_jwt_secret env:EDGERUN_JWT_SECRET;
            edgerun_jobs zone=jobs provider=main;
        }'
    )
);
$t->run;

sub list {
    my ($arguments, $user, %options) = @_;
    my $uri = $options{uri} // '/jobs';
    return $t->get("$uri$arguments", token => $t->token({ sub => $user // 'alice' }));
}
sub bytes_of { return MIME::Base64::decode_base64url($_[0]) }
sub ids { return map { $_->{id} } @{ $_[0]{json}{jobs} } }

# ------------------------------------------------------------------ nothing

my $empty = list('');
is $empty->{status}, 200, 'without jobs there is a list';
is $empty->{body}, '{"jobs":[],"hasMore":false}', 'which is empty';
is $empty->{headers}{'cache-control'}, 'private, no-store', 'no cache keeps it';
is $empty->{headers}{'content-type'}, 'application/json', 'it is JSON';
is $t->get('/jobs')->{status}, 401, 'nobody else is told anything';

# --------------------------------------------------------------- summaries

# Each is submitted in a millisecond of its own.
my @final;
my ($done, $failed, $cut) = map {
    my $answer = submit($t, "[[duration=10]] $_");
    push @final, finish($t, [$answer]);
    $answer;
} '[[usage=11,7]] done', '[[error=invalid_prompt:No.]] fails', '[[status=incomplete]] incomplete';
my $running = submit($t, '[[duration=60000]] running');
my $shown = await_run($t, $running);

my $all = list('');
is_deeply [ ids($all) ], [ map { $_->{json}{id} } $running, $cut, $failed, $done ], 'jobs are listed, newest first';
for my $job ($shown, reverse @final) {
    my ($summary) = grep { $_->{id} eq $job->{id} } @{ $all->{json}{jobs} };
    my %expected = %$job;
    delete @expected{qw(updatedAt expiresAt answer error)};
    is_deeply $summary, \%expected, "$job->{status}: as GET shows it, without answer and error";
}

my $head = $t->request('HEAD', '/jobs', token => $t->token({ sub => 'alice' }));
is $head->{status}, 200, 'HEAD is answered';
is $head->{headers}{'content-length'}, length $all->{body}, 'with the headers of GET';
is list('/')->{body}, $all->{body}, 'a slash behind the location does not matter';

# ----------------------------------------------------------------- filters

is_deeply [ ids(list("?status=$_->[0]")) ], [ map { $_->{json}{id} } @{ $_->[1] } ], "status=$_->[0]"
    for [ PENDING => [] ], [ RUNNING => [$running] ], [ REQUIRES_ACTION => [] ], [ COMPLETED => [ $cut, $done ] ],
    [ FAILED => [$failed] ], [ CANCELLED => [] ];
is_deeply [ ids(list('?status=COMPLETED&limit=1')) ], [ $cut->{json}{id} ], 'with a limit';
is_deeply [ ids(list('?l%69mit=1&status=COMPLET%45D')) ], [ $cut->{json}{id} ], 'escapes are understood';

# ------------------------------------------------------------------- pages

my @many = map { submit($t, "[[duration=10]] $_") } 1 .. 45;
# Jobs of one millisecond stand in some order.
my @order = sort { bytes_of($b) cmp bytes_of($a) } map { $_->{json}{id} } @many, $running, $cut, $failed, $done;
my $first = list('');
is_deeply [ ids($first) ], [ @order[ 0 .. 19 ] ], 'a page has 20 jobs';
ok $first->{json}{hasMore}, 'and says that there are more';

for my $limit (1, 7, 49, 50, 100) {
    my (@seen, $next, $pages);
    do {
        my $page = list("?limit=$limit" . ($next ? "&after=$next" : ''));
        push @seen, ids($page);
        $next = $page->{json}{next};
        $pages++;
        is !!$page->{json}{hasMore}, !!$next, '"next" comes with "hasMore"' if $limit == 7;
    } while ($next && $pages < 100);
    is_deeply \@seen, \@order, "limit=$limit: all pages show each job once";
}
my $page = list('?limit=5');
submit($t, '[[duration=10]] newer');
is_deeply [ ids(list("?limit=5&after=$page->{json}{next}")) ], [ @order[ 5 .. 9 ] ], 'a newer job does not move the pages';
$t->request('DELETE', "/jobs/$page->{json}{next}", token => $t->token({ sub => 'alice' }));
is_deeply [ ids(list("?limit=5&after=$page->{json}{next}")) ], [ @order[ 5 .. 9 ] ], 'nor does a job that is erased';

# ----------------------------------------------------------------- others

is_deeply [ ids(list('', 'bob')) ], [], 'another user sees none of them';
my $bobs = submit($t, '[[duration=10]] bob', user => 'bob');
is_deeply [ ids(list('', 'bob')) ], [ $bobs->{json}{id} ], 'but their own';
is_deeply [ ids(list("?after=$order[0]", 'bob')) ], [], 'whatever they know of others'
    if list("?after=$order[0]", 'bob')->{status} == 200;
is_deeply [ ids(list('', 'alice', uri => '/other')) ], [], 'another location has its own';

# ------------------------------------------------------------------ refusals

for my $bad ('limit=0', 'limit=101', 'limit=-1', 'limit=', 'limit', 'limit=1.5', 'limit=x', 'limit=1&limit=1',
    'limit=00000000000000000001', 'limit=99999999999999999999', 'after=', 'after=x', "after=$order[0]x",
    'status=', 'status=running', 'status=DONE', 'status=RUNNING&status=FAILED', 'page=2', 'a=b', '=', 'limit=1;after=x',
    'limit=1&x')
{
    my $answer = list("?$bad");
    is $answer->{status}, 400, "?$bad is refused";
    like $answer->{json}{message}, qr/limit|after|status/, '... with a word about it';
}
is list($_)->{status}, 200, "$_ is fine" for '?', '?&', '?limit=001', '?limit=100&', '?&status=FAILED';

done_testing;
