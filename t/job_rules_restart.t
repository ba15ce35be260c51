#!/usr/bin/env perl
# A job keeps what its location added to its query, and how its answer is to be cleaned, when
# its worker dies, and with a journal when NGINX is started again.
use FindBin;
use lib "$FindBin::Bin/lib";
use Edgerun::Test;
use Edgerun::Dialects;
use Edgerun::Jobs;
use JSON::PP;
use List::Util qw(uniq);

my $t = Edgerun::Test->new;
$t->start_emulator(duration => 1200, jitter => 1100);

sub write_base {
    my ($text) = @_;
    my $article = { id => 'tides', title => 'Tides', text => $text };
    $t->write_file('sea.json', JSON::PP->new->encode({ keywords => { tide => ['tides'] }, articles => [$article] }));
    return;
}
write_base('Spring tides come after full moon.');

# A run that is lost with its connection is made again: what it is told is told again.
my $again = dialect('runs_on') ? '' : 'edgerun_start_guarantee at_least_once;';
$t->write_conf(
    jobs_conf(
        provider => { poll_interval => '200ms', run_timeout => '5m', start_grace => '1s' },
        zone     => 'zone=jobs:8m journal=%%TESTDIR%%/journal sync=off',
        http     => 'edgerun_knowledge_base sea sea.json;',
        server   => 'add_header X-Worker $pid always;',
        location => "edgerun_knowledge sea; edgerun_sanitize default; $again",
    )
);
$t->run;
wait_until { submit($t, 'Ready? [[duration=1]]')->{status} == 202 };

my $SAID = "## Executive Summary\n\nWater comes, and water goes.\n\n\n\nNote on Risk: mind\nthe gap.\n\nThat is all of it.";
my $READ = "Water comes, and water goes.\n\nThat is all of it.";

# Jobs in all states, some of which are not told to the model yet when it happens.
sub jobs_under {
    my ($name, $happens) = @_;
    my $from = () = queries_sent($t);
    my $connection = $t->connect;
    my @answers = map { submit($t, "What of the tide, the ${_}th? [[answer=$SAID]]", on => $connection) } 1 .. 20;
    undef $connection;
    $happens->($answers[0]{headers}{'x-worker'});
    my @jobs = finish($t, \@answers);
    is join(' ', uniq map { $_->{status} } @jobs), 'COMPLETED', "$name: all jobs complete";
    is join(' ', uniq map { @{ $_->{knowledge} } } @jobs), 'tides', "$name: with the articles that they had";
    is join('|', uniq map { $_->{answer} } @jobs), $READ, "$name: and clean answers";
    my @told = queries_sent($t);
    my @ours = grep { /\AWhat of the tide/ } @told[ $from .. $#told ];
    cmp_ok scalar @ours, '>=', 20, "$name: all were told to the model";
    is scalar(grep { !/Spring tides/ } @ours), 0, "$name: with those articles";
    return @answers;
}

jobs_under('a worker dies', sub { my ($pid) = @_; $t->kill_worker($pid) });

# The base has changed when they go on: what they were accepted with holds.
my @answers = jobs_under(
    'all of NGINX dies',
    sub {
        $t->kill_all;
        write_base('The moon is made of cheese.');
        $t->run;
    }
);

my @before = map { job_of($t, $_) } @answers;
$t->stop;
$t->run;
wait_until { job_of($t, $answers[0]) };
is_deeply [ map { job_of($t, $_) } @answers ], \@before, 'after a restart, finished jobs read as before';
my $new = run_job($t, 'What of the tide now?');
is "@{ $new->{knowledge} }", 'tides', 'a new job';
like +(queries_sent($t))[-1], qr/made of cheese/, 'gets what the base says now';

done_testing;
