#!/usr/bin/env perl
# master_process off, as in a debugger: articles are changed and read in the one process.
use FindBin;
use lib "$FindBin::Bin/lib";
use Edgerun::Test;
use Edgerun::Knowledge;

my $t = Edgerun::Test->new(workers => 1);
write_knowledge($t, [ a => 'Text of a.' ]);
$t->write_conf(knowledge_conf(), main => 'master_process off;', file => 'single.conf');
$t->run(conf => 'single.conf');

is put_article($t, 'b', 'Text of b.')->{status}, 201, 'an article is written';
is_deeply [ listed_ids($t) ], [ 'a', 'b' ], '... and shown';
write_knowledge($t, [ h => 'By hand.' ]);
is_deeply [ listed_ids($t) ], ['h'], 'another file is read';

open my $lock, '>>', $t->dir . '/state/articles.json.lock' or die $!;
flock $lock, 2;
my $waiting = $t->connect;
$waiting->write(Edgerun::Http::format_request('PUT', '/articles/c', json => article_of('Waits.')));
is_deeply [ listed_ids($t) ], ['h'], 'nobody waits for a change that waits for another process';
flock $lock, 8;
is $waiting->read_response->{status}, 201, '... and is made then';
is $t->stop('TERM'), 0, 'NGINX ends in order';

done_testing;
