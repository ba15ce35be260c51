#!/usr/bin/env perl
# A call that waits for a connection, and whose job is cancelled, keeps no memory until its turn
# comes: clients that submit and erase could take all of it.
use FindBin;
use lib "$FindBin::Bin/lib";
use Edgerun::Test;
use Edgerun::Dialects qw(chat);
use Edgerun::Jobs;
use Edgerun::Process;

plan(skip_all => 'sanitizers keep what was freed') if $Edgerun::Test::SANITIZED;

my $QUERY = 200_000;    # bytes
my $JOBS  = 150;

my $t = Edgerun::Test->new(workers => 1);
$t->start_emulator;
$t->write_conf(jobs_conf(
    provider => { max_transfers => 1, run_timeout => '5m' },
    location => "edgerun_max_query $QUERY; client_body_buffer_size 1m;",
));
$t->run;
my ($worker) = $t->worker_pids;
my $client = $t->connect;

sub memory {
    my ($kilobytes) = Edgerun::Process::slurp("/proc/$worker/status") =~ /^RssAnon:\s+(\d+) kB/m;
    return $kilobytes * 1024;
}

# The first call has the only connection, the second one stands before all others.
my @first = map { submit($t, 'Wait. [[duration=300000]]', on => $client) } 1 .. 2;
ok wait_until { @{ $t->emulator->runs } == 1 }, 'one call goes on';

sub erase {
    my ($answer) = @_;
    my $token = $t->token({ sub => 'alice' });
    return $client->request('DELETE', "/jobs/$answer->{json}{id}", token => $token)->{status};
}

my $before = memory();
my @erased = map { erase(submit($t, 'x' x $QUERY, on => $client)) } 1 .. $JOBS;
is scalar(grep { $_ != 204 } @erased), 0, 'others are submitted and erased';
cmp_ok memory() - $before, '<', $JOBS * $QUERY / 4, 'which leaves no memory behind';

is scalar(@{ $t->emulator->runs }), 1, 'none of them was started';
is erase($_), 204, 'the first ones are erased, too' for @first;
is run_job($t, 'Hello.')->{status}, 'COMPLETED', 'and another job completes';

done_testing;
