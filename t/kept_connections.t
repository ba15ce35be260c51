#!/usr/bin/env perl
# Connections to the provider between transfers.
use FindBin;
use lib "$FindBin::Bin/lib";
use Edgerun::Test;
use Edgerun::Jobs;
use List::Util qw(uniq);

my $t = Edgerun::Test->new(workers => 1);
$t->start_emulator(duration => 50);
my $emulator = $t->emulator;
$t->write_file('nginx.conf',
    "%%GLOBALS%%\nevents { worker_connections 128; }\nhttp { %%HTTP%%\n" . jobs_conf(provider => { poll_interval => '200ms' }) . '}');
$t->run;

# Hundredths of a second of processor time.
sub cpu_of {
    my ($pid) = @_;
    my $stat = Edgerun::Process::slurp("/proc/$pid/stat") =~ s/.*\) //sr;
    my @fields = split ' ', $stat;
    return $fields[11] + $fields[12];
}

# The provider closes what is idle.
is run_job($t, 'Hello.')->{status}, 'COMPLETED', 'a job completes';
my ($worker) = $t->worker_pids;
$emulator->stop;
my $before = cpu_of($worker);
sleep 1;
cmp_ok cpu_of($worker) - $before, '<', 30, 'a connection that the provider closes keeps nobody busy';
$emulator->restart;
is run_job($t, 'Hello.')->{status}, 'COMPLETED', 'and the next job has a new one';

# More are busy than may be idle.
$emulator->reset;
$emulator->settings({ delay => 100 });
my @jobs = map { submit($t, 'Hello. [[duration=2000]]') } 1 .. 40;
is join(' ', uniq map { $_->{status} } finish($t, \@jobs)), 'COMPLETED', 'many jobs at once complete';
my $log = $emulator->log;
my $connections = uniq map { $_->{connection} } @$log;
cmp_ok $connections, '<', 128, 'they keep their connections (' . @$log . " calls, $connections)";

done_testing;
