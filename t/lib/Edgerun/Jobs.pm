package Edgerun::Jobs;

# One location of jobs in front of the emulator, and the jobs that a test sends
# there.

use strict;
use warnings;

use Carp qw(croak);
use Exporter qw(import);
use JSON::PP;
use List::Util qw(uniq);

use Edgerun::Dialects ();
use Edgerun::History ();
use Edgerun::Wait qw(wait_until);

our @EXPORT = qw(jobs_conf submit run_job finish job_of await_run runs_of run_counts
    ended_badly queries_sent outputs_sent error_of);

# Fast, so that tests are: short polls, short waits for what will not come.
my %PROVIDER = (
    base_url      => '%%EMULATOR%%',
    api_key       => 'env:OPENAI_API_KEY',
    poll_interval => '100ms',
    run_timeout   => '5m',
    start_grace   => '2s',
);

# jobs_conf(OPTIONS): text for http {}: provider "main" (of the test's dialect), zone "jobs", and a server
# on %%PORT_0%% with /jobs. OPTIONS:
#   provider  { directive => value, or [ values ] for repeated ones, or undef for none }
#   zone      parameters of edgerun_job_zone ("zone=jobs:4m")
#   jobs      more parameters of edgerun_jobs ("mode=sync")
#   http, server, location  more text
sub jobs_conf {
    my (%options) = @_;
    my %given = (%PROVIDER, %{ Edgerun::Dialects::dialect('provider') }, %{ $options{provider} // {} });
    my $zone = $options{zone} // 'zone=jobs:4m';
    my ($jobs, $http, $server, $location) = map { $options{$_} // '' } qw(jobs http server location);
    return provider_block('main', \%given) . <<"END";
    edgerun_job_zone $zone;
    $http
    server {
        listen 127.0.0.1:%%PORT_0%%;
        $server
        location /jobs {
            edgerun_auth_jwt "jobs";
            edgerun_auth_jwt_secret env:EDGERUN_JWT_SECRET;
            edgerun_jobs zone=jobs provider=main $jobs;
            $location
        }
    }
END
}

sub provider_block {
    my ($name, $directives) = @_;
    my @lines;
    for my $directive (sort keys %$directives) {
        my $values = $directives->{$directive};
        push @lines, "        $directive $_;\n"
            for ref $values ? @$values : defined $values ? $values : ();
    }
    return join '', "    edgerun_provider $name {\n", @lines, "    }\n";
}

my %tokens;

# The token of a user of that name.
sub token_of {
    my ($t, $user) = @_;
    return $tokens{$user} //= $t->token({ sub => $user });
}

my ($marks, %mark_of) = (0);

# submit(T, QUERY, OPTIONS): the answer to a POST. OPTIONS: user ("alice"),
# members of the body (threadId, metadata), on => an open connection, path. Where runs do
# not name their job, the query ends with a mark, by which runs_of() knows them.
sub submit {
    my ($t, $query, %options) = @_;
    my $mark = Edgerun::Dialects::dialect('names_jobs') ? '' : ' <q' . ++$marks . '>';
    my %body = (query => "$query$mark");
    $body{$_} = $options{$_} for grep { exists $options{$_} } qw(threadId metadata);
    my @request = (
        $options{path} // '/jobs',
        json  => \%body,
        token => token_of($t, $options{user} // 'alice'),
    );
    my $answer = $options{on} ? $options{on}->post(@request) : $t->post(@request);
    $mark_of{ $answer->{json}{id} } = $mark if $mark && $answer && $answer->{status} =~ /^20[02]$/;
    return $answer;
}

# job_of(T, ANSWER, OPTIONS): the job as a poll shows it now; undef without a 200.
# ANSWER: of submit(), or an earlier view of the job. OPTIONS: user, on.
sub job_of {
    my ($t, $answer, %options) = @_;
    my $from = $options{on} // $t;
    my $poll = $from->get(_path($answer), token => token_of($t, $options{user} // 'alice'));
    return $poll && $poll->{status} == 200 ? $poll->{json} : undef;
}

# run_job(T, QUERY, OPTIONS): submits, and waits until the status is final, or
# matches `until`; the job. OPTIONS: of submit(), until, timeout.
sub run_job {
    my ($t, $query, %options) = @_;
    my $answer = submit($t, $query, %options);
    croak "no job: $answer->{status} $answer->{body}" if $answer->{status} != 202;
    my $last = $t->wait_for_job(
        _path($answer),
        token => token_of($t, $options{user} // 'alice'),
        map { $_ => $options{$_} } grep { exists $options{$_} } qw(until timeout)
    );
    return $last->{json};
}

# finish(T, ANSWERS, OPTIONS): polls all these jobs (as of job_of()) until they
# are final; the jobs, in order. OPTIONS: user, timeout, seen => called with each job that a poll
# shows.
sub finish {
    my ($t, $answers, %options) = @_;
    my @user = exists $options{user} ? (user => $options{user}) : ();
    my $connection;
    my @jobs;
    wait_until {
        $connection //= $t->connect;
        for my $i (0 .. $#$answers) {
            next if $jobs[$i] && is_final($jobs[$i]);
            my $job = eval { job_of($t, $answers->[$i], on => $connection, @user) };
            if (!$job) {
                undef $connection;    # a leaving worker ends its connections
                return 0;
            }
            $jobs[$i] = $job;
            $options{seen}->($job) if $options{seen};
        }
        return !grep { !is_final($_) } @jobs;
    } $options{timeout} // 120;
    return @jobs;
}

sub is_final { return $_[0]{status} =~ /^(?:COMPLETED|FAILED|CANCELLED)$/ }

# await_run(T, ANSWER, OPTIONS): until the job runs, and upstream, too; the job. OPTIONS: of
# job_of(), question as in runs_of().
sub await_run {
    my ($t, $answer, %options) = @_;
    return wait_until {
        my $job = job_of($t, $answer, %options) // return;
        return $job if is_final($job);
        my $is_known = $job->{runId} || !Edgerun::Dialects::dialect('runs_on');
        return $is_known && $job->{status} eq 'RUNNING' && runs_of($t, $job, $options{question}) && $job;
    };
}

# runs_of(T, JOB, QUESTION): the emulator's runs of a job. Of one that did not come from
# submit(), its query without markers has to be told.
sub runs_of {
    my ($t, $job, $question) = @_;
    return grep { _is_run_of($_, $job->{id}, $question) } @{ $t->emulator->runs };
}

# How many runs each of these jobs has.
sub run_counts {
    my ($t, @jobs) = @_;
    my $runs = _runs_by_job($t);
    return map { scalar @{ $runs->{ _key_of($_) } // [] } } @jobs;
}

sub _runs_by_job {
    my ($t) = @_;
    my %runs;
    for my $run (sort { $a->{created_ms} <=> $b->{created_ms} } @{ $t->emulator->runs }) {
        push @{ $runs{ Edgerun::Dialects::dialect('names_jobs') ? $run->{job} : _mark_in($run) } }, $run;
    }
    return \%runs;
}

sub _key_of { my ($job) = @_; return Edgerun::Dialects::dialect('names_jobs') ? $job->{id} : $mark_of{ $job->{id} } }

# What became of jobs whose workers died or left, other than the dialect allows.
sub ended_badly {
    my ($t, @jobs) = @_;
    my $runs = _runs_by_job($t);
    my @runs = map { _seen_runs(@{ $runs->{ _key_of($_) } // [] }) } @jobs;
    my $well = Edgerun::Dialects::dialect('carried_on');
    my @ends = map { "$jobs[$_]{status} " . ($jobs[$_]{error}{error} // '') . " $runs[$_]" } 0 .. $#jobs;
    return join ', ', uniq grep { !/$well/ } @ends;
}

# How many they are, but for those that ended unseen before the next one.
sub _seen_runs {
    my @times = map { { created => $_->{created_ms} / 1000, ended => ($_->{final_at_ms} // 9e15) / 1000 } } @_;
    return @_ - grep { Edgerun::History::ended_unseen(@times[ $_ - 1, $_ ]) } 1 .. $#times;
}

# The outputs of tools that the provider was given: { id of the call => output }.
sub outputs_sent {
    my ($t) = @_;
    return {
        map { Edgerun::Dialects::dialect('outputs')->(JSON::PP->new->decode($_->{body})) }
            @{ $t->emulator->log(call => Edgerun::Dialects::call('outputs')) }
    };
}

sub _is_run_of {
    my ($run, $id, $question) = @_;
    return $run->{job} eq $id if Edgerun::Dialects::dialect('names_jobs');
    return $run->{question} eq $question if defined $question;
    return _mark_in($run) eq ($mark_of{$id} // croak "job $id did not come from submit()");
}

# What a location adds to a query stands behind it.
sub _mark_in { return $_[0]{question} =~ /( <q\d+>)(?:\n|$)/ ? $1 : '' }

# The texts that the provider was asked, in order, as jobs begin.
sub queries_sent {
    my ($t) = @_;
    return map { Edgerun::Dialects::dialect('texts')->(JSON::PP->new->decode($_->{body})) }
        @{ $t->emulator->log(call => Edgerun::Dialects::call('query')) };
}

# "502 RunFailed: text", or '' without an error.
sub error_of {
    my ($job) = @_;
    my $error = $job->{error} or return '';
    return "$error->{statusCode} $error->{error}: $error->{message}";
}

sub _path {
    my ($job) = @_;
    my $location = ref $job->{headers} ? $job->{headers}{location} : "/jobs/$job->{id}";
    return $location =~ s{^https?://[^/]+}{}r;
}

1;
