package Edgerun::Storm;

# Clients that submit, poll, wait for, cancel and erase jobs from processes of their own,
# while the test does things to NGINX; and whether all promises were kept
# (Edgerun::History). In short:
#
#     $t->write_conf(storm_conf());
#     my $storm = Edgerun::Storm->new($t);
#     $storm->start;
#     for (1 .. rounds()) {
#         $storm->await_jobs(20);
#         $storm->kill_everything;
#     }
#     $storm->stop;
#     $storm->keeps_promises('name');
#
# EDGERUN_STORM_ROUNDS: rounds of a test; unless told 5, and 2 where it is run once more for
# another dialect.

use strict;
use warnings;

use Carp qw(croak);
use Digest::SHA qw(sha256_hex);
use Exporter qw(import);
use List::Util qw(min shuffle);
use POSIX ();
use Test::More ();
use Time::HiRes qw(sleep);

use Edgerun::Dialects ();
use Edgerun::History qw(now read_events runs_at check report);
use Edgerun::Http;
use Edgerun::Jobs;
use Edgerun::Process;
use Edgerun::Wait qw(wait_until);

our @EXPORT = qw(storm_conf rounds);

# What a client does next: so many times of a hundred. What is left: polls.
my %SHARES = (submit => 35, cancel => 2, delete => 2, wait => 2);

# An answer that comes later is as good as none.
use constant PATIENCE => 3;

# Rounds of this test; as many as told unless the environment says.
sub rounds { return $ENV{EDGERUN_STORM_ROUNDS} || $_[0] // (Edgerun::Dialects::dialect() eq 'assistants' ? 5 : 2) }

# storm_conf(OPTIONS): text for http {}: as of jobs_conf(), with a journal. OPTIONS: sync
# ("always"), provider { directive => value }, http more text.
sub storm_conf {
    my (%options) = @_;
    my $sync = $options{sync} // 'always';
    return jobs_conf(
        provider => {
            poll_interval => '200ms',
            run_timeout   => '10m',
            start_grace   => '1s',
            %{ $options{provider} // {} },
        },
        zone => "zone=jobs:64m journal=%%TESTDIR%%/journal sync=$sync",
        http => $options{http},
    );
}

# new(T, OPTIONS): OPTIONS:
#   clients  how many (3)
#   pause    seconds between two requests of a client (0.02)
#   shares   { submit, cancel, delete, wait => of a hundred requests }
#   query    the text of all queries ("Weather?")
sub new {
    my ($class, $t, %options) = @_;
    my $self = bless {
        t       => $t,
        clients => $options{clients} // 3,
        pause   => $options{pause} // 0.02,
        query   => $options{query} // 'Weather?',
        shares  => { %SHARES, %{ $options{shares} // {} } },
        history => $t->dir . '/history',
        pids    => [],
    }, $class;
    mkdir $self->{history} or croak "$self->{history}: $!";
    $self->{token} = { map { $_ => Edgerun::Jobs::token_of($t, $_) } $self->_users };
    $self->{own} = Edgerun::History->new($self->{history});
    # Of the master, about workers that were killed.
    $t->allow_log(qr/worker process \d+ exited on signal 9/, qr/zone "[^"]*" was locked by \d+/);
    return $self;
}

sub _users { my ($self) = @_; return map { "client-$_" } 1 .. $self->{clients} }

# ----------------------------------------------------------------- the clients

sub start {
    my ($self) = @_;
    alarm(300 + 30 * rounds()) if !$ENV{EDGERUN_TIMEOUT};
    unlink $self->_stop_file;
    for my $user ($self->_users) {
        my $pid = fork // croak "fork: $!";
        $self->_be_client($user) if $pid == 0;
        push @{ $self->{pids} }, $pid;
    }
    return;
}

# Each finishes the request that it has begun.
sub stop {
    my ($self) = @_;
    open my $file, '>', $self->_stop_file or croak "$!";
    close $file;
    waitpid $_, 0 for splice @{ $self->{pids} };
    return;
}

sub _stop_file { return "$_[0]{history}/stop" }

# Until so many more jobs have been acknowledged.
sub await_jobs {
    my ($self, $more) = @_;
    my $from = $self->acknowledged;
    wait_until { $self->acknowledged >= $from + $more } 60
        or croak 'no jobs are accepted any more: ' . join ' ', $from, $self->acknowledged;
    return;
}

sub acknowledged {
    my ($self) = @_;
    return scalar grep { /"op":"submit"/ && /"outcome":"ok"/ }
        map { split /\n/, Edgerun::Process::slurp($_) } glob "$self->{history}/*.jsonl";
}

# Never returns: what is the parent's, and its END blocks, are left alone.
sub _be_client {
    my ($self, $user) = @_;
    $SIG{$_} = 'DEFAULT' for qw(INT TERM HUP ALRM);
    srand $$;
    my $parent = getppid;
    my $client = {
        %$self,
        user => $user, own => Edgerun::History->new($self->{history}), count => 0,
        open => [], again => [],
    };
    bless $client, ref $self;
    eval {
        until (-e $self->_stop_file || getppid != $parent) {
            $client->_act;
            sleep $self->{pause};
        }
        1;
    } or print STDERR "a client of the storm died: $@";
    POSIX::_exit(0);
}

sub _act {
    my ($self) = @_;
    my $dice = rand 100;
    my $shares = $self->{shares};
    return $self->_submit if ($dice -= $shares->{submit}) < 0;
    my $job = $self->_some_job or return;
    for my $op (qw(cancel delete wait)) {
        return $self->_ask($op, $job) if ($dice -= $shares->{$op}) < 0;
    }
    return $self->_ask('poll', $job);
}

# Mostly a new one, where changes are.
sub _some_job {
    my ($self) = @_;
    my $jobs = $self->{open};
    my $recent = min(scalar @$jobs, rand() < 0.8 ? 10 : 1000);
    return $recent && $jobs->[ @$jobs - 1 - int rand $recent ];
}

# Half of them with a key, again until there is an answer, and sometimes once more.
sub _submit {
    my ($self) = @_;
    my $submit = shift @{ $self->{again} } // $self->_new_submit;
    my $event = $self->_request(
        { op => 'submit', defined $submit->{key} ? (key => $submit->{key}) : () },
        'POST', '/jobs',
        json    => { query => $submit->{query} },
        headers => [ defined $submit->{key} ? ('Idempotency-Key' => qq("$submit->{key}")) : () ],
    );
    my $is_known = $event->{outcome} eq 'ok';
    push @{ $self->{open} }, $event->{id} if $is_known && !grep { $_ eq $event->{id} } @{ $self->{open} };
    push @{ $self->{again} }, $submit if defined $submit->{key} && (!$is_known || rand() < 0.1);
    return;
}

sub _new_submit {
    my ($self) = @_;
    my $number = ++$self->{count};
    return { query => "$self->{query} $number", key => $number % 2 ? "$self->{user}-$$-$number" : undef };
}

# ------------------------------------------------------------------- requests

my %REQUESTS = (
    poll   => [ 'GET',    '' ],
    wait   => [ 'GET',    '', headers => [ Prefer => 'wait=1' ] ],    # for a change
    cancel => [ 'POST',   '/cancel' ],
    delete => [ 'DELETE', '' ],
);

sub _ask {
    my ($self, $op, $id) = @_;
    my ($method, $tail, %options) = @{ $REQUESTS{$op} };
    return $self->_request({ op => $op, id => $id }, $method, "/jobs/$id$tail", %options);
}

# Notes what was asked and answered; that event.
sub _request {
    my ($self, $event, $method, $uri, %options) = @_;
    my $user = $self->{user};
    @$event{qw(user begin)} = ($user, now());
    my $answer = eval {
        $self->{connection} //= Edgerun::Http->new($self->{t}->port(0));
        $self->{connection}
            ->request($method, $uri, token => $self->{token}{$user}, timeout => PATIENCE, %options);
    };
    delete $self->{connection} if !$answer || ($answer->{headers}{connection} // '') =~ /close/;
    $event->{end} = now();
    $self->_judge($event, $answer);
    $self->{own}->note(%$event);
    return $event;
}

sub _judge {
    my ($self, $event, $answer) = @_;
    my $status = $event->{http} = $answer && $answer->{status};
    $event->{outcome} =
          !defined $status                              ? 'info'
        : $status == 503                                ? 'info'
        : $status == 409 && defined $event->{key}       ? 'info'    # the first request is not over
        : $status =~ /^20[024]$/                        ? 'ok'
        : $status =~ /^4(?:04|10)$/ && defined $event->{id} ? 'gone'
        :                                                 'odd';
    my $job = $answer && $answer->{json};
    if ($event->{outcome} eq 'ok' && $job) {
        @$event{qw(id status version)} = @$job{qw(id status version)};
        $event->{error} = $job->{error}{message} if $job->{error};
        $event->{digest} = substr sha256_hex($answer->{body}), 0, 16;
    }
    return;
}

# ---------------------------------------------------------------- the nemesis

# nemesis(WHAT, CODE): noted as an event.
sub nemesis {
    my ($self, $what, $code) = @_;
    my $begin = now();
    $code->();
    $self->{own}->note(op => 'nemesis', outcome => 'ok', what => $what, begin => $begin, end => now());
    return;
}

sub kill_worker {
    my ($self) = @_;
    my ($pid) = shuffle $self->{t}->worker_pids;
    $self->nemesis("kill worker $pid", sub { $self->{t}->kill_worker($pid) });
    return;
}

sub kill_workers {
    my ($self) = @_;
    my $t = $self->{t};
    my %old = map { $_ => 1 } $t->worker_pids;
    $self->nemesis('kill all workers', sub {
        kill 'KILL', keys %old;
        wait_until { my @now = grep { !$old{$_} } $t->worker_pids; @now == keys %old }
            or croak 'workers were not replaced';
    });
    return;
}

sub kill_everything {
    my ($self) = @_;
    $self->nemesis('kill everything', sub { $self->{t}->kill_all });
    $self->{t}->run;
    return;
}

# The workers serve on without a master, for a while.
sub kill_master {
    my ($self) = @_;
    my $t = $self->{t};
    $self->nemesis('kill the master', sub {
        my @workers = $t->worker_pids(1);
        $t->kill_master;
        $self->await_jobs(5);
        kill 'KILL', @workers;
        wait_until { !grep { Edgerun::Process::is_alive($_) } @workers };
    });
    $t->run;
    return;
}

sub reload {
    my ($self) = @_;
    $self->nemesis('reload', sub { $self->{t}->reload or croak 'no reload' });
    return;
}

# stop_worker(SECONDS): stands still so long.
sub stop_worker {
    my ($self, $seconds) = @_;
    my ($pid) = shuffle $self->{t}->worker_pids;
    $self->nemesis("stop worker $pid", sub {
        kill 'STOP', $pid;
        sleep $seconds;
        kill 'CONT', $pid;
    });
    return;
}

# ------------------------------------------------------------------ the verdict

# settle(TIMEOUT): polls all acknowledged jobs until they are final, and once more.
sub settle {
    my ($self, $timeout) = @_;
    my %open = $self->_acknowledged;
    wait_until {
        for my $id (sort keys %open) {
            my $event = $self->_poll_as($open{$id}, $id);
            delete $open{$id} if _is_over($event);
        }
        return !%open;
    } $timeout // 120;
    $self->survey;
    return;
}

# Polls all acknowledged jobs.
sub survey {
    my ($self) = @_;
    my %user_of = $self->_acknowledged;
    $self->_poll_as($user_of{$_}, $_) for sort keys %user_of;
    return;
}

# id => user
sub _acknowledged {
    my ($self) = @_;
    return map { $_->{id} => $_->{user} }
        grep { $_->{op} eq 'submit' && $_->{outcome} eq 'ok' } @{ read_events($self->{history}) };
}

sub _poll_as {
    my ($self, $user, $id) = @_;
    local $self->{user} = $user;
    return $self->_ask('poll', $id);
}

sub _is_over {
    my ($event) = @_;
    return $event->{outcome} eq 'gone' || ($event->{status} // '') =~ /^(?:COMPLETED|FAILED|CANCELLED)$/;
}

# The broken promises, and a report.
sub broken {
    my ($self) = @_;
    # With tools a job goes on in another response, or completion, after each round.
    my @starts = grep { $_->{kind} eq 'run' || !$_->{rounds} } @{ $self->{t}->emulator->runs };
    my ($events, $runs) = (read_events($self->{history}), runs_at(\@starts));
    my $broken = check($events, $runs);
    return wantarray ? ($broken, report($events, $runs, $broken)) : $broken;
}

# One test: settles, and checks the history.
sub keeps_promises {
    my ($self, $name) = @_;
    $self->settle;
    my ($broken, $report) = $self->broken;
    Test::More::note($report);
    return Test::More::ok(!@$broken, $name) || Test::More::diag($report);
}

1;
