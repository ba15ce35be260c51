#!/usr/bin/env perl
# OpenAI's own SDK is content with the provider emulator: what it calls works, errors are of
# its classes, and each answer has the type that it promises (t/openai/*_checks.mjs).
use strict;
use warnings;

use File::Temp qw(tempdir);
use FindBin;
use lib "$FindBin::Bin/lib";
use Test::More;

use Edgerun::Emulator;
use Edgerun::Node;
use Edgerun::Ports;

my @DIALECTS = qw(assistants responses chat);

need_node();
alarm($ENV{EDGERUN_TIMEOUT} // 300);

my $dir = tempdir(CLEANUP => 1);
mkdir "$dir/logs";
my $port     = Edgerun::Ports::reserve();
my $emulator = Edgerun::Emulator->start(dir => $dir, port => $port, duration => 60);

# What the checks of a dialect found: [ NAME, why it failed or undef ].
sub found {
    my ($dialect) = @_;
    my @lines = run_node('run_checks.mjs', [ "./${dialect}_checks.mjs", $emulator->base_url ]);
    return map { /^(?:ok|not ok) ([^:]+)(?:: (.*))?$/ ? [ $1, $2 ] : die "what is \"$_\"?" } @lines;
}

for my $dialect (@DIALECTS) {
    my @found = found($dialect);
    ok scalar @found, "$dialect: checks were made";
    for (@found) {
        my ($name, $why) = @$_;
        ok !defined $why, "$dialect: $name" or diag $why;
    }
}

# The judge of answers itself: a thread with a member too many.
$emulator->fault({ on => 'get_thread', action => 'huge', bytes => 1000 });
my ($thread) = grep { $_->[0] =~ m{^GET /threads/\{\} } } found('assistants');
like $thread->[1], qr/additional properties/, 'a member that the SDK does not know is seen';

$emulator->stop;
done_testing;
