package Edgerun::Problems;

# What "nginx -t" says about configurations with mistakes.

use strict;
use warnings;

use Exporter qw(import);
use Test::More ();

use Edgerun::Process;

our @EXPORT = qw(problems_are);

# problems_are(TEST, WHAT, CONF, OPTIONS): what stands behind "#!" must be part of a
# message for this line, and nothing else may be found; " && " parts several messages.
# Returns nginx's output. OPTIONS, besides those of write_conf:
#   elsewhere  patterns of messages for other files
sub problems_are {
    my ($t, $what, $conf, %options) = @_;
    my @elsewhere = @{ delete $options{elsewhere} // [] };
    $t->write_conf($conf, %options);
    my ($exit, $output) = $t->test_config;
    Test::More::is($exit, 1, "$what are refused") or Test::More::diag($output);
    my @messages = $output =~ /^nginx: \[emerg\] (.*)$/mg;

    my $path = $t->dir . '/nginx.conf';
    my $number = 0;
    for my $line (split /\n/, Edgerun::Process::slurp($path)) {
        $number++;
        my ($text, $wanted) = $line =~ /^\s*(.*?)\s*#! (.*)$/ or next;
        for my $message (split / && /, $wanted) {
            @messages = _without("$text: $message", \@messages,
                sub { index($_, $message) >= 0 && / in \Q$path\E:$number$/ });
        }
    }
    for my $pattern (@elsewhere) {
        @messages = _without($pattern, \@messages, sub { /$pattern/ });
    }
    Test::More::is(join("\n", @messages), '', "nothing else is wrong with the $what");
    return $output;
}

sub _without {
    my ($name, $messages, $is_wanted) = @_;
    my @found = grep { $is_wanted->() } @$messages;
    Test::More::is(scalar @found, 1, $name);
    my $done = $found[0] // '';
    return grep { $_ ne $done } @$messages;
}

1;
