#!/usr/bin/env perl
# The shared object shows NGINX what NGINX looks for, and nothing else: neither
# our names nor those of the C++ library may meet another module's.
use FindBin;
use lib "$FindBin::Bin/lib";
use Edgerun::Test;

plan skip_all => 'the module is linked into NGINX' if Edgerun::Test::is_static();

sub symbols {
    my (@options) = @_;
    my ($exit, $output) = Edgerun::Process::capture({ PATH => $ENV{PATH}, LC_ALL => 'C' }, 'nm', @options,
        $Edgerun::Test::MODULE);
    is $exit, 0, "nm @options reads it" or diag $output;
    return map { (split)[-1] } grep { /\S/ } split /\n/, $output;
}

is_deeply [ sort(symbols('-D', '--defined-only')) ], [qw(ngx_module_names ngx_module_order ngx_modules)],
    'it exports the three names that NGINX looks for';

my @undefined = symbols('-D', '--undefined-only');
is join(' ', grep { /edgerun/ } @undefined), '', 'it wants nothing of its own from outside';
is join(' ', grep { /^(?:assert|__assert_fail|abort)(?:@|$)/ } @undefined), '', 'nor a way to end NGINX';

done_testing;
