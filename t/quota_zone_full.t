#!/usr/bin/env perl
# A quota zone that is full of counters: whoever is counted goes on, others must wait, and the
# operator hears of it once.
use FindBin;
use lib "$FindBin::Bin/lib";
use Edgerun::Test;
use Edgerun::Calendar;
use Edgerun::Jobs;
use Edgerun::Quotas;

begin_within('month');
my $t = Edgerun::Test->new(workers => 1);
$t->start_emulator(duration => 20);
$t->write_conf(jobs_conf(
    zone   => 'zone=jobs:8m',
    http   => '    edgerun_quota_zone zone=least:64k;',
    server => job_location('team', 'edgerun_quota zone=least limit=3 period=month key=$http_x_team;')
        . job_location('user', 'edgerun_quota zone=least limit=3 period=month;'),
));
$t->run;

my $connection = $t->connect;

sub ask {
    my ($path, @headers) = @_;
    my @request = ($path, json => { query => 'Hello.' }, token => Edgerun::Jobs::token_of($t, 'alice'), headers => \@headers);
    return eval { $connection->post(@request) } // do {
        $connection = $t->connect;    # NGINX ends one after some requests
        $connection->post(@request);
    };
}

my $teams = 0;
my $refused;
while (!$refused && $teams < 5000) {
    my $answer = ask('/team', 'X-Team' => 'team-' . ++$teams);
    $refused = $answer if $answer->{status} != 202;
}
is $refused->{status}, 503, 'a zone is full';
is $refused->{headers}{'retry-after'}, 5, '... for how long, nobody knows';
is ask('/user')->{status}, 503, 'whoever it does not count must wait';
is ask('/team', 'X-Team' => 'team-1')->{status}, 202, 'whoever it counts goes on';

ask('/user') for 1 .. 20;
my @told = Edgerun::Process::slurp($t->dir . '/logs/error.log') =~ /^.*the quota zone "least" is full.*$/mg;
is scalar @told, 1, 'the log says so, but not for each request';
like $told[0], qr{\[error\].* \d+ counters are in use and 0 are free}, "... and of what";

done_testing;
