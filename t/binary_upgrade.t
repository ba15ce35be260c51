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
use Edgerun::Upgrade;
use List::Util qw(uniq);

my $t = Edgerun::Test->new;
$t->start_emulator(duration => 4000, jitter => 3000);
my $emulator = $t->emulator;
$t->write_conf(
    jobs_conf(
        provider => { poll_interval => '200ms', run_timeout => '5m', start_grace => '1s' },
        zone     => 'zone=jobs:4m journal=%%TESTDIR%%/journal',
    ),
    # NGINX hands its new binary no other variables.
    main => 'env EDGERUN_JWT_SECRET; env OPENAI_API_KEY;'
);
start_daemon($t);
wait_until { submit($t, 'Ready? [[duration=1]]')->{status} == 202 };

my $connection = $t->connect;
my @answers = map { submit($t, "Job $_", on => $connection) } 1 .. 40;
undef $connection;
is join(' ', uniq map { $_->{status} } @answers), '202', 'jobs run in the old binary';

my $old = $t->pid;
my $new = upgrade($t);
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

$t->{pid} = $new;
$t->stop;
ok !Edgerun::Process::is_alive($new), 'the new binary quits';

done_testing;
