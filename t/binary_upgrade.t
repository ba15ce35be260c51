#!/usr/bin/env perl
# A new binary takes over while the old one runs (USR2): jobs of the old one are
# told to be elsewhere, never to be unknown, and go on in the new one at once when the old one
# quits.
use FindBin;
use lib "$FindBin::Bin/lib";
use Edgerun::Test;
use Edgerun::Dialects;
use Edgerun::Jobs;
use Edgerun::Process;
use List::Util qw(uniq);

my $t = Edgerun::Test->new;
$t->start_emulator(duration => 4000, jitter => 3000);
my $emulator = $t->emulator;
$t->write_conf(
    jobs_conf(
        provider => { poll_interval => '200ms', run_timeout => '60s', start_grace => '1s' },
        zone     => 'zone=jobs:4m journal=%%TESTDIR%%/journal',
    ),
    # NGINX hands its new binary no other variables.
    main => 'env EDGERUN_JWT_SECRET; env OPENAI_API_KEY;'
);
start_daemon();
wait_until { submit($t, 'Ready? [[duration=1]]')->{status} == 202 };

my $connection = $t->connect;
my @answers = map { submit($t, "Job $_", on => $connection) } 1 .. 40;
undef $connection;
is join(' ', uniq map { $_->{status} } @answers), '202', 'jobs run in the old binary';

my $old = $t->pid;
my $new = upgrade();
ok $new, 'a new binary starts';
my @seen;
for (1 .. 40) {
    my $answer = poll($answers[ $_ - 1 ]);
    push @seen, $answer->{status};
}
is join(' ', grep { !/^(?:200|503)$/ } @seen), '', 'meanwhile, each job is there or is said to be elsewhere';
push @answers, grep { $_->{status} == 202 } map { submit($t, "New $_") } 1 .. 10;

kill 'QUIT', $old;
ok wait_until { !Edgerun::Process::is_alive($old) }, 'the old binary quits';
my @jobs = finish($t, \@answers);
is ended_badly($t, @jobs), '', 'all jobs complete, each by one run';

sub poll {
    my ($answer) = @_;
    my $path = $answer->{headers}{location} =~ s{^https?://[^/]+}{}r;
    return $t->get($path, token => Edgerun::Jobs::token_of($t, 'alice'));
}

# NGINX takes a master that is its starter's child for the new binary, and refuses.
sub start_daemon {
    my ($status, $output) = Edgerun::Process::capture($t->_environment, $t->_command('nginx.conf'));
    is "$status$output", '0', 'NGINX starts as a daemon';
    $t->{pid} = new_master(0);
    return;
}

sub upgrade {
    kill 'USR2', $t->pid;
    return new_master($t->pid);
}

# The pid of a master other than `old`, once it has its workers.
sub new_master {
    my ($old) = @_;
    return wait_until {
        my ($pid) = (Edgerun::Process::slurp($t->dir . '/logs/nginx.pid') || '') =~ /(\d+)/;
        return if !$pid || $pid == $old;
        my @titles = map { Edgerun::Process::title($_) } Edgerun::Process::children($pid);
        return @titles == grep({ /worker process/ } @titles) && @titles == 2 && $pid;
    };
}

$t->{pid} = $new;
$t->stop;
ok !Edgerun::Process::is_alive($new), 'the new binary quits';

done_testing;
