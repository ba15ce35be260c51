#!/usr/bin/env perl
# What was acknowledged stays, whole: through reloads, restarts and deaths. What the operator writes
# is taken over at once, if it is right; what cannot be written is refused.
use FindBin;
use lib "$FindBin::Bin/lib";
use Edgerun::Test;
use Edgerun::Knowledge;
use Edgerun::Process;
use JSON::PP;

my $t = Edgerun::Test->new;
my $file = write_knowledge($t, [ a => 'Text of a.' ], { alpha => ['a'] });
$t->write_conf(knowledge_conf(articles => 'add_header X-Worker $pid always;'));
$t->run;

sub text_of { my ($id) = @_; return $t->get("/articles/$id")->{json}{text} // '' }
sub all_read { $_->get('/articles/a') for @{ on_each_worker($t) }; return }
sub on_disk { return decode_json(Edgerun::Process::slurp($_[0] // $file)) }
sub left_over { return join ' ', map { s{.*/}{}r } grep { !/\.(?:json|lock)$/ } glob $t->dir . '/state/*' }

# ------------------------------------------------------------ reload and restart

chmod 0604, $file;
is put_article($t, 'b', 'Text of b.')->{status}, 201, 'an article';
is join(' ', map { $_->{id} } @{ on_disk()->{articles} }), 'a b', '... is in the file';
is sprintf('%o', (stat $file)[2] & 0777), '604', '... whose rights are as they were';
ok $t->reload, 'a reload';
is text_of('b'), 'Text of b.', '... leaves it';
$t->stop;
$t->run;
is text_of('b'), 'Text of b.', 'so does a restart';

# A reload while edits are under way: none of them fails.
my @clients = map { $t->connect } 1 .. 20;
$clients[$_]->write(Edgerun::Http::format_request('PUT', "/articles/r$_", json => article_of('Reloaded.'), close => 1))
    for 0 .. $#clients;
ok $t->reload, 'another one, with edits under way';
is join(' ', map { $_->read_response->{status} } @clients), join(' ', (201) x 20), 'all are carried out';

# --------------------------------------------------------------- kill -9, at work

my %acknowledged;
for my $round (1 .. 4) {
    my @writers = map { $t->connect } 1 .. 6;
    my $number = 0;
    my $send = sub {
        my ($writer) = @_;
        my $id = "k$round-" . $number++;
        $writer->write(Edgerun::Http::format_request('PUT', "/articles/$id", json => article_of("Text of $id.")));
        return $id;
    };
    my @pending = map { $send->($_) } @writers;
    for my $turn (1 .. 5 + $round) {
        for my $i (0 .. $#writers) {
            my $answer = $writers[$i]->read_response or next;
            $acknowledged{ $pending[$i] } = 1 if $answer->{status} == 201;
            $pending[$i] = $send->($writers[$i]);
        }
    }
    $t->kill_all;    # edits are under way
    my $left = eval { on_disk() } // { articles => [] };
    my %there = map { $_->{id} => $_->{text} } @{ $left->{articles} };
    ok scalar(keys %there), "round $round: the file is whole";
    is join(' ', grep { ($there{$_} // '') ne "Text of $_." } sort keys %acknowledged), '',
        '... and all that was acknowledged is there';
    $t->run;
}
cmp_ok scalar(keys %acknowledged), '>=', 100, 'that were many';
put_article($t, 'after', 'After all.');
is left_over(), '', 'what the dead had begun is cleared away';

# -------------------------------------------------------- the operator's own hand

write_knowledge($t, [ a => 'By hand.', h => 'New.' ], { hand => ['h'] });
is text_of('a'), 'By hand.', 'another file counts at once';
is ids_of($t->get('/search?q=a%20hand')), 'h', '... with its keywords';
is_deeply [ listed_ids($t) ], [ 'a', 'h' ], '... and nothing else';
is put_article($t, 'i', 'On top.')->{status}, 201, 'changes go on from there';
is_deeply [ listed_ids($t) ], [qw(a h i)], '... and keep it';

all_read();
my $good = Edgerun::Process::slurp($file);
my $from = length $t->error_log;
$t->write_file('state/articles.json', '{"keywords": {"x": ["nobody"]}, "articles": [');
is text_of('a'), 'By hand.', 'a broken file leaves the last good one';
is text_of('a'), 'By hand.', '... as often as it is asked for' for 1 .. 20;
my $said = substr $t->error_log, $from;
like $said, qr/\[error\].*the knowledge base "main" cannot be read anew; the last good one stays in use/, 'the log says so';
like $said, qr{file "\Q$file\E": line 1}, '... and what is wrong';
cmp_ok scalar(() = $said =~ /cannot be read anew/g), '<=', 2, 'once for each worker';
my $refused = put_article($t, 'j', 'Lost?');
is "$refused->{status} $refused->{json}{message}", '503 the knowledge base cannot be written now', 'nobody writes over it';
ok $refused->{headers}{'retry-after'}, '... but may come again';
like Edgerun::Process::slurp($file), qr/nobody/, '... for the operator has work in it';
ok !$t->reload, 'a reload is refused';
$t->allow_log(qr/\[emerg\].*edgerun_knowledge_base "main"/);
is text_of('a'), 'By hand.', '... and leaves all as it is';
$t->write_file('state/articles.json', $good);
is put_article($t, 'j', 'Found.')->{status}, 201, 'put right, it counts again';


all_read();
rename $file, "$file.away" or die $!;
is text_of('j'), 'Found.', 'without a file the last one stays' for 1 .. 10;
is put_article($t, 'k', 'Alone?')->{status}, 503, '... and is not changed';
rename "$file.away", $file or die $!;
is put_article($t, 'k', 'Back.')->{status}, 201, 'until it is there again';
is join(' ', map { $_->{id} } @{ on_disk()->{articles} }), 'a h i j k', '... with all that it had';

# ------------------------------------------------------ what cannot be written

SKIP: {
    skip 'root may write everywhere', 3 if $Edgerun::Test::SANITIZED;
    $from = length $t->error_log;
    chmod 0555, $t->dir . '/state';
    is put_article($t, 'l', 'No.')->{status}, 503, 'a folder that is closed';
    like substr($t->error_log, $from),
        qr{\[error\].*the knowledge base "main" cannot be changed: could not create a file beside "\Q$file\E" \(13: Permission denied\)},
        '... is told to the log';
    is text_of('k'), 'Back.', '... and nothing else happens';
    chmod 0777, $t->dir . '/state';
    is put_article($t, 'l', 'Yes.')->{status}, 201, 'until it is open again';
}

# One that holds the lock, for long; a change that waits for it is given up after ten seconds. Where
# all this takes about as long, it is tried again.
open my $lock, '>>', "$file.lock" or die $!;
my ($shown, $busy, $waited);
wait_until {
    my $since = time;
    flock $lock, 2;
    my $waiting = $t->connect;
    $waiting->write(Edgerun::Http::format_request('PUT', '/articles/m', json => article_of('Late.')));
    $shown = text_of('l');
    my @crowd = map { $t->connect } 1 .. 140;
    $_->write(Edgerun::Http::format_request('PUT', '/articles/m', json => article_of('Late.'))) for @crowd;
    $busy = wait_until {
        for my $client (reverse @crowd) {
            my $answer = $client->read_response(timeout => 0.01) or next;
            return $answer;
        }
        return;
    };
    flock $lock, 8;
    my $took = time - $since;
    $waited = $waiting->read_response->{status};
    $_->close for @crowd;
    return $took < 8;
};
is $shown, $Edgerun::Test::SANITIZED ? '' : 'Yes.', 'who reads does not wait for who writes';
is "$busy->{status} $busy->{headers}{'retry-after'} $busy->{json}{message}", '503 1 too many changes wait; nothing was changed',
    'more than a worker keeps are sent away';
like $waited, qr/^20[01]$/, 'the others go on when it is free';

# ----------------------------------------------------------- a state of its own

$t->stop;
unlink glob $t->dir . '/state/*';
write_knowledge($t, [ a => 'The operator\'s.' ]);
$t->write_conf(knowledge_conf(base => 'state=%%TESTDIR%%/own/state.json'));
$t->run;
is text_of('a'), "The operator's.", 'without a state the file counts';
write_knowledge($t, [ a => 'Written later.' ]);
is text_of('a'), 'Written later.', '... when it changes, too';
is put_article($t, 'b', 'Changed.')->{status}, 201, 'a change';
is join(' ', map { $_->{id} } @{ on_disk()->{articles} }), 'a', '... leaves the file as it is';
my $state = $t->dir . '/own/state.json';
is join(' ', map { $_->{id} } @{ on_disk($state)->{articles} }), 'a b', '... and makes the state';
is sprintf('%o', (stat $state)[2] & 0777), '640', '... for its owner and group';
write_knowledge($t, [ z => 'Too late.' ]);
is_deeply [ listed_ids($t) ], [ 'a', 'b' ], 'which counts from now on';
$t->stop;
$t->run;
is_deeply [ listed_ids($t) ], [ 'a', 'b' ], '... after a restart, too';
unlink $state;
is_deeply [ listed_ids($t) ], ['z'], 'until it is removed';

done_testing;
