#!/usr/bin/env perl
# Clients that leave before the journal has what they asked for: it happens all the
# same; a synchronous job is cancelled.
use FindBin;
use lib "$FindBin::Bin/lib";
use Edgerun::Test;
use Edgerun::Dialects;
use Edgerun::Disk;
use Edgerun::Jobs;

my $t = Edgerun::Test->new;
$t->start_emulator(duration => 50, cancel => 50);
my $disk = Edgerun::Disk->new($t, 'journal');
mkdir $t->dir . '/journal';
chmod 0777, $t->dir . '/journal';
$t->write_conf(
    jobs_conf(
        provider => { run_timeout => '5m' },
        zone     => 'zone=jobs:8m journal=%%TESTDIR%%/journal',
        server   => 'location /sync {
                edgerun_auth_jwt "jobs"; edgerun_auth_jwt_secret env:EDGERUN_JWT_SECRET;
                edgerun_jobs zone=jobs provider=main mode=sync;
            }
            location = /connections { stub_status; }'
    )
);
$t->run;

my %alice = (token => $t->token({ sub => 'alice' }));
my $number = 0;
wait_until { $t->get('/jobs', %alice)->{status} == 200 };    # until the journal has been read

sub waiting { return $t->get('/connections')->{body} =~ /Writing: (\d+)/ ? $1 - 1 : undef }
sub jobs { return @{ $t->get("$_[0]?limit=100", %alice)->{json}{jobs} } }

# So many clients ask, and leave while the disk is slow.
sub leave {
    my ($count, @request) = @_;
    $disk->set(delayMs => 60_000);
    my @leaving = map { $t->connect } 1 .. $count;
    $_->write(Edgerun::Http::format_request(@request, %alice)) for @leaving;
    wait_until { waiting() == $count };
    $leaving[$_]->close(abort => $_ % 2) for 0 .. $#leaving;
    return;
}

leave(6, 'POST', '/jobs', json => { query => 'left' });
ok wait_until { waiting() == 0 }, 'clients that leave are forgotten';
is scalar(jobs('/jobs')), 0, 'before their jobs are accepted';
$disk->set(delayMs => 0);
ok wait_until { scalar(grep { $_->{status} eq 'COMPLETED' } jobs('/jobs')) == 6 }, 'which go on without them';

leave(6, 'POST', '/sync', json => { query => '[[duration=60000]] left' });
$disk->set(delayMs => 0);
ok wait_until { scalar(grep { $_->{status} eq 'CANCELLED' } jobs('/sync')) == 6 }, 'synchronous ones are cancelled';
ok wait_until { waiting() == 0 }, 'with their requests';

for my $how ([ 'POST', '/cancel' ], [ 'DELETE', '' ]) {
    my ($method, $action) = @$how;
    my $job = submit($t, '[[duration=60000]] to be ended');
    await_run($t, $job);
    leave(4, $method, "$job->{headers}{location}$action");
    ok wait_until { waiting() == 0 }, "$method$action: clients that leave are forgotten";
    $disk->set(delayMs => 0);
    my ($run) = runs_of($t, $job->{json});
    ok wait_until { ($run) = runs_of($t, $job->{json}); $run->{status} eq 'cancelled' }, '... the job is ended without them';
}
is run_job($t, 'Hello.')->{status}, 'COMPLETED', 'afterwards jobs run as ever';

done_testing;
