#!/usr/bin/env perl
# The demo, as it runs where there is no terminal.
use FindBin;
use lib "$FindBin::Bin/lib";
use Edgerun::Test;

plan skip_all => 'the demo uses the installed NGINX' if Edgerun::Test::is_static();

my $t = Edgerun::Test->new;
my $port = $t->port;

my ($exit, $output) = Edgerun::Process::capture(
    { PATH => $ENV{PATH}, DEMO_PORT => $port, DEMO_DIR => $t->dir . '/demo', DEMO_EXIT => 1 },
    "$FindBin::Bin/demo/run");

is $exit, 0, 'it ends well' or diag $output;
like $output, qr{^POST /simulations  \{"query":"}m, 'it asks a question';
like $output, qr{^HTTP/1\.1 202 Accepted\r?$}m, 'which is accepted as a job';
like $output, qr{^RUNNING +\d+\.\d s, \d+ polls$}m, 'whose progress it shows';
like $output, qr{^COMPLETED +\d+\.\d s, \d+ polls$}m, 'up to the end';
like $output, qr{^Answer\n.+\n\n?\d+ tokens, \d+\.\d s from question to answer$}ms,
    'it prints the answer, tokens and time';
like $output, qr{^curl -i -H "Authorization: Bearer \$TOKEN".*\n.*http://127\.0\.0\.1:$port/simulations$}m,
    'and commands to go on with';
ok !Edgerun::Wait::wait_for_socket($port, 0), 'it leaves no server behind';
unlike Edgerun::Process::slurp($t->dir . '/demo/logs/error.log'), qr/\[(?:alert|emerg|error)\]/,
    'error.log holds nothing alarming';

done_testing;
