#!/usr/bin/env perl
# Jobs of one thread run one after another, in the order of their acceptance, whatever
# becomes of those before them, of their worker, or of NGINX.
use FindBin;
use lib "$FindBin::Bin/lib";
use Edgerun::Test;
use Edgerun::Dialects;
use Edgerun::Jobs;
use List::Util qw(uniq);

my $t = Edgerun::Test->new;
$t->start_emulator(cancel => 50);
my $emulator = $t->emulator;
$t->write_conf(
    jobs_conf(
        provider => { keep_threads => 'on', run_timeout => '5m' },
        zone     => 'zone=jobs:8m journal=%%TESTDIR%%/journal sync=off',
    )
);
$t->run;
my $ready = wait_until { my $answer = submit($t, 'Ready?'); $answer->{status} == 202 && $answer };
finish($t, [$ready]);

my %alice = (token => Edgerun::Jobs::token_of($t, 'alice'));
sub cancel { return $t->post("$_[0]{headers}{location}/cancel", %alice)->{json}{status} }

# A thread, and jobs that are to go on in it; the first one runs.
sub thread_with {
    my (@durations) = @_;
    my $thread = run_job($t, 'Begin.')->{threadId};
    my $number = 0;
    my @answers = map { submit($t, 'Number ' . ++$number . ". [[duration=$_]]", threadId => $thread) } @durations;
    await_run($t, $answers[0]);
    return @answers;
}

sub statuses { return join ' ', map { job_of($t, $_)->{status} } @_ }

# The jobs whose run began before the one before it had ended.
sub too_early {
    my (@jobs) = @_;
    my @runs = map { runs_of($t, $_) } @jobs;
    return join ' ', map { $runs[$_]{question} }
        grep { $runs[$_]{created_ms} < ($runs[ $_ - 1 ]{final_at_ms} // 9e15) } 1 .. $#runs;
}

# --------------------------------------------------------------------- order

my @answers = thread_with(1500, 300, 100, 100);
is join(' ', uniq map { $_->{status} } @answers), '202', 'jobs of a thread are all accepted';
my @jobs = finish($t, \@answers);
is join(' ', map { $_->{status} . error_of($_) } @jobs), 'COMPLETED COMPLETED COMPLETED COMPLETED', 'all complete';
is join(' ', run_counts($t, @jobs)), '1 1 1 1', 'each by one run';
is too_early(@jobs), '', 'one after another';

# Without a moment between them, in one connection and in several.
@answers = thread_with(500);
my $thread = job_of($t, $answers[0])->{threadId};
my $line = $t->connect;
$line->write(join '', map { Edgerun::Http::format_request('POST', '/jobs', %alice,
    json => { query => "In line $_. [[duration=1]]", threadId => $thread }) } 10 .. 29);
finish($t, [ map { $line->read_response } 10 .. 29 ]);
my @lined = sort { $a->{created_ms} <=> $b->{created_ms} } grep { $_->{question} =~ /^In line/ } @{ $emulator->runs };
is join(' ', map { $_->{question} =~ /(\d+)/ } @lined), join(' ', 10 .. 29), 'also those of one millisecond';
my @at_once = map { $t->connect } 1 .. 6;
$_->write(Edgerun::Http::format_request('POST', '/jobs', %alice,
    json => { query => 'At once. [[duration=200]]', threadId => $thread })) for @at_once;
my @taken = map { $_->read_response } @at_once;
is join(' ', uniq map { $_->{status} } @taken), '202', 'jobs that come at once are accepted';
@jobs = finish($t, \@taken);
is join(' ', uniq map { $_->{status} . error_of($_) } @jobs), 'COMPLETED', 'and complete';
my @runs = sort { $a->{created_ms} <=> $b->{created_ms} } grep { $_->{question} eq 'At once.' } @{ $emulator->runs };
is scalar @runs, 6, 'each by one run';
is scalar(grep { $runs[$_]{created_ms} < $runs[ $_ - 1 ]{final_at_ms} } 1 .. $#runs), 0, 'one after another';

# ------------------------------------------------------------------ who leaves

@answers = thread_with(60_000, 100, 100, 100);
is statuses(@answers), 'RUNNING PENDING PENDING PENDING', 'one runs, and the others wait';
is job_of($t, $answers[1])->{threadId}, job_of($t, $answers[0])->{threadId}, 'a job that waits shows its thread';
is cancel($answers[2]), 'CANCELLED', 'a job that waits is cancelled';
is statuses(@answers), 'RUNNING PENDING CANCELLED PENDING', 'the others are not';
is cancel($answers[0]), 'CANCELLED', 'the job that runs is cancelled';
@jobs = finish($t, \@answers);
is join(' ', map { $_->{status} . error_of($_) } @jobs), 'CANCELLED COMPLETED CANCELLED COMPLETED', 'the others have their turn';
is join(' ', run_counts($t, @jobs)), '1 1 0 1', 'each by its run';
is too_early(@jobs[ 1, 3 ]), '', 'one after another';
# A run that ends with its connection has ended for the next one when that is closed; the
# emulator may hear of it a little later.
is too_early(@jobs[ 0, 1 ]), '', 'when the provider has ended the first' if dialect('runs_on');

@answers = thread_with(60_000, 100);
is $t->request('DELETE', $answers[0]{headers}{location}, %alice)->{status}, 204, 'the job that runs is erased';
@jobs = finish($t, [ $answers[1] ]);
is $jobs[0]{status} . error_of($jobs[0]), 'COMPLETED', 'the next one has its turn';

@answers = thread_with(800, 100);
push @answers, submit($t, 'Fail. [[error=invalid_prompt:No.]]', threadId => $answers[0]{json}{threadId} // $thread);
push @answers, submit($t, 'After. [[duration=100]]', threadId => job_of($t, $answers[2])->{threadId});
is join(' ', map { $_->{status} } finish($t, \@answers)), 'COMPLETED COMPLETED FAILED COMPLETED', 'a job fails, and the next goes on';

# -------------------------------------------------- workers, reloads, restarts

# The first may be lost with its worker, where nobody can find its run; the others must not.
sub is_in_order {
    my ($name, @ends) = @_;
    is ended_badly($t, @ends), '', "$name: all jobs complete, each by one run";
    is join(' ', uniq map { $_->{status} } @ends[ 1 .. $#ends ]), 'COMPLETED', "$name: those who waited, whatever became of the first";
    is too_early(grep { runs_of($t, $_) } @ends), '', "$name: one after another";
    return;
}

@answers = thread_with(3000, 100, 100);
my @pids = $t->worker_pids;
$t->allow_log(map { (qr/worker process $_ exited on signal 9/, qr/was locked by $_/) } @pids);
kill 'KILL', @pids;
wait_until { my %new = map { $_ => 1 } $t->worker_pids; keys %new == 2 && !grep { $new{$_} } @pids };
is_in_order('workers are killed', finish($t, \@answers));

@answers = thread_with(2000, 100, 100);
ok $t->reload, 'a reload';
@jobs = finish($t, \@answers);
is_in_order('a reload', @jobs);
is $jobs[0]{status}, 'COMPLETED', 'a reload: the first completes as well';

@answers = thread_with(3000, 100, 100);
$t->kill_all;
$t->run;
wait_until { $t->get($answers[0]{headers}{location}, %alice)->{status} == 200 };
@jobs = finish($t, \@answers);
is_in_order('a restart', @jobs);
is run_job($t, 'And now?', threadId => $jobs[0]{threadId})->{status}, 'COMPLETED', 'a restart: the thread goes on';
is submit($t, 'Whose?', threadId => $jobs[0]{threadId}, user => 'eve')->{status}, 404, 'a restart: for its user';

done_testing;
