#!/usr/bin/env perl
# A worker dies at each point where a change of an article could come apart: the file is the old or
# the new one, and whoever comes next goes on from there.
use FindBin;
use lib "$FindBin::Bin/lib";
use Edgerun::Test;
use Edgerun::Knowledge;
use Edgerun::Process;

my $t = Edgerun::Test->new(crashing => 1);
write_knowledge($t, [ a => 'Text of a.' ]);
$t->write_conf(knowledge_conf(), main => 'env EDGERUN_CRASH_FILE;');
$t->allow_log(qr/worker process \d+ exited on signal 9/);
$t->run;

sub points {
    my %points;
    for my $path (glob "$Edgerun::Test::TOP/src/{store,engine}/{whole_file,knowledge_}*.cpp") {
        $points{$_} = 1 for Edgerun::Process::slurp($path) =~ /EDGERUN_CRASH_POINT\((\w+)\)/g;
    }
    return sort keys %points;
}

# Points before the new file has its name.
my %IS_OLD = (whole_file_written => 1);

my $before = 'a';
my @points = points();
for my $point (@points) {
    $t->crash_at($point);
    is put_article($t, $point, 'Half?'), undef, "$point: no answer";
    ok $t->has_crashed, '... the worker is dead';
    ok wait_until { $t->worker_pids == 2 }, '... and replaced';
    $before .= " $point" if !$IS_OLD{$point};
    is join(' ', listed_ids($t)), $before, '... the change was made, or was not';
    is put_article($t, "after-$point", 'Whole.')->{status}, 201, '... the next one is';
    $before .= " after-$point";
    is join(' ', map { s{.*/}{}r } glob $t->dir . '/state/*'), 'articles.json articles.json.lock',
        '... and nothing lies about';
}
is scalar @points, 3, 'these were all points';

done_testing;
