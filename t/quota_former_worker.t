#!/usr/bin/env perl
# A worker that is leaving for long decides nothing about jobs of a zone that came with a newer
# configuration: it does not know them.
use FindBin;
use lib "$FindBin::Bin/lib";
use Edgerun::Test;
use Edgerun::Calendar;
use Edgerun::Dialects qw(responses);
use Edgerun::Http;
use Edgerun::Jobs;
use Edgerun::Quotas;

begin_within('month');
my $t = Edgerun::Test->new(workers => 1);
$t->start_emulator(duration => 50);

sub write_zones {
    my ($more, $server) = @_;
    $t->write_conf(quota_conf(
        ['unit=tokens limit=5000 period=month reserve=1000'],
        provider => { poll_interval => '100ms' },
        http     => $more // '',
        server   => $server // '',
    ));
    return;
}

write_zones();
$t->run;
my $long = submit($t, '[[duration=600000]] long', user => 'bob');
my $job  = await_run($t, $long, user => 'bob');
my $waiting = $t->connect;
$waiting->write(Edgerun::Http::format_request('GET', "/jobs/$job->{id}",
    token   => Edgerun::Jobs::token_of($t, 'bob'),
    headers => [ Prefer => 'wait=60', 'If-None-Match' => "\"$job->{version}\"" ]));
use_of($t) for 1 .. 2;    # the one worker has read the request before these

write_zones('edgerun_job_zone zone=more:4m;', job_location('more', '', 'zone=more provider=main'));
ok $t->reload(old => 'stay'), 'a zone more, while a client waits in the former worker';

my $ended = run_job($t, '[[duration=5000]] [[usage=120,30]] of the new zone', path => '/more');
is $ended->{tokensUsed}, 150, 'a job of the new zone has used some tokens';
is settled($t, 150), '150/0', 'and costs what it used';
$waiting->close;

done_testing;
