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

my @DIALECTS = qw(assistants);

need_node();

my $dir = tempdir(CLEANUP => 1);
mkdir "$dir/logs";
my $emulator = Edgerun::Emulator->start(dir => $dir, port => Edgerun::Ports::reserve(), duration => 60);

for my $dialect (@DIALECTS) {
    my @lines = run_node('run_checks.mjs', [ "./${dialect}_checks.mjs", $emulator->base_url ]);
    ok scalar @lines, "$dialect: checks were made";
    for my $line (@lines) {
        my ($ok, $name, $why) = $line =~ /^(ok|not ok) ([^:]+)(?:: (.*))?$/ or die "what is \"$line\"?";
        ok $ok eq 'ok', "$dialect: $name" or diag $why;
    }
}

$emulator->stop;
done_testing;
