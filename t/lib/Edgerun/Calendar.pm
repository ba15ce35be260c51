package Edgerun::Calendar;

# Times that answers tell, and the ends of periods: quotas begin anew with the day, or the month, and
# a test that counts in one must not see it end.

use strict;
use warnings;

use Exporter qw(import);
use POSIX ();
use Time::Local qw(timegm);

use Edgerun::Wait qw(wait_until);

our @EXPORT = qw(begin_within seconds_of);

my $ENOUGH = 300;    # seconds; as long as a file may take

# What an answer says ("2026-03-01T12:00:00.000Z"), as time() would.
sub seconds_of {
    my ($text) = @_;
    my ($year, $month, $day, $hour, $minute, $second) = split /[-T:Z]/, $text;
    return timegm(0, $minute, $hour, $day, $month - 1, $year) + $second;
}

# begin_within(PERIOD, ZONE): waits for the next day, or month, where clocks show ZONE's time (UTC
# unless told) if this one is as good as over.
sub begin_within {
    my ($period, $zone) = @_;
    return if _left_of($period, $zone // 'UTC') > $ENOUGH;
    my $timeout = alarm 0;    # what is waited for here is not the test's time
    wait_until { _left_of($period, $zone // 'UTC') > $ENOUGH } 2 * $ENOUGH;
    alarm $timeout;
    return;
}

sub _left_of {
    my ($period, $zone) = @_;
    my $now = time;
    my $end = do {
        local $ENV{TZ} = $zone;
        POSIX::tzset();
        my ($day, $month, $year) = (localtime $now)[ 3 .. 5 ];
        my @next = $period eq 'month' ? (1, $month + 1) : ($day + 1, $month);
        POSIX::mktime(0, 0, 0, @next, $year, 0, 0, -1);
    };
    POSIX::tzset();
    return $end - $now;
}

1;
