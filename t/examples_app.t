#!/usr/bin/env perl
# conf/examples/app.conf, end to end: who may pass which door, what counts for a quota, and what
# is there after a restart. The demo shows the rest (demo.t).
use FindBin;
use lib "$FindBin::Bin/lib";
use Edgerun::Test;
use Edgerun::Calendar;

begin_within('day');
my $t = Edgerun::Test->new;
$t->start_emulator(duration => 50);
$t->write_example('app.conf');
$t->run(conf => 'app.conf');

sub user { my ($name, %claims) = @_; return (token => $t->token({ sub => $name, %claims })) }
my @admin   = user('grace', role => 'ADMIN', simRateLimit => 3);
my @analyst = user('ada', role => 'ANALYST', assignedModules => [ 'simulations', 'knowledge-base' ]);
my @guest   = user('bob', role => 'ANALYST');
my %ask     = (json => { query => 'What does a discount bring?' });
my %article = (json => { title => 'Tariffs', text => 'They cost margin.', keywords => ['tariff'] });

# [ METHOD, PATH, OPTIONS, what it is for administrators, analysts, guests ]
my @DOORS = (
    [ 'POST',   '/simulations',                   \%ask,     403, 202, 403 ],
    [ 'GET',    '/simulations',                   {},        403, 200, 403 ],
    [ 'GET',    '/knowledge/search?q=discount',   {},        403, 200, 403 ],
    [ 'GET',    '/knowledge/articles',            {},        403, 200, 403 ],
    [ 'GET',    '/knowledge/articles/currency',   {},        403, 200, 403 ],
    [ 'PUT',    '/knowledge/articles/tariffs',    \%article, 201, 403, 403 ],
    [ 'POST',   '/knowledge/articles',            \%article, 201, 403, 403 ],
    [ 'DELETE', '/knowledge/articles/promotions', {},        204, 403, 403 ],
    [ 'POST',   '/agents/planner/run',            \%ask,     202, 403, 403 ],
    [ 'POST',   '/agents/nobody/run',             \%ask,     404, 403, 403 ],
    [ 'GET',    '/usage',                         {},        200, 200, 200 ],
    [ 'GET',    '/elsewhere',                     {},        404, 404, 404 ],
);
ok wait_until { $t->get('/simulations', @analyst)->{status} == 200 }, 'the journal has been read';
for my $door (@DOORS) {
    my ($method, $path, $options, @expected) = @$door;
    my @statuses = map { $t->request($method, $path, %$options, @$_)->{status} } \@analyst, \@guest, \@admin;
    is "@statuses", "@expected[1, 2, 0]", "$method $path: for analysts, guests and administrators";
    is $t->request($method, $path, %$options)->{status}, 401, '... and nobody else';
}

# ------------------------------------------------------------------- quotas

sub usage { return { map { $_->{name} => $_ } @{ $t->get('/usage', @_)->{json}{quotas} } } }

is usage(@analyst)->{month}{used}, 1, 'a simulation counts';
is usage(@analyst)->{month}{limit}, 50, 'of the usual limit';
is usage(@admin)->{month}{used}, 1, 'so does the run of an agent, but no refusal';
is usage(@admin)->{month}{limit}, 3, 'of the limit that the token says';
is usage(@guest)->{month}{used}, 0, 'who is refused has used nothing';
my @more = map { $t->post('/agents/reviewer/run', %ask, @admin)->{status} } 1 .. 3;
is "@more", '202 202 429', 'until it is spent';
ok wait_until { usage(@admin)->{'day-tokens'}{reserved} == 0 && usage(@analyst)->{'day-tokens'}{reserved} == 0 },
    'tokens are settled when jobs end';
my %used = map { $_->[0] => usage(@{ $_->[1] })->{'day-tokens'}{used} } [ ada => \@analyst ], [ grace => \@admin ];
ok $used{$_} > 0, "with what they used: $_" for sort keys %used;

# ------------------------------------------------------------------ a restart

my $job = $t->get('/simulations', @analyst)->{json}{jobs}[0];
$t->kill_all;
$t->run;
ok wait_until { $t->get("/simulations/$job->{id}", @analyst)->{status} == 200 }, 'jobs are there after a restart';
is usage(@admin)->{month}{used}, 3, 'what was counted, too';
# How a job ended may not have been written yet: then it is settled once more.
ok wait_until { usage(@admin)->{'day-tokens'}{used} == $used{grace} }, 'tokens as well';
my $articles = $t->get('/knowledge/articles?limit=100', @analyst)->{json}{articles};
my %ids = map { $_->{id} => 1 } @$articles;
ok $ids{tariffs} && $ids{currency} && !$ids{promotions}, 'and articles as they were left';
my $next = $t->post('/simulations', json => { query => 'A discount, in spite of the tariff?' }, @analyst)->{json};
like "@{ $next->{knowledge} }", qr/\bprice-elasticity\b.*\btariffs\b/, 'for the next job';
$t->wait_for_job("/simulations/$next->{id}", @analyst);

done_testing;
