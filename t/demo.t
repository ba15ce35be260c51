#!/usr/bin/env perl
# The demos, as they run where there is no terminal.
use FindBin;
use lib "$FindBin::Bin/lib";
use Edgerun::Test;
use Edgerun::Calendar;

plan skip_all => 'the demo uses the installed NGINX' if Edgerun::Test::is_static();

begin_within('month');
my $t = Edgerun::Test->new;
my $port = $t->port;

# What a demo prints.
sub demo {
    my ($name) = @_;
    my $dir = $t->dir . "/$name";
    my ($exit, $output) = Edgerun::Process::capture(
        { PATH => $ENV{PATH}, DEMO_PORT => $port, DEMO_DIR => $dir, DEMO_EXIT => 1 },
        "$FindBin::Bin/demo/run", $name);
    is $exit, 0, "$name: it ends well" or diag $output;
    like $output, qr{^curl -i -H "Authorization: Bearer \$TOKEN".*\n.*http://127\.0\.0\.1:$port/simulations$}m,
        "$name: it ends with commands to go on with";
    ok !Edgerun::Wait::wait_for_socket($port, 0), "$name: it leaves no server behind";
    unlike Edgerun::Process::slurp("$dir/logs/error.log"), qr/\[(?:alert|emerg|error)\]/,
        "$name: error.log holds nothing alarming";
    return $output;
}

# --------------------------------------------------------------- quickstart

my $output = demo('quickstart');
like $output, qr{^POST /simulations  \{"query":"}m, 'it asks a question';
like $output, qr{^HTTP/1\.1 202 Accepted\r?$}m, 'which is accepted as a job';
like $output, qr{^RUNNING +\d+\.\d s, \d+ polls$}m, 'whose progress it shows';
like $output, qr{^COMPLETED +\d+\.\d s, \d+ polls$}m, 'up to the end';
like $output, qr{^Answer\n.+\n\n?\d+ tokens, \d+\.\d s from question to answer$}ms,
    'it prints the answer, tokens and time';

# --------------------------------------------------------------------- app

# A part for each "-- TITLE --".
my (undef, $ada, $search, $grace, $refused, $carol) = split /^-- .* --$/m, demo('app');

like $ada, qr{^HTTP/1\.1 202 Accepted\r\n.*^RateLimit-Policy: "month";q=20;}ms, 'a job is taken out of a quota';
like $ada, qr{^RateLimit: "month";r=19;t=\d+}m, 'of which so much is left';
like $ada, qr{"knowledge":\["price-elasticity","seasonality"\]}, 'it gets articles';
my ($written, $read) = $ada =~ /^What the model writes\n(.*)^What Ada reads\n(.*)^from these articles/ms;
like $written, qr/Executive Summary.*What It Means.*Note on Risk.*before you act.*Interpretive Note/s, 'the model writes what it should not';
unlike $read, qr/Executive Summary|What It Means|Note on Risk|before you act|Interpretive Note|(?:^  \| \n){2}/m,
    'which nobody reads';
like $read, qr/^  \| Units sold .*^  \| Two thirds .*^  \| The figures were/ms, 'but what it should';
like $ada, qr{^from these articles: price-elasticity, seasonality$}m, 'the articles are told';
like $ada, qr{^GET /usage\n.*"quotas":\[\{.*"unit":"requests".*"used":1,.*"unit":"tokens"}ms, 'so is what was used';
like $search, qr{^HTTP/1\.1 200 OK\r\n.*"id":"currency"}ms, 'a search finds an article';
like $grace, qr{^POST /knowledge/articles.*^HTTP/1\.1 201 Created\n.*^Location: /knowledge/articles/tariffs$}ms,
    'an administrator adds another';
like $grace, qr{^What Ada reads\n  \| A tariff .*^from these articles: tariffs$}ms, 'which the next job uses';
is join(' ', $refused =~ m{^HTTP/1\.1 (\d+ \w+)}mg), '403 Forbidden 403 Forbidden', 'others are refused';
like $refused, qr/ADMIN.*simulations/s, 'and told why';
is join(' ', $carol =~ m{^HTTP/1\.1 (\d+)}mg), '202 429', 'a quota is spent';
like $carol, qr/^Retry-After: \d+/m, 'until its period ends';

done_testing;
