#!/usr/bin/env perl
# A change of an article is told as done when it is on the disk. What the disk fails to write is
# not done, and what it may still lose is told to be so.
use FindBin;
use lib "$FindBin::Bin/lib";
use Edgerun::Test;
use Edgerun::Disk;
use Edgerun::Knowledge;

my $t = Edgerun::Test->new;
my $file = write_knowledge($t, [ a => 'Text of a.' ]);
my $disk = Edgerun::Disk->new($t, 'state');
$t->write_conf(knowledge_conf(articles => 'add_header X-Worker $pid always;'));
$t->run;

sub told { my ($answer) = @_; return join ' ', $answer->{status}, $answer->{json}{message} // '' }
sub text_of { my ($id) = @_; return $t->get("/articles/$id")->{json}{text} // '' }

is put_article($t, 'b', 'Text of b.')->{status}, 201, 'a change that is on the disk';

$disk->set(failFlushes => 1);
is told(put_article($t, 'b', 'Lost.')), '503 the knowledge base cannot be written now', 'a file that is not flushed';
is text_of('b'), 'Text of b.', '... does not take the place of the other';

my $from = length $t->error_log;
$disk->set(failNameFlushes => 1);
my $answer = put_article($t, 'b', 'Text of b, anew.');
is told($answer), '503 the change is made, but a power cut may undo it', 'a name that is not flushed is no success';
ok $answer->{headers}{'retry-after'}, '... though one may try again';
is text_of('b'), 'Text of b, anew.', '... and it is as it says: whoever reads sees the change';
is $_->get('/articles/b')->{json}{text}, 'Text of b, anew.', '... from every worker' for @{ on_each_worker($t) };
like substr($t->error_log, $from),
    qr{\[error\].*the knowledge base "main" was changed, but a power cut may undo that: could not flush the directory of "\Q$file\E" \(5: },
    '... and the log says why';

$t->kill_all;
$disk->cut_power;
$t->run;
is text_of('b'), 'Text of b.', 'a power cut has undone it';
is_deeply [ listed_ids($t) ], [ 'a', 'b' ], '... and nothing else';

$disk->set(failNameFlushes => 1);
is put_article($t, 'c', 'Text of c.')->{status}, 503, 'another one';
is put_article($t, 'c', 'Text of c.')->{status}, 200, '... that is sent again';
$t->kill_all;
$disk->cut_power;
$t->run;
is text_of('c'), 'Text of c.', '... outlasts the next one';

done_testing;
