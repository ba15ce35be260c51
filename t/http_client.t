#!/usr/bin/env perl
# How the provider's connections are used: kept, few enough, and never at the
# cost of clients.
use FindBin;
use lib "$FindBin::Bin/lib";
use Edgerun::Test;
use Edgerun::Jobs;
use List::Util qw(uniq);

my $t = Edgerun::Test->new(workers => 1);
$t->start_emulator(duration => 50);
my $emulator = $t->emulator;

sub connections { return uniq map { $_->{connection} } @{ $emulator->log } }

sub configure {
    my ($events, %options) = @_;
    $t->write_file('nginx.conf', "%%GLOBALS%%\nevents { $events }\nhttp { %%HTTP%%\n" . jobs_conf(%options) . '}');
}

sub all_complete {
    my ($name, @answers) = @_;
    is scalar(grep { $_->{status} != 202 } @answers), 0, "$name: all are accepted";
    my @jobs = finish($t, \@answers);
    is join(' ', uniq map { $_->{status} . error_of($_) } @jobs), 'COMPLETED', "$name: all complete";
}

configure('worker_connections 512;');
$t->run;
is run_job($t, 'Hello.')->{status}, 'COMPLETED', 'a job completes' for 1 .. 8;
ok wait_until { @{ $emulator->log(call => 'delete_thread') } == 8 }, 'and clears up';
cmp_ok scalar(connections()), '<=', 3, 'connections are kept between calls and jobs';
my $polls = $emulator->log(call => 'poll_run');
cmp_ok scalar(@$polls), '<=', 8 * 3, 'a short run is polled little';

# Many transfers, few at once.
$emulator->reset;
$emulator->settings({ delay => 20 });
configure('worker_connections 512;', provider => { max_transfers => 4, run_timeout => '5m' });
$t->reload;
my $client = $t->connect;
all_complete('above max_transfers', map { submit($t, 'Hello.', on => $client) } 1 .. 60);
cmp_ok scalar(connections()), '<=', 4, 'above max_transfers: the others wait';

# NGINX is short of connections: clients come first.
configure('worker_connections 64;', provider => { run_timeout => '5m' });
$t->stop;
$emulator->reset;
$emulator->settings({ delay => 300 });
$t->run;
$client = $t->connect;
my @answers = map { submit($t, 'Hello. [[duration=500]]', on => $client) } 1 .. 120;
my @idle = map { $t->connect } 1 .. 10;
ok wait_until { @{ $emulator->log } > 60 }, 'all connections are in use';
is $_->get('/jobs/none', token => $t->token({ sub => 'alice' }))->{status}, 404,
    'short of connections: a client is served'
    for @idle;
all_complete('short of connections', @answers);
cmp_ok $emulator->stats->{connections}{peak}, '<=', 64 * 3 / 4 + 2,
    'short of connections: the provider gets what clients leave';
undef @idle;

# With accept_mutex, events are handled later than they come.
$t->stop;
$t->{workers} = 2;
$emulator->reset;
configure('worker_connections 512; accept_mutex on; accept_mutex_delay 20ms;', provider => { run_timeout => '5m' });
$t->run;
all_complete('accept_mutex', map { submit($t, 'Hello.') } 1 .. 40);

done_testing;
