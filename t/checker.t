#!/usr/bin/env perl
# The checker of histories, on made-up ones: each broken promise is seen, and a
# good history has none.
use FindBin;
use lib "$FindBin::Bin/lib";
use Edgerun::Test;
use Edgerun::History qw(check report read_events);

my $time = 0;

# Events that follow one another; begin and end may be told.
sub event {
    my ($op, $outcome, %more) = @_;
    $time += 2;
    return { op => $op, outcome => $outcome, begin => $time, end => $time + 1, user => 'alice', %more };
}

sub shown {
    my ($op, $id, $status, $version, %more) = @_;
    return event($op, 'ok', id => $id, status => $status, version => $version,
        digest => "$id $status $version", http => 200, %more);
}

sub submitted { my ($id, %more) = @_; return shown('submit', $id, 'PENDING', 1, http => 202, %more) }
sub completed { my ($id, %more) = @_; return shown('poll', $id, 'COMPLETED', 3, %more) }

sub run_of {
    my ($id, %more) = @_;
    return { id => "run_$id", job => $id, status => 'completed', created => $time, %more };
}

# "rule: text" of all broken promises.
sub broken {
    my ($events, @runs) = @_;
    return join '; ', map { "$_->{rule}: $_->{text}" } @{ check($events, \@runs) };
}

sub is_broken {
    my ($expected, $name, $events, @runs) = @_;
    my $found = broken($events, @runs);
    return ref $expected ? like($found, $expected, $name) : is($found, $expected, $name);
}

my @good = (
    event('submit', 'info', key => 'k1'),
    submitted('a', key => 'k1'),
    event('nemesis', 'ok', what => 'kill everything'),
    event('submit', 'info', http => 503),
    event('poll', 'info', id => 'a', http => 503),
    submitted('a', key => 'k1'),
    shown('poll', 'a', 'RUNNING', 2),
    completed('a'),
    completed('a'),
    submitted('b'),
    event('delete', 'ok', id => 'b', http => 204),
    event('poll', 'gone', id => 'b', http => 410),
);
is_broken('', 'a good history', \@good, run_of('a'));
is_broken('', 'requires action and back', [
    submitted('a'), shown('poll', 'a', 'REQUIRES_ACTION', 2), shown('poll', 'a', 'RUNNING', 3),
    shown('poll', 'a', 'COMPLETED', 4),
], run_of('a'));
is_broken('', 'a job that nobody acknowledged may stay open, and have a run', [
    event('submit', 'info'),
], run_of('x'));

is_broken(qr/^lost: a: PENDING in the end$/, 'an acknowledged job that never ends', [ submitted('a') ]);
is_broken(qr/^lost: a: answered 410 at \+3/, 'an acknowledged job that is gone',
    [ submitted('a'), event('poll', 'gone', id => 'a', http => 410), completed('a') ], run_of('a'));
is_broken(qr/^lost: a: answered 404/, 'a job that is gone before it is erased', [
    submitted('a'), event('poll', 'gone', id => 'a', http => 404),
    event('delete', 'ok', id => 'a', http => 204),
]);
is_broken('', 'an erasure without an answer', [
    submitted('a'), event('delete', 'info', id => 'a'), event('poll', 'gone', id => 'a', http => 404),
]);

my $submitted = submitted('a');
my $first = run_of('a', id => 'run_1');
my $nemesis = event('nemesis', 'ok', what => 'kill worker 7');
my $second = run_of('a', id => 'run_2');
is_broken(qr/^started twice: a: run_1 \(completed\) \S+, run_2 \(completed\) \S+, kill worker 7 \S+$/,
    'a job with two runs, and what happened meanwhile',
    [ $submitted, $nemesis, completed('a') ], $second, $first);
is_broken(qr/^started twice: x: /, 'two runs of a job that nobody acknowledged',
    [], run_of('x'), run_of('x'));
{
    local $ENV{EDGERUN_DIALECT} = 'responses';
    Edgerun::Dialects->import;
    my @events = (submitted('a'), completed('a'));
    my @next = (run_of('a', id => 'run_2', created => 20), run_of('a', id => 'run_3', created => 30, ended => 31));
    my $before = sub { return run_of('a', id => 'run_1', created => 10, @_) };
    is_broken('', 'a response that ended just before the next one, perhaps unseen', \@events, $before->(ended => 19.5), $next[0]);
    is_broken(qr/^started twice: /, 'one that ended earlier', \@events, $before->(ended => 18), $next[0]);
    is_broken(qr/^started twice: /, 'one that had not ended', \@events, $before->(ended => 20.5), $next[0]);
    is_broken(qr/^started twice: /, 'one that never ended', \@events, $before->(), $next[0]);
    is_broken(qr/^started twice: /, 'one of three that went on', \@events, $before->(ended => 19.5), @next);
    local $ENV{EDGERUN_DIALECT} = 'assistants';
    Edgerun::Dialects->import;
    is_broken(qr/^started twice: /, 'a run is always to be seen', \@events, $before->(ended => 19.5), $next[0]);
}
is_broken(qr/^not started: a: COMPLETED without a run$/, 'a completed job without a run',
    [ submitted('a'), completed('a') ]);

is_broken(qr{^backwards: a: RUNNING/2 at \S+ after PENDING/1 RUNNING/3$}, 'a version that falls',
    [ submitted('a'), shown('poll', 'a', 'RUNNING', 3), shown('poll', 'a', 'RUNNING', 2),
        shown('poll', 'a', 'COMPLETED', 4) ], run_of('a'));
is_broken(qr{^backwards: a: PENDING/3 }, 'a status that falls, though the version does not',
    [ submitted('a'), shown('poll', 'a', 'RUNNING', 2), shown('poll', 'a', 'PENDING', 3),
        shown('poll', 'a', 'COMPLETED', 4) ], run_of('a'));
my @at_once = (
    shown('poll', 'a', 'RUNNING', 2, begin => 100, end => 110),
    shown('poll', 'a', 'PENDING', 1, begin => 105, end => 120),
);
is_broken('', 'answers that were under way at once have no order',
    [ submitted('a'), @at_once, completed('a', begin => 200, end => 201) ], run_of('a'));

is_broken('two ids of a key: alice k1: a b', 'a key with two jobs',
    [ submitted('a', key => 'k1'), submitted('b', key => 'k1'), completed('a'), completed('b') ],
    run_of('a'), run_of('b'));
is_broken('', 'a key of an erased job',
    [ submitted('a', key => 'k1'), event('delete', 'ok', id => 'a', http => 204),
        submitted('b', key => 'k1'), completed('b') ], run_of('b'));
is_broken('', 'a key of two users',
    [ submitted('a', key => 'k1'), submitted('b', key => 'k1', user => 'bob'), completed('a'), completed('b') ],
    run_of('a'), run_of('b'));

is_broken(qr{^final changed: a: COMPLETED/3 at \S+, COMPLETED/3 at \S+$}, 'a final body that changes',
    [ submitted('a'), completed('a'), completed('a', digest => 'other') ], run_of('a'));
is_broken(qr{^final changed: a: CANCELLED/4 at \S+, COMPLETED/3 at}, 'a final status that changes',
    [ submitted('a'), completed('a'), shown('cancel', 'a', 'CANCELLED', 4) ], run_of('a'));
is_broken('two bodies: a: version 2', 'one version, two bodies',
    [ submitted('a'), shown('poll', 'a', 'RUNNING', 2), shown('poll', 'a', 'RUNNING', 2, digest => 'other'),
        completed('a') ], run_of('a'));
is_broken(qr/^came back: a: COMPLETED at/, 'an erased job that comes back',
    [ submitted('a'), event('delete', 'ok', id => 'a', http => 204), completed('a') ], run_of('a'));
is_broken('failed: a: no provider', 'a job that fails',
    [ submitted('a'), shown('poll', 'a', 'FAILED', 2, error => 'no provider') ]);
is_broken('odd answer: poll a 500', 'an answer that is none of those promised',
    [ submitted('a'), event('poll', 'odd', id => 'a', http => 500), completed('a') ], run_of('a'));

my $report = report(\@good, [ run_of('a') ], check(\@good, []));
like $report, qr/^1 delete ok, 1 poll gone, 1 poll info, 3 poll ok, 2 submit info, 3 submit ok$/m,
    'a report counts the operations';
like $report, qr/^2 jobs acknowledged, 1 runs, 1 broken promises\nnot started: a: /m,
    'and names each broken promise';

my $t = Edgerun::Test->new;
my $history = Edgerun::History->new($t->dir);
$history->note(%{ $good[3] });
$history->note(%{ $good[1] });
is_deeply read_events($t->dir), [ @good[ 1, 3 ] ], 'events are read as they were noted, in their order';

done_testing;
