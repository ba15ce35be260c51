#!/usr/bin/env perl
# What was used is not forgotten: by a reload never, with a journal not by a restart either,
# however NGINX ended and whatever the disk did.
use FindBin;
use lib "$FindBin::Bin/lib";
use Edgerun::Test;
use Edgerun::Calendar;
use Edgerun::Dialects qw(responses);
use Edgerun::Disk;
use Edgerun::Jobs;
use Edgerun::Process;
use Edgerun::Quotas;

my @QUOTAS = ('limit=1000 period=month', 'unit=tokens limit=unlimited period=month reserve=100');

# NGINX whose jobs, or quotas, have a journal. One worker: it writes one thing after the other.
sub start {
    my (%journals) = @_;
    begin_within('month');
    my $t = Edgerun::Test->new(workers => 1);
    $t->start_emulator(duration => 50);
    $t->write_conf(quota_conf(
        \@QUOTAS,
        zone     => 'zone=jobs:8m' . ($journals{jobs} ? ' journal=%%TESTDIR%%/journal sync=off' : ''),
        quotas   => $journals{quotas} ? 'journal=%%TESTDIR%%/quotas' : undef,
        provider => { run_timeout => '5m', start_grace => '1s' },
    ));
    return $t;
}

# Uses so many requests, of 10 tokens each.
sub spend {
    my ($t, $count, %options) = @_;
    my @answers = map { insist($t, '[[usage=7,3]] Hello.', %options) } 1 .. $count;
    finish($t, \@answers, %options);
    return;
}

# "REQUESTS TOKENS", when nothing is held any more.
sub stands {
    my ($t, $requests, $tokens, %options) = @_;
    my $now = '';
    wait_until {
        my $quotas = usage_of($t, %options) // return;
        $now = join ' ', map { $_->{used} } @$quotas;
        return $now eq "$requests $tokens" && !grep { $_->{reserved} } @$quotas;
    };
    return $now;
}

sub restart {
    my ($t, $how) = @_;
    return $t->stop($how), $t->run if $how ne 'kill -9';
    kill_all($t);
    return $t->run;
}

# Whoever is accepted is written when he hears of it, but how a job ended a little later than it is
# shown: so somebody comes after all those.
sub kill_all {
    my ($t) = @_;
    insist($t, 'the last one', user => 'zoe');
    $t->kill_all;
    return;
}

sub files { my ($t) = @_; my @files = glob $t->dir . '/quotas/*.quota'; return @files }

# ------------------------------------------------------------ without a journal

my $t = start();
$t->run;
spend($t, 3);
is stands($t, 3, 30), '3 30', 'in memory: jobs cost';
ok $t->reload, 'a reload';
is stands($t, 3, 30), '3 30', 'changes nothing';
$t->kill_worker($_) for $t->worker_pids;
is stands($t, 3, 30), '3 30', 'nor do workers that die';
restart($t, 'QUIT');
is stands($t, 0, 0), '0 0', 'a restart begins anew';
$t->stop;

# --------------------------------------------------------------- with a journal

for my $jobs (0, 1) {
    my $name = $jobs ? 'both journals' : 'a journal of quotas alone';
    $t = start(quotas => 1, jobs => $jobs);
    $t->run;
    my $spent = 0;
    for my $how (qw(QUIT TERM), 'kill -9', 'kill -9') {
        spend($t, 3);
        spend($t, 1, user => 'bob');
        $spent += 3;
        is stands($t, $spent, 10 * $spent), "$spent ${spent}0", "$name: jobs cost";
        restart($t, $how);
        is stands($t, $spent, 10 * $spent), "$spent ${spent}0", "$name: $how forgets nothing";
        is stands($t, $spent / 3, 10 * $spent / 3, user => 'bob'), $spent / 3 . ' ' . 10 * $spent / 3, '... of nobody';
    }
    restart($t, 'kill -9') for 1 .. 5;
    is stands($t, $spent, 10 * $spent), "$spent ${spent}0", "$name: nor do many restarts";
    ok wait_until { files($t) == 1 }, '... of which one file is left';

    # At once, when the client has its answer.
    my $duration = $jobs ? 3000 : 60_000;
    my $running = insist($t, "[[duration=$duration]] [[usage=40,2]] runs");
    $t->kill_all;
    $t->run;
    if ($jobs) {
        my ($job) = finish($t, [$running]);
        my $tokens = 10 * $spent + ($job->{tokensUsed} // 100);    # unknown if only its conversation told of it
        is stands($t, $spent + 1, $tokens), $spent + 1 . " $tokens", "$name: a job that goes on is settled when it ends";
    }
    else {
        is stands($t, $spent + 1, 10 * $spent + 100), $spent + 1 . ' ' . (10 * $spent + 100),
            "$name: of a job that is lost the reserve counts";
    }
    $t->stop;
}

# ----------------------------------------------------------- spoilt journals

$t = start(quotas => 1);
$t->allow_log(qr/quota/);

# spoilt(WHAT, CODE): changes the bytes of the newest file; what stood at the end of it still does.
sub spoilt {
    my ($what, $spoil) = @_;
    $t->run;
    my ($requests, $tokens) = map { $_->{used} } @{ usage_of($t) };
    spend($t, 5);
    $_ += 5 for $requests;
    $_ += 50 for $tokens;
    is stands($t, $requests, $tokens), "$requests $tokens", "$what: before";
    kill_all($t);
    my $path = (files($t))[-1];
    my $bytes = Edgerun::Process::slurp($path);
    $spoil->($bytes);
    open my $file, '+<', $path or die "$path: $!";
    print $file $bytes;
    truncate $file, length $bytes;
    close $file or die "$path: $!";
    my $from = length $t->error_log;
    $t->run;
    is stands($t, $requests, $tokens), "$requests $tokens", "$what: forgets nothing";
    my $log = substr $t->error_log, $from;
    $t->stop;
    return $log;
}

spoilt('a torn record at the end', sub { $_[0] .= substr $_[0], -40, 13 });
like spoilt('garbage at the end', sub { $_[0] .= join '', map { chr int rand 256 } 1 .. 1000 }), qr/edgerun: .*quota/,
    '... as the log says';
spoilt('zeros at the end', sub { $_[0] .= "\0" x 8192 });
like spoilt('a flipped byte', sub { substr($_[0], length($_[0]) / 3, 1) ^= "\x40" }), qr/edgerun: .*quota/,
    '... as the log says';

my $path = (files($t))[-1];
open my $empty, '>', $path or die "$path: $!";
close $empty;
$t->run;
is stands($t, 0, 0), '0 0', 'an empty file is a beginning';
spend($t, 1);
is stands($t, 1, 10), '1 10', '... like any other';
$t->stop;

# -------------------------------------------------------------------- the disk

$t = start(quotas => 1);
my $disk = Edgerun::Disk->new($t, 'quotas');
$t->allow_log(qr/quota/);
$t->run;
spend($t, 3);
$disk->set(failWrites => -1);
my $refused = submit($t, 'Hello.');
is $refused->{status}, 503, 'a full disk: what cannot be written is not accepted';
like $refused->{headers}{'retry-after'}, qr/^[1-9]\d*$/, '... and may be tried again';
is submit($t, 'Hello.')->{status}, 503, '... nor is anything else' for 1 .. 3;
is stands($t, 3, 30), '3 30', '... and costs nothing';
$disk->set(failWrites => 0);
ok wait_until { submit($t, '[[usage=7,3]] Hello.')->{status} == 202 }, 'with room, jobs are accepted again';
is stands($t, 4, 40), '4 40', '... and cost';
restart($t, 'kill -9');
is stands($t, 4, 40), '4 40', '... which nothing forgets';

my $flushes = $disk->number('flushes');
spend($t, 2);
is stands($t, 6, 60), '6 60', 'what was used';
ok wait_until { $disk->number('flushes') > $flushes }, '... is flushed soon';
wait_until { $flushes = $disk->number('flushes'); spend($t, 1, user => 'bob'); wait_until { $disk->number('flushes') > $flushes } 5 };
$t->kill_all;
$disk->cut_power;
$t->run;
is stands($t, 6, 60), '6 60', '... and then survives a power cut';

done_testing;
