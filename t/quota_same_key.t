#!/usr/bin/env perl
# Two requests with one key come to two workers at the same moment, and what is left of the quota
# is for one: the second is told of the first one's job, or takes its place, and is never refused
# for what the first one took.
use FindBin;
use lib "$FindBin::Bin/lib";
use Edgerun::Test;
use Edgerun::Dialects qw(responses);
use Edgerun::Jobs;
use Edgerun::Process;
use Edgerun::Quotas;
use List::Util qw(uniq);

my %DURABLE = (zone => 'zone=jobs:8m journal=%%TESTDIR%%/journal sync=off', quotas => 'journal=%%TESTDIR%%/quotas');

for my $form ([ 'in memory', zone => 'zone=jobs:8m' ], [ 'with journals', %DURABLE ]) {
    my ($name, %zones) = @$form;
    my $t = Edgerun::Test->new(crashing => 1);
    $t->start_emulator(duration => 20);
    $t->write_conf(quota_conf(['limit=1 period=month'], %zones), main => 'env EDGERUN_CRASH_FILE;');
    $t->run;
    wait_until { submit($t, 'Ready?', user => 'nobody')->{status} == 202 };
    is_told_of_the_first($t, $name);
    takes_the_place_of_the_dead($t, $name);
    waits_a_second($t, $name);
    may_leave($t, $name);
    outlasts_a_reload($t, $name);
    $t->stop;
}

sub is_told_of_the_first {
    my ($t, $name) = @_;
    my ($number, $user, $first, $second) = 0;
    wait_until {
        $user = "$name, told " . ++$number;
        ($first, $second) = pair($t, $user);
        return $first->{status} != 503 && $second->{status} != 409;    # nor did the machine stand still
    };
    is $first->{status}, 202, "$name: the first is accepted";
    is $second->{status}, 202, '... the second as well';
    is $second->{json}{id}, $first->{json}{id}, '... as the same job';
    is $second->{headers}{'idempotency-replayed'}, 'true', '... which it is told';
    is settled($t, 1, user => $user), '1/0', '... and that cost once';
    return;
}

# The worker of the first is killed where it stands.
sub takes_the_place_of_the_dead {
    my ($t, $name) = @_;
    my $user = "$name, dies";
    my ($worker) = stop_at_the_last($t, $user);
    my $second = ask($t, $user);
    is_still_served($t);
    $t->kill_worker($worker);
    my $answer = answer_to($t, $user, $second);
    is $answer->{status}, 202, "$name: the first one's worker dies: the second is accepted";
    is $answer->{headers}{'idempotency-replayed'}, undef, '... as the first';
    is settled($t, 1, user => $user), '1/0', '... and costs once';
    return;
}

# Whether the first will be accepted nobody knows: then 409 says so, as it does for slow disks.
sub waits_a_second {
    my ($t, $name) = @_;
    my $number = 0;
    my $answer = wait_until {
        my $user = "$name, slow " . ++$number;
        my ($worker) = stop_at_the_last($t, $user);
        my $answer = ask($t, $user)->read_response;
        goes_on($worker);
        return $answer->{status} == 409 && $answer;    # likewise
    } || {};
    is $answer->{status}, 409, "$name: the first stands still: the second is to come again";
    is $answer->{headers}{'retry-after'}, 1, '... soon';
    return;
}

sub may_leave {
    my ($t, $name) = @_;
    my $user = "$name, leaves";
    my ($worker, $first) = stop_at_the_last($t, $user);
    ask($t, $user)->close;
    is_still_served($t);
    goes_on($worker);
    is answer_to($t, $user, $first)->{status}, 202, "$name: the second leaves: the first is accepted";
    is settled($t, 1, user => $user), '1/0', '... and costs once';
    return;
}

sub outlasts_a_reload {
    my ($t, $name) = @_;
    my $user = "$name, reload";
    my ($worker, $first) = stop_at_the_last($t, $user);
    my ($other) = grep { $_ != $worker } $t->worker_pids;
    my $second = ask($t, $user);
    is_still_served($t);
    kill 'HUP', $t->pid;
    ok wait_until { !grep { $_ == $other } $t->worker_pids }, "$name: a worker leaves while the second waits in it";
    goes_on($worker);
    my @answers = map { answer_to($t, $user, $_) } $first, $second;
    is join(' ', map { $_->{status} =~ s/200/202/r } @answers), '202 202', '... both are accepted';
    is scalar(uniq map { $_->{json}{id} } @answers), 1, '... as one job';
    is settled($t, 1, user => $user), '1/0', '... and cost once';
    return;
}

# ------------------------------------------------------------------ the steps

# Both answers to requests of which the second came while the first had taken what was left.
sub pair {
    my ($t, $user) = @_;
    my ($worker, $first) = stop_at_the_last($t, $user);
    my $second = ask($t, $user);
    is_still_served($t);
    goes_on($worker);
    return map { $_->read_response || die "no answer\n" } $first, $second;
}

# A worker that stands still between the quota and the job, and whom it serves.
sub stop_at_the_last {
    my ($t, $user) = @_;
    $t->crash_at('stop quota_taken');
    my $connection = ask($t, $user);
    my $worker = wait_until { (Edgerun::Process::stopped($t->worker_pids))[0] } or die "no worker stands still\n";
    return ($worker, $connection);
}

sub goes_on { kill 'CONT', $_[0]; return }

sub request_of {
    my ($t, $user) = @_;
    return (json => { query => 'Hello.' }, token => Edgerun::Jobs::token_of($t, $user),
        headers => [ 'Idempotency-Key' => 'same' ]);
}

sub ask {
    my ($t, $user) = @_;
    my $connection = $t->connect;
    $connection->write(Edgerun::Http::format_request('POST', '/jobs', request_of($t, $user)));
    return $connection;
}

# Whoever came before has had its turn.
sub is_still_served {
    my ($t) = @_;
    usage_of($t) or die "no answer\n";
    return;
}

# What a client makes of it that comes again when it is told to, as to a machine that is slow.
sub answer_to {
    my ($t, $user, $connection) = @_;
    my $answer = $connection->read_response;
    wait_until {
        $answer = $t->post('/jobs', request_of($t, $user)) if !$answer || $answer->{status} =~ /^(?:409|503)$/;
        return $answer && $answer->{status} !~ /^(?:409|503)$/;
    };
    return $answer;
}

done_testing;
