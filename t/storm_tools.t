#!/usr/bin/env perl
# Under load, jobs whose model asks for tools twice: workers are killed and NGINX is
# reloaded, over and over. Every job ends well, none is started twice, nothing goes back.
use FindBin;
use lib "$FindBin::Bin/lib";
use Edgerun::Test;
use Edgerun::Dialects qw(assistants responses);
use Edgerun::Jobs;
use Edgerun::Storm;
use Edgerun::Tools;

my $ROUNDS = 2;

my $t = Edgerun::Test->new;
$t->start_emulator(duration => 900, jitter => 800, delay => 50);
my $url = sub { 'uri=' . $t->emulator->tool_url($_[0]) };
my @directives = map { function_tool($t, $_, $url->($_) . ' retries=10') } qw(rates weather);
$t->write_conf(storm_conf(
    provider => provider_of(keep_threads => 'on'),
    http     => assistant_block('helper', @directives),
));
$t->run;

# One tool takes its time, and at times there is too much to do.
$t->emulator->fault({ on => 'tool', action => 'delay', ms => 700, times => -1, match => '/tools/weather' });
$t->emulator->fault({ on => 'tool', action => 'status', status => 503, times => 50, skip => 20, match => '/tools/rates' });

my $storm = Edgerun::Storm->new($t, query => question('Weather?', [qw(rates weather)], rounds => $ROUNDS),
    shares => { cancel => 0, delete => 0 });
my @nemesis = (
    sub { $storm->kill_worker },
    sub { $storm->reload },
    sub { $storm->kill_workers },
    sub { $storm->kill_worker; $storm->reload; $storm->kill_worker },
    sub { $storm->kill_everything },
);
$storm->start;
for my $round (1 .. rounds()) {
    $storm->await_jobs(20);
    $nemesis[ $round % @nemesis ]->();
}
$storm->await_jobs(20);
$storm->stop;
$storm->keeps_promises('all promises are kept');

# Each run asked for its tools as often as it was to.
my %runs;
push @{ $runs{ $_->{job} } }, $_ for @{ $t->emulator->runs };
my $wanted = dialect() eq 'assistants' ? 1 : $ROUNDS + 1;
my @odd = grep { @{ $runs{$_} } != $wanted } keys %runs;
is scalar @odd, 0, "each job has $wanted runs upstream" or diag join "\n", map { "$_: " . @{ $runs{$_} } } @odd;
my %calls;
$calls{ $_->{told}{jobId} }{ $_->{told}{toolCallId} }++ for tool_calls($t);
is scalar(grep { keys %{ $calls{$_} } != 2 * $ROUNDS } keys %runs), 0, 'and called each of its tools once a round';
my $told = outputs_told($t);
is scalar(grep { $told->{$_} !~ /^\{"tool":/ } map { keys %$_ } values %calls), 0, 'which all had an output';

done_testing;
