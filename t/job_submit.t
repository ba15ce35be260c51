#!/usr/bin/env perl
# A question is taken as a job: 202, the job's URL, and what is known of it.
use FindBin;
use lib "$FindBin::Bin/lib";
use Edgerun::Test;
use Edgerun::Dialects;
use Edgerun::Jobs;

my $t = Edgerun::Test->new;
$t->start_emulator(duration => 50);

$t->write_conf(<<'END');
    edgerun_auth_jwt "site";
    edgerun_auth_jwt_secret env:EDGERUN_JWT_SECRET;

    edgerun_provider main {
        %%DIALECT%% base_url %%EMULATOR%%; api_key env:OPENAI_API_KEY;
        poll_interval 100ms;
    }
    edgerun_job_zone zone=jobs:16m ttl=10m;

    server {
        listen 127.0.0.1:%%PORT_0%%;

        location /jobs { edgerun_jobs zone=jobs provider=main; }
        location /slash/ { edgerun_jobs zone=jobs provider=main; }
        location /very/deep/path { edgerun_jobs zone=jobs provider=main; }
        location "/odd näme" { edgerun_jobs zone=jobs provider=main; }
        location ^~ /stay { edgerun_jobs zone=jobs provider=main; }
        location /outer { location /outer/inner { edgerun_jobs zone=jobs provider=main; } }
        location /alias { rewrite ^/alias(.*)$ /jobs$1 last; }
        location /if {
            if ($arg_quiet) { access_log off; }
            edgerun_jobs zone=jobs provider=main;
        }
        location /limited {
            edgerun_jobs zone=jobs provider=main;
            limit_except GET { edgerun_require_role writer; }
        }
    }
    server {
        listen 127.0.0.1:%%PORT_1%%;
        location / { edgerun_jobs zone=jobs provider=main; }
    }
END
$t->run;

my $token = $t->token({ sub => 'alice' });
my $query = { query => 'What is a fjord?' };

sub post_to {
    my ($uri, %options) = @_;
    $options{json} = $query if !exists $options{body} && !exists $options{json};
    return $t->post($uri, token => $token, %options);
}

# ------------------------------------------------------------- the contract

my $answer = post_to('/jobs');
is $answer->{status}, 202, 'a question is accepted';
my $job = $answer->{json};
my $id = $job->{id};
like $id, qr/^[A-Za-z0-9_-]{28}$/, 'as a job, whose id is safe in URLs';
my %headers = %{ $answer->{headers} };
is $headers{location}, "/jobs/$id", 'Location says where it is';
is $headers{'retry-after'}, 1, 'Retry-After when to ask';
is $headers{etag}, '"1"', 'ETag is its version';
is $headers{'cache-control'}, 'no-store', 'no cache keeps the answer';
is $headers{'content-type'}, 'application/json', 'it is JSON';
is $headers{'content-length'}, length $answer->{body}, 'of the length that is told';

is_deeply [ sort keys %$job ], [qw(createdAt expiresAt id status updatedAt version)],
    'the job has the members that are known by now';
is $job->{status}, 'PENDING', 'its status is PENDING';
like $answer->{body}, qr/"version":1[,}]/, 'its version is a number';
my $time = qr/^20\d\d-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/;
like $job->{$_}, $time, "$_ is a time in UTC" for qw(createdAt updatedAt expiresAt);
is $job->{createdAt}, $job->{updatedAt}, 'nothing has happened yet';
cmp_ok $job->{expiresAt}, 'gt', $job->{createdAt}, 'it expires later';

isnt post_to('/jobs')->{json}{id}, $id, 'the same question again is another job';

ok wait_until { @{ $t->emulator->log(call => call('start')) } == 2 }, 'it is asked once for each job';
is_deeply [ queries_sent($t) ], [ ('What is a fjord?') x 2 ], 'as it is';

# ---------------------------------------------------------------- locations

for (
    [ '/jobs/',          '/jobs',          'a slash behind the location' ],
    [ '/slash/',         '/slash',         'a location with a slash' ],
    [ '/very/deep/path', '/very/deep/path', 'a deep path' ],
    [ '/odd%20n%C3%A4me', '/odd%20n%C3%A4me', 'a path that needs escapes' ],
    [ '/%6Aobs',         '/jobs',          'a path with escapes that it does not need' ],
    [ '/x/../jobs',      '/jobs',          'a path with dots' ],
    [ '/jobs?a=b',       '/jobs',          'arguments' ],
    [ '/stay',           '/stay',          'a location that stays' ],
    [ '/outer/inner',    '/outer/inner',   'a nested location' ],
    [ '/alias',          '/jobs',          'a rewrite' ],
    [ '/if',             '/if',            '"if" that does not hold' ],
    [ '/if?quiet=1',     '/if',            '"if" that holds' ],
) {
    my ($uri, $path, $what) = @$_;
    my $answer = post_to($uri);
    is $answer->{status}, 202, "$what: accepted";
    is $answer->{headers}{location}, "$path/" . ($answer->{json}{id} // ''), "$what: Location";
    is $t->get($answer->{headers}{location}, token => $token)->{status}, 200, "$what: the job is there";
}
my $root = post_to('/', port => 1);
is $root->{headers}{location}, "/$root->{json}{id}", 'jobs may live at the root';
is $t->get($root->{headers}{location}, token => $token, port => 1)->{status}, 200, 'and are found there';
is post_to('/jobsx')->{status}, 404, 'a longer name is not the location';
is post_to('/slash')->{status}, 404, 'nor is one without its slash';

is post_to('/limited')->{status}, 403, 'limit_except may ask for a role';
my $limited = post_to('/limited', token => $t->token({ sub => 'w', role => 'writer' }));
is $limited->{status}, 202, 'with which a job is accepted';

# ----------------------------------------------------------------- metadata

my $with = post_to('/jobs', json => { query => 'Tagged.', metadata => { purpose => 'süß', n => '1' } });
is $with->{status}, 202, 'metadata is accepted';
$t->wait_for_job($with->{headers}{location}, token => $token);
my ($run) = grep { $_->{question} eq 'Tagged.' } @{ $t->emulator->runs };
my %tags = (purpose => 'süß', n => '1', edgerun_job => $with->{json}{id});
is_deeply $run->{metadata}, dialect('names_jobs') ? \%tags : {},
    'and given to the run, beside the job\'s own, where runs have any';

done_testing;
