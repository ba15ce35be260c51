#!/usr/bin/env perl
# A job tells its whole life at its URL, to any worker's client, and no more
# than has changed to who asks for that.
use FindBin;
use lib "$FindBin::Bin/lib";
use Edgerun::Test;
use Edgerun::Dialects;

use Compress::Zlib qw(memGunzip);

my $t = Edgerun::Test->new;
$t->start_emulator;

$t->write_conf(<<'END');
    edgerun_auth_jwt "site";
    edgerun_auth_jwt_secret env:EDGERUN_JWT_SECRET;

    edgerun_provider main {
        %%DIALECT%% base_url %%EMULATOR%%; api_key env:OPENAI_API_KEY;
        poll_interval 100ms; run_timeout 5m;
    }
    edgerun_job_zone zone=jobs:16m ttl=10m;

    server {
        listen 127.0.0.1:%%PORT_0%%;
        add_header X-Worker $pid always;
        location /jobs { edgerun_jobs zone=jobs provider=main; }
    }
    server {
        listen 127.0.0.1:%%PORT_1%%;
        gzip on;
        gzip_types application/json;
        gzip_min_length 1;
        gzip_vary on;
        charset utf-8;
        charset_types application/json;
        location /jobs { edgerun_jobs zone=jobs provider=main; }
    }
END
$t->run;

my %alice = (token => $t->token({ sub => 'alice' }));

sub submit {
    my ($query) = @_;
    return $t->post('/jobs', %alice, json => { query => $query });
}

# Does it run, and has it nothing more to tell before its end?
sub is_underway {
    my ($job) = @_;
    return $job->{status} eq 'RUNNING' && ($job->{runId} || grep { $_->{status} eq 'in_progress' } @{ $t->emulator->runs });
}

# ----------------------------------------------------------------- its life

my $submitted = submit('[[duration=60000]] [[answer=A narrow "inlet".]] [[usage=11,7]] What is a fjord?');
my $url = $submitted->{headers}{location};
my @seen = ($submitted->{json});
my $last;
wait_until {
    $last = $t->get($url, %alice);
    push @seen, $last->{json} if $last->{json}{version} != $seen[-1]{version};
    is $last->{headers}{etag}, "\"$last->{json}{version}\"", 'ETag is the version' if $last->{json} == $seen[-1];
    cmp_ok $last->{headers}{'retry-after'}, '>=', 1, 'Retry-After tells when to ask again'
        if $last->{json} == $seen[-1] && $last->{json}{status} ne 'COMPLETED';
    $t->emulator->finish if is_underway($last->{json});
    $last->{json}{status} !~ /^(?:PENDING|RUNNING)$/;
};
my $job = $last->{json};

is join(' ', do { my %once; grep { !$once{$_}++ } map { $_->{status} } @seen }), 'PENDING RUNNING COMPLETED',
    'a job is pending, then runs, then is complete';
my ($running) = grep { $_->{status} eq 'RUNNING' } reverse @seen;
my @known = (qw(createdAt expiresAt id startedAt status updatedAt version), dialect('thread') ? 'threadId' : ());
is_deeply [ sort keys %$running ], [ sort @known, dialect('runs_on') ? 'runId' : () ],
    'while it runs, thread, run and the time of its start are known';
is_deeply [ sort keys %$job ], [ sort @known, qw(answer completedAt runId tokensUsed usage) ],
    'in the end answer, usage and the time of the end as well';
is $job->{id}, $submitted->{json}{id}, 'its id is the same';
is $job->{answer}, 'A narrow "inlet".', 'its answer is what was said';
is $job->{tokensUsed}, 18, 'tokens are counted';
is_deeply $job->{usage}, { promptTokens => 11, completionTokens => 7, totalTokens => 18 }, 'in parts, too';
like $last->{body}, qr/"tokensUsed":18[,}]/, 'as numbers';
like $job->{threadId}, dialect('thread'), 'the thread is the provider\'s' if dialect('thread');
like $job->{runId}, dialect('run'), 'and so is the run';
is $job->{createdAt}, $submitted->{json}{createdAt}, 'createdAt does not change';
is join(' ', sort @$job{qw(createdAt startedAt completedAt expiresAt)}),
    join(' ', @$job{qw(createdAt startedAt completedAt expiresAt)}), 'its times are in order';
is $job->{updatedAt}, $job->{completedAt}, 'the last change is its end';
my @versions = map { $_->{version} } @seen;
is_deeply [ sort { $a <=> $b } @versions ], \@versions, 'versions grow';
my @expiries = map { $_->{expiresAt} } @seen;
is_deeply [ sort { $b cmp $a } @expiries ], \@expiries, 'it never expires later than was said';

my %headers = %{ $last->{headers} };
ok !exists $headers{'retry-after'}, 'a final job needs no Retry-After';
is $headers{'cache-control'}, 'private, no-cache', 'caches must ask again';
is $headers{'content-type'}, 'application/json', 'a job is JSON';
is $headers{'content-length'}, length $last->{body}, 'of a known length';
is $t->get("$url?a=b", %alice)->{body}, $last->{body}, 'arguments do not matter';

my $head = $t->request('HEAD', $url, %alice);
is $head->{status}, 200, 'HEAD is answered';
is_deeply { map { $_ => $head->{headers}{$_} } qw(etag content-length content-type cache-control) },
    { map { $_ => $headers{$_} } qw(etag content-length content-type cache-control) }, 'with the headers of GET';

# -------------------------------------------------------------- conditional

my $etag = $headers{etag};
sub conditional {
    my ($value, %options) = @_;
    return $t->get($url, %alice, headers => [ 'If-None-Match' => $value ], %options);
}
for ($etag, "W/$etag", "\"x\", $etag", "$etag, \"x\"", '*') {
    my $answer = conditional($_);
    is $answer->{status}, 304, "If-None-Match: $_ matches";
    is $answer->{body}, '', '... nothing is sent';
    is $answer->{headers}{etag}, $etag, '... but the ETag';
    is $answer->{headers}{'cache-control'}, $headers{'cache-control'}, '... and how to cache it';
}
is conditional($_)->{status}, 200, "If-None-Match: $_ does not"
    for '"0"', 'W/"0"', $etag =~ tr/"//dr, '', '"', substr($etag, 0, -1), "\"$etag\"";
is $t->request('HEAD', $url, %alice, headers => [ 'If-None-Match' => $etag ])->{status}, 304, 'HEAD may be conditional';
is $t->get($url, %alice, headers => [ Range => 'bytes=0-9' ])->{status}, 200, 'a job comes whole';
my $failed = $t->get($url, %alice, headers => [ 'If-Match' => '"0"' ]);
is $failed->{status}, 412, 'If-Match holds as well';
is_deeply $failed->{json}, { error => 'PreconditionFailed', message => 'the resource is not as the request demands', statusCode => 412 },
    'and fails in JSON';

my $changing = submit('[[duration=60000]] changes')->{headers}{location};
my $first;
wait_until { $first = $t->get($changing, %alice); is_underway($first->{json}) };
my @if = (headers => [ 'If-None-Match' => $first->{headers}{etag} ]);
my $same = $t->get($changing, %alice, @if);
is $same->{status}, 304, 'a job that runs on has not changed';
cmp_ok $same->{headers}{'retry-after'}, '>=', 1, 'when to ask again is said all the same';
$t->emulator->finish;
my $changed;
wait_until { $changed = $t->get($changing, %alice, @if); $changed->{status} == 200 };
is $changed->{status}, 200, 'who waits for a change gets it';
cmp_ok $changed->{json}{version}, '>', $first->{json}{version}, 'with a new version';

# ------------------------------------------------- workers, compression, size

my %answered;
wait_until {
    my $answer = $t->get($url, %alice);
    $answered{ $answer->{headers}{'x-worker'} } = $answer->{body};
    keys %answered == 2;
};
is scalar keys %answered, 2, 'both workers answer';
is_deeply [ values %answered ], [ ($last->{body}) x 2 ], 'the same';

my @gzip = (port => 1, headers => [ 'Accept-Encoding' => 'gzip' ]);
my $packed = $t->get($url, %alice, @gzip);
is $packed->{headers}{'content-encoding'}, 'gzip', 'a job may be compressed';
is memGunzip($packed->{body}), $last->{body}, 'unchanged inside';
is $packed->{headers}{etag}, "W/$etag", 'its ETag is weak then';
is $packed->{headers}{vary}, 'Accept-Encoding', 'and varies';
is $t->get($url, %alice, port => 1, headers => [ 'Accept-Encoding' => 'gzip', 'If-None-Match' => "W/$etag" ])->{status}, 304,
    'which matches all the same';
is $t->get($url, %alice, port => 1)->{body}, $last->{body}, 'who does not take gzip gets it plain';
my $error = $t->get('/jobs/x', %alice, @gzip);
is $error->{status}, 404, 'errors may be compressed';
is JSON::PP::decode_json(($error->{headers}{'content-encoding'} // '') eq 'gzip' ? memGunzip($error->{body}) : $error->{body})->{error},
    'NotFound', 'without harm';

my $large = $t->wait_for_job(submit('[[answer_size=200000]] long')->{headers}{location}, %alice);
is length $large->{json}{answer}, 200_000, 'a long answer comes whole';
is memGunzip($t->get("/jobs/$large->{json}{id}", %alice, @gzip)->{body}), $large->{body}, 'compressed, too';

done_testing;
