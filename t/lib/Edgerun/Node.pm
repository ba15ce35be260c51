package Edgerun::Node;

# The checks of t/openai: programs for Node that use packages from npm, which
# ./build.sh build installs into build/openai where npm and a registry are at hand.

use strict;
use warnings;

use Carp qw(croak);
use Cwd qw(abs_path);
use Exporter qw(import);
use File::Basename qw(dirname);
use File::Temp;
use Test::More ();

our @EXPORT = qw(need_node run_node);

my $TOP = abs_path(dirname(__FILE__) . '/../../..');

# Without Node or its packages a test file ends here: skipped, or failed in CI.
sub need_node {
    my $missing = _missing() or return;
    Test::More::plan(skip_all => $missing) if ($ENV{CI} // '') ne 'true';
    Test::More::plan(tests => 1);
    Test::More::fail("CI needs this check, but $missing");
    exit 1;
}

sub _missing {
    my $exit = system 'command -v node >/dev/null 2>&1';
    return 'there is no node' if $exit != 0;
    return 'its packages from npm are not in build/openai (./build.sh build)'
        if !-e "$TOP/build/openai/.installed";
    return;
}

# run_node(SCRIPT, [ARGUMENTS], INPUT): the lines that t/openai/SCRIPT prints.
sub run_node {
    my ($script, $arguments, $input) = @_;
    my $file = File::Temp->new;
    print $file $input // '';
    $file->close;
    open my $output, '-|', 'sh', '-c', 'input=$1; shift; exec node "$@" <"$input"', 'sh',
        "$file", "$TOP/t/openai/$script", @{ $arguments // [] }
        or croak "node: $!";
    chomp(my @lines = <$output>);
    close $output or croak "$script ended with status $?";
    return @lines;
}

1;
