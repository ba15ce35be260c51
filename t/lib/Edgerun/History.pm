package Edgerun::History;

# What clients did and saw while things went wrong, and whether it keeps the
# promises made to them. An event is a line of JSON:
#
#   op       submit, poll, wait, cancel, delete; or nemesis, with `what` was done
#   begin, end   seconds of the monotonic clock, before and after
#   outcome  ok; info: may or may not have happened (503, a reset, no answer in
#            time); gone: 404 or 410; odd: any other answer
#   user, key    who; idempotency key, if any
#   id, status, version, error, digest    the job that an answer showed; of its bytes
#   http     status code, if there was an answer
#
# Runs are those of the provider: { id, job, status, created }, times as above.

use strict;
use warnings;

use Edgerun::Dialects ();
use Exporter qw(import);
use IO::File;
use JSON::PP;
use List::Util qw(max min);
use Time::HiRes qw(clock_gettime CLOCK_MONOTONIC CLOCK_REALTIME);

our @EXPORT_OK = qw(now read_events runs_at check report);

my $JSON = JSON::PP->new->utf8->canonical;

my %RANK = (
    PENDING => 0, RUNNING => 1, REQUIRES_ACTION => 1,
    COMPLETED => 2, FAILED => 2, CANCELLED => 2,
);

# The promises. Each takes what is known of one job and returns what is wrong.
my @JOB_RULES = (
    [ 'lost'          => \&_lost ],
    [ 'started twice' => \&_started_twice ],
    [ 'not started'   => \&_not_started ],
    [ 'backwards'     => \&_backwards ],
    [ 'final changed' => \&_final_changed ],
    [ 'two bodies'    => \&_two_bodies ],
    [ 'came back'     => \&_came_back ],
    [ 'failed'        => \&_failed ],
);

sub now { return clock_gettime(CLOCK_MONOTONIC) }

# ------------------------------------------------------------------- recording

# One process's part of a history.
sub new {
    my ($class, $directory) = @_;
    my $path = "$directory/$$.jsonl";
    my $file = IO::File->new($path, 'a') or die "$path: $!\n";
    $file->autoflush;
    return bless { file => $file }, $class;
}

sub note {
    my ($self, %event) = @_;
    my $file = $self->{file};
    print $file $JSON->encode(\%event), "\n";
    return;
}

# All parts, in the order of their ends.
sub read_events {
    my ($directory) = @_;
    my @events;
    for my $path (glob "$directory/*.jsonl") {
        my $file = IO::File->new($path, 'r') or die "$path: $!\n";
        push @events, map { $JSON->decode($_) } grep { /\n\z/ } <$file>;
    }
    return [ sort { $a->{end} <=> $b->{end} } @events ];
}

# The emulator's runs, with times of the clock that events have.
sub runs_at {
    my ($runs) = @_;
    my $offset = clock_gettime(CLOCK_REALTIME) - now();
    my $at = sub { defined $_[0] ? $_[0] / 1000 - $offset : undef };
    return [ map { { %$_, created => $at->($_->{created_ms}), ended => $at->($_->{final_at_ms}) } } @$runs ];
}

# -------------------------------------------------------------------- checking

# check(EVENTS, RUNS): the broken promises, [{ rule, text }].
sub check {
    my ($events, $runs) = @_;
    my $start = min(map { $_->{begin} } @$events) // 0;
    my %jobs;
    for my $event (@$events) {
        push @{ $jobs{ $event->{id} }{events} }, $event if defined $event->{id};
    }
    push @{ $jobs{ $_->{job} }{runs} }, $_ for @$runs;

    my @nemesis = grep { $_->{op} eq 'nemesis' } @$events;
    my @broken = (_odd_answers($events), _two_ids($events));
    for my $id (sort keys %jobs) {
        my $job = _facts($jobs{$id}, $start, \@nemesis);
        for (@JOB_RULES) {
            my ($name, $rule) = @$_;
            push @broken, map { { rule => $name, text => "$id: $_" } } $rule->($job);
        }
    }
    return \@broken;
}

sub report {
    my ($events, $runs, $broken) = @_;
    my %count;
    $count{"$_->{op} $_->{outcome}"}++ for grep { $_->{op} ne 'nemesis' } @$events;
    my %acknowledged = map { $_->{id} => 1 } grep { _is_acknowledgement($_) } @$events;
    return join "\n",
        join(', ', map { "$count{$_} $_" } sort keys %count),
        sprintf('%d jobs acknowledged, %d runs, %d broken promises',
            scalar keys %acknowledged, scalar @$runs, scalar @$broken),
        map { "$_->{rule}: $_->{text}" } @$broken;
}

sub _is_acknowledgement { return $_[0]{op} eq 'submit' && $_[0]{outcome} eq 'ok' }

# { acknowledged, samples, gone, erasures, erased, runs, start, nemesis }
sub _facts {
    my ($of, $start, $nemesis) = @_;
    my @events = @{ $of->{events} // [] };
    my @erasures = grep { $_->{op} eq 'delete' && $_->{outcome} =~ /^(?:ok|info)$/ } @events;
    return {
        acknowledged => (grep { _is_acknowledgement($_) } @events) ? 1 : 0,
        samples  => [ grep { $_->{outcome} eq 'ok' && defined $_->{status} } @events ],
        gone     => [ grep { $_->{outcome} eq 'gone' } @events ],
        erasures => \@erasures,
        erased   => min(map { $_->{end} } grep { $_->{outcome} eq 'ok' } @erasures),
        runs     => $of->{runs} // [],
        start    => $start,
        nemesis  => $nemesis,
    };
}

sub _odd_answers {
    my ($events) = @_;
    return map { { rule => 'odd answer', text => join ' ', $_->{op}, $_->{id} // '', $_->{http} // '-' } }
        grep { ($_->{outcome} // '') eq 'odd' } @$events;
}

# But for erased jobs, whose keys are free again.
sub _two_ids {
    my ($events) = @_;
    my %erased = map { $_->{id} => 1 } grep { $_->{op} eq 'delete' } @$events;
    my %ids;
    for my $event (grep { _is_acknowledgement($_) && defined $_->{key} } @$events) {
        $ids{"$event->{user} $event->{key}"}{ $event->{id} } = 1 if !$erased{ $event->{id} };
    }
    return map { { rule => 'two ids of a key', text => join ' ', "$_:", sort keys %{ $ids{$_} } } }
        grep { keys %{ $ids{$_} } > 1 } sort keys %ids;
}

# An acknowledged job is there from then on, and final in the end, unless somebody
# has erased it.
sub _lost {
    my ($job) = @_;
    return if !$job->{acknowledged};
    my $erasure = min(map { $_->{begin} } @{ $job->{erasures} });
    my @early = grep { !defined $erasure || $_->{end} < $erasure } @{ $job->{gone} };
    return sprintf 'answered %s at %s', $early[0]{http}, _at($job, $early[0]{end}) if @early;
    return if defined $erasure;
    my $last = $job->{samples}[-1]{status};
    return $RANK{$last} == 2 ? () : "$last in the end";
}

sub _started_twice {
    my ($job) = @_;
    my @runs = sort { $a->{created} <=> $b->{created} } @{ $job->{runs} };
    return if !grep { !ended_unseen($runs[ $_ - 1 ], $runs[$_]) } 1 .. $#runs;
    my ($from, $to) = ($runs[0]{created} - 5, $runs[-1]{created});
    my @meanwhile = grep { $_->{end} >= $from && $_->{begin} <= $to } @{ $job->{nemesis} };
    return join ', ',
        (map { "$_->{id} ($_->{status}) " . _at($job, $_->{created}) } @runs),
        map { "$_->{what} " . _at($job, $_->{begin}) } @meanwhile;
}

# A response whose start got lost cannot be told from one that never was while it is neither going
# nor in its conversation: one that ends after the last look may be started again, as
# docs/operations.md says. A round trip takes as long as a slow machine lets it. Times in seconds.
my $ROUND_TRIP = 1;

sub ended_unseen {
    my ($run, $next) = @_;
    return if Edgerun::Dialects::dialect() ne 'responses' || !defined $run->{ended};
    my $before = $next->{created} - $run->{ended};
    return $before >= 0 && $before <= $ROUND_TRIP;
}

sub _not_started {
    my ($job) = @_;
    return if @{ $job->{runs} } || !grep { $_->{status} eq 'COMPLETED' } @{ $job->{samples} };
    return 'COMPLETED without a run';
}

# What was shown before a question was asked is the least that its answer shows.
sub _backwards {
    my ($job) = @_;
    my @ended = sort { $a->{end} <=> $b->{end} } @{ $job->{samples} };
    my ($version, $rank, $shown) = (0, 0, '');
    for my $sample (sort { $a->{begin} <=> $b->{begin} } @{ $job->{samples} }) {
        while (@ended && $ended[0]{end} <= $sample->{begin}) {
            my $earlier = shift @ended;
            $version = max $version, $earlier->{version};
            $rank = max $rank, $RANK{ $earlier->{status} };
            $shown .= " $earlier->{status}/$earlier->{version}";
        }
        return "$sample->{status}/$sample->{version} at " . _at($job, $sample->{end}) . " after$shown"
            if $sample->{version} < $version || $RANK{ $sample->{status} } < $rank;
    }
    return;
}

sub _final_changed {
    my ($job) = @_;
    my %bodies;
    push @{ $bodies{ $_->{digest} } }, $_ for grep { $RANK{ $_->{status} } == 2 } @{ $job->{samples} };
    return if keys %bodies < 2;
    return join ', ', sort map { "$_->[0]{status}/$_->[0]{version} at " . _at($job, $_->[0]{end}) }
        values %bodies;
}

# A version is also an ETag: equal ones name equal bodies.
sub _two_bodies {
    my ($job) = @_;
    my %bodies;
    $bodies{ $_->{version} }{ $_->{digest} } = 1 for grep { $RANK{ $_->{status} } < 2 } @{ $job->{samples} };
    return map { "version $_" } grep { keys %{ $bodies{$_} } > 1 } sort keys %bodies;
}

sub _came_back {
    my ($job) = @_;
    return if !defined $job->{erased};
    my @late = grep { $_->{begin} >= $job->{erased} } @{ $job->{samples} };
    return @late ? "$late[0]{status} at " . _at($job, $late[0]{end}) : ();
}

# What goes wrong in a storm is never for good.
sub _failed {
    my ($job) = @_;
    my ($failed) = grep { $_->{status} eq 'FAILED' } @{ $job->{samples} } or return;
    return $failed->{error} // '';
}

# "+12.345", seconds of the history.
sub _at {
    my ($job, $time) = @_;
    return sprintf '%+.3f', $time - $job->{start};
}

1;
