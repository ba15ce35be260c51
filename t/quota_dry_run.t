#!/usr/bin/env perl
# edgerun_quota dry_run: counts, and tells the operator what it would have refused.
use FindBin;
use lib "$FindBin::Bin/lib";
use Edgerun::Test;
use Edgerun::Calendar;
use Edgerun::Jobs;
use Edgerun::Quotas;

begin_within('day');
my $t = Edgerun::Test->new;
$t->start_emulator(duration => 20);
$t->write_conf(quota_conf(
    ['limit=2 period=month dry_run', 'limit=4 period=day'],
    zone   => 'zone=jobs:8m',
    server => job_location('strict', 'edgerun_quota zone=quotas limit=2 period=month;')
        . job_location('tokens', 'edgerun_quota zone=quotas limit=100 period=month unit=tokens reserve=60 dry_run;'),
));
$t->run;

sub would_refuse { return scalar(() = $t->error_log =~ /dry run, would refuse/g) }

my @answers = map { submit($t, 'Hello.') } 1 .. 2;
is join(' ', map { $_->{status} } @answers), '202 202', 'up to the limit jobs are accepted';
is would_refuse(), 0, '... and nothing is to be said';
push @answers, map { submit($t, 'Hello.') } 1 .. 2;
is join(' ', map { $_->{status} } @answers[ 2, 3 ]), '202 202', 'and above it too';
is would_refuse(), 2, '... but the log has each of them';
like $t->error_log, qr/dry run, would refuse the request: the quota of 2 requests a month .*client: 127\.0\.0\.1, .*request: "POST \/jobs/, '... and whose it was';
unlike $_->{headers}{ratelimit}, qr/"month"/, 'clients do not hear of it' for @answers;

my $use = use_of($t, name => 'month');
is $use->{used}, 4, 'all of them are counted';
is $use->{remaining}, 0, '... which leaves nothing';

my $spent = submit($t, 'Hello.');
is $spent->{status}, 429, 'a real quota beside it refuses';
is use_of($t, name => 'month')->{used}, 4, '... and then the dry one does not count either';
is submit($t, 'Hello.', path => '/strict')->{status}, 429, 'what a dry run counted is there when it is meant';
is submit($t, 'Hello.', path => '/strict', user => 'bob')->{status}, 202, '... of this user';

# Tokens.
my $from = would_refuse();
my @jobs = map { submit($t, '[[usage=70,0]] Hello.', path => '/tokens', user => 'carol') } 1 .. 3;
is join(' ', map { $_->{status} } @jobs), '202 202 202', 'a dry quota of tokens refuses nothing';
is would_refuse(), $from + 2, 'and says what had no reserve';
finish($t, \@jobs, user => 'carol');

done_testing;
