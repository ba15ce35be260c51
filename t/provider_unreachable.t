#!/usr/bin/env perl
# A provider that cannot be reached: its jobs fail clearly and soon, and nobody
# else waits for that.
use FindBin;
use lib "$FindBin::Bin/lib";
use Edgerun::Test;
use Edgerun::Dialects;
use Edgerun::Dns;
use Edgerun::Jobs;
use IO::Socket::INET;
use Time::HiRes qw(time);

my $t = Edgerun::Test->new(workers => 1);
$t->start_emulator;
my $dns = Edgerun::Dns->start(
    $t->dir,
    {
        'provider.test' => '127.0.0.1',
        'several.test'  => '127.9.9.9 127.0.0.1',
        'halfway.test'  => '127.0.0.3 127.0.0.1',
        'silent.test'   => 'silent',
        'missing.test'  => 'nxdomain',
        'empty.test'    => '',
    }
);
my $emulator_port = $t->emulator->port;
my $refusing      = Edgerun::Ports::reserve();

# A listener that never accepts, and whose queue is full: to a client, nobody is
# there at all.
my $hole = IO::Socket::INET->new(
    LocalAddr => '127.0.0.3',
    LocalPort => $emulator_port,
    Listen    => 0
) or die $@;
my @fillers = map { filler($hole) } 1 .. 8;

sub filler {
    my ($listener) = @_;
    my $socket = IO::Socket::INET->new(Proto => 'tcp', Blocking => 0);
    connect $socket, $listener->sockname;
    return $socket;
}

my %urls = (
    refused  => "http://127.0.0.1:$refusing/v1",
    hole     => "http://127.0.0.3:$emulator_port/v1",
    known    => "http://provider.test:$emulator_port/v1",
    several  => "http://several.test:$emulator_port/v1",
    halfway  => "http://halfway.test:$emulator_port/v1",
    silent   => "http://silent.test:$emulator_port/v1",
    missing  => "http://missing.test:$emulator_port/v1",
    noaddress => "http://empty.test:$emulator_port/v1",
    moving   => "http://provider.test:$refusing/v1",
);
my $common = {
    %{ dialect('provider') },
    api_key         => 'env:OPENAI_API_KEY',
    poll_interval   => '100ms',
    connect_timeout => '1s',
    request_timeout => '3s',
    run_timeout     => '20s',
    retries         => 1,
};
my @names = sort keys %urls;
$t->write_conf(join "\n",
    'resolver 127.0.0.1:' . $dns->port . ' ipv6=off; resolver_timeout 1s;',
    'edgerun_job_zone zone=jobs:4m;',
    (map { Edgerun::Jobs::provider_block($_, { %$common, base_url => $urls{$_} }) } @names),
    'server { listen 127.0.0.1:%%PORT_0%%; edgerun_auth_jwt "jobs";',
    'edgerun_auth_jwt_secret env:EDGERUN_JWT_SECRET;',
    (map { "location /$_ { edgerun_jobs zone=jobs provider=$_; }" } @names),
    '}');
$t->run;

my $what   = dialect('first');
my $cannot = qr/^502 ProviderUnavailable: could not $what: the provider cannot be reached: /;
my %expected = (
    refused => qr/${cannot}Failed to connect to 127\.0\.0\.1 port $refusing/,
    hole    => qr/$cannot.*(?:timed out|timeout)/i,
    silent  => qr/${cannot}(?:the host name could not be resolved|no connection became free in time)$/,
    missing => qr/${cannot}the host name could not be resolved$/,
    noaddress => qr/${cannot}the host name could not be resolved$/,
    known   => qr/^$/,
    several => qr/^$/,
    halfway => qr/^$/,
);
my @fails = sort keys %expected;
my ($completed, @jobs) = (0);
# On a busy machine not at the first try: timeouts of a second are short for others, too.
ok wait_until {
    my $began = time;
    my @answers = map { submit($t, 'Hello?', path => "/$_") } @fails;
    my $took = time - $began;
    @jobs = finish($t, \@answers);
    $completed += grep { $_->{status} eq 'COMPLETED' } @jobs;
    return $took < 1 && !grep { error_of($jobs[$_]) !~ $expected{ $fails[$_] } } 0 .. $#fails;
}, 'no look-up and no connect blocks the only worker';
like error_of($jobs[$_]), $expected{ $fails[$_] }, "$fails[$_]: the job says it" for 0 .. $#fails;
like $t->error_log, qr/"missing\.test" could not be resolved \(3: Host not found\)/,
    'error.log tells what the resolver said';
is scalar @{ $t->emulator->runs }, $completed, 'nothing was started but what succeeded';

# The address changes while NGINX runs: B stands on another address, with the
# port on which nobody was.
my $b = Edgerun::Emulator->start(
    dir  => emulator_dir(),
    port => $refusing,
    host => '127.0.0.2',
    log  => $t->dir . '/b.log'
);

sub emulator_dir {
    my $dir = $t->dir . '/b';
    mkdir $_ for $dir, "$dir/logs";
    return $dir;
}

like error_of(run_job($t, 'A?', path => '/moving')), $cannot, 'at the old address nobody is';
$dns->know({ 'provider.test' => '127.0.0.2' });
my $job;
wait_until { ($job = run_job($t, 'B?', path => '/moving'))->{status} eq 'COMPLETED' };
is error_of($job), '', 'a changed address is followed';
like Edgerun::Process::slurp($t->dir . '/b.log'), qr/${\ call('start') }/, 'to where it leads';

# The resolver fails later: the last good addresses stay in use.
$dns->know({ 'provider.test' => 'silent' });
my $asked = $dns->queries;
wait_until { run_job($t, 'B?', path => '/moving'); $dns->queries > $asked };
is run_job($t, 'B?', path => '/moving')->{status}, 'COMPLETED',
    'while the resolver is silent, the last good address serves';
$dns->know({ 'provider.test' => 'nxdomain' });
wait_until { run_job($t, 'B?', path => '/moving'); $t->error_log =~ /"provider\.test" could not/ };
is run_job($t, 'B?', path => '/moving')->{status}, 'COMPLETED', 'as when the name is gone';
$b->stop;

done_testing;
