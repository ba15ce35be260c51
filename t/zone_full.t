#!/usr/bin/env perl
# A small zone: it refuses what it cannot hold, and loses nothing that it took.
use FindBin;
use lib "$FindBin::Bin/lib";
use Edgerun::Test;
use Edgerun::Calendar;
use Edgerun::Dialects;
use Edgerun::Jobs;
use List::Util qw(max min uniq);
use Time::HiRes qw(time);

my $t = Edgerun::Test->new;
$t->start_emulator(duration => 2500);
$t->write_conf(
    jobs_conf(
        zone     => 'zone=jobs:192k max_answer=4k',
        provider => { poll_interval => '200ms' },
        http     => 'edgerun_job_zone zone=short:256k ttl=1s max_answer=4k;',
        server   => <<'END',
        location /short {
            edgerun_auth_jwt "jobs";
            edgerun_auth_jwt_secret env:EDGERUN_JWT_SECRET;
            edgerun_jobs zone=short provider=main;
        }
END
    )
);
$t->run;

sub status_of {
    my ($answer) = @_;
    return $t->get($answer->{headers}{location} =~ s{^https?://[^/]+}{}r,
        token => $t->token({ sub => 'alice' }))->{status};
}

# Submits until the zone is full: the refusal, and the accepted. Once more, if the first of them
# ended meanwhile and made room.
sub fill {
    my ($query) = @_;
    my ($refusal, @accepted);
    wait_until {
        wait_until { !grep { my $job = job_of($t, $_); $job && !Edgerun::Jobs::is_final($job) } @accepted };
        my $since = time;
        ($refusal, @accepted) = submit_until_refused($query);
        return time - $since < 2;
    } 60;
    return ($refusal, @accepted);
}

sub submit_until_refused {
    my ($query) = @_;
    my $connection = $t->connect;
    my @accepted;
    for (1 .. 500) {
        my $answer = submit($t, $query, on => $connection);
        return ($answer, @accepted) if $answer->{status} != 202;
        push @accepted, $answer;
    }
    return (undef, @accepted);
}

my ($refusal, @first) = fill('Hello.');
cmp_ok scalar(@first), '>', 10, 'a small zone holds some jobs';
is $refusal->{status}, 503, 'then it is full';
is $refusal->{json}{statusCode}, 503, 'as the answer says';
like $refusal->{headers}{'retry-after'}, qr/^[1-9]\d*$/, 'and when to come again';
my @jobs = finish($t, \@first);
is join(' ', uniq map { $_->{status} . error_of($_) } @jobs), 'COMPLETED', 'all that it took complete';

# Finished jobs make room, oldest first.
my $next;
wait_until { ($next = submit($t, 'Next. [[duration=1]]'))->{status} == 202 };
is $next->{status}, 202, 'finished jobs make room for new ones';
finish($t, [$next]);
my (undef, @second) = fill('Again.');
cmp_ok scalar(@second), '>', 10, 'for many';
# By their ends: jobs that run beside one another end in any order, and a worker may stand still
# between an end and the zone's knowing of it.
my (@gone, @left);
push @{ status_of($first[$_]) == 410 ? \@gone : \@left }, seconds_of($jobs[$_]{completedAt}) for 0 .. $#first;
ok @gone > 0, 'the oldest are gone';
cmp_ok max(@gone), '<', min(@left, 9e9) + 0.25, 'and all that are gone are older than those left';
is join(' ', uniq map { $_->{status} . error_of($_) } finish($t, \@second)), 'COMPLETED',
    'no running job was among them';

# Long answers are cut at a character's end.
my $job = run_job($t, 'Long. [[answer_size=20000]] [[duration=1]]');
is length $job->{answer}, 4096, 'a long answer is cut at max_answer';
ok $job->{answerTruncated}, 'and marked';
my $umlauts = 'a' . "\x{fc}" x 3000;
$job = run_job($t, "Long. [[answer=$umlauts]] [[duration=1]]");
is $job->{answer}, substr($umlauts, 0, 2048), 'at a character\'s end';
my $quotes = '"' x 4000;
$job = run_job($t, "Long. [[answer=$quotes]] [[duration=1]]");
is $job->{answer}, $quotes, 'what JSON escapes is not counted twice';
ok !exists $job->{answerTruncated}, 'what is whole is not marked';

# More and bigger answers than the zone holds: they take the place of the oldest,
# or are cut.
$t->emulator->reset;
my (undef, @big) = fill('Big. [[answer_size=4000]]');
my @kept;
ok wait_until {
    @kept = grep { $_ } map { job_of($t, $_) } @big;
    !grep { $_->{status} !~ /COMPLETED|FAILED/ } @kept
}, 'many big answers: all jobs end';
cmp_ok scalar(@kept), '>', 5, 'many are there';
is join(' ', uniq map { $_->{status} . error_of($_) } @kept), 'COMPLETED', 'none has failed';
is scalar(grep { length $_->{answer} < 256 } @kept), 0, 'each with an answer worth its name';
is scalar(grep { length $_->{answer} < 4000 && !$_->{answerTruncated} } @kept), 0,
    'marked where it is cut';
ok wait_until { !$t->emulator->stats->{threads} && !grep { $_->{thread_exists} } @{ $t->emulator->runs } },
    'those that had to go were brought to their end';
is scalar(grep { !$_->{first_seen_final_ms} } @{ $t->emulator->runs }), 0, 'each had its answer read';

# Jobs past their ttl are gone.
my @short = map { submit($t, 'Hello. [[duration=1]]', path => '/short') } 1 .. 20;
is scalar(grep { $_->{status} == 202 } @short), 20, 'a zone with a short ttl takes jobs';
ok wait_until { !grep { status_of($_) != 410 } @short }, 'and forgets them in time';
is submit($t, 'Hello.', path => '/short')->{status}, 202, 'which makes room';

done_testing;
