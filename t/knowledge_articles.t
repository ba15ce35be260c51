#!/usr/bin/env perl
# Articles are listed, read, created, replaced and removed over HTTP. Nobody loses another's
# change, and all workers see each change at once.
use FindBin;
use lib "$FindBin::Bin/lib";
use Edgerun::Test;
use Edgerun::Knowledge;
use JSON::PP;
use List::Util qw(uniq);

my $t = Edgerun::Test->new(workers => 3);
write_knowledge($t, [ map { ($_ => "Text of $_.") } qw(a b c d e) ], { one => [ 'a', 'b' ], two => ['b'] });
$t->write_conf(knowledge_conf(server => <<'END', articles => 'add_header X-Worker $pid always;'));
        location /gated/ {
            edgerun_auth_jwt "articles";
            edgerun_auth_jwt_secret env:EDGERUN_JWT_SECRET;
            edgerun_knowledge_articles main;
            limit_except GET { edgerun_require_role ADMIN; }
        }
        location /small {
            client_max_body_size 1k;
            edgerun_knowledge_articles main;
        }
END
$t->run;

sub says { my ($answer) = @_; return "$answer->{status} $answer->{json}{message}" }
sub tag  { my ($answer) = @_; return $answer->{headers}{etag} // '' }

# --------------------------------------------------------------------- to read

my $list = $t->get('/articles');
is_deeply $list->{json}, {
    articles => [ map { { id => $_, title => "About $_", category => '', tags => [] } } qw(a b c d e) ],
    hasMore => JSON::PP::false,
}, 'a list';
my $page = $t->get('/articles/?limit=2');
is ids_of($page) . " $page->{json}{hasMore} $page->{json}{next}", 'a b 1 b', 'a page of it';
$page = $t->get('/articles?limit=2&after=b');
is ids_of($page) . " $page->{json}{next}", 'c d d', 'the next page';
$page = $t->get('/articles?limit=2&after=d');
is ids_of($page) . " $page->{json}{hasMore}", 'e 0', 'the last page';
is says($t->get("/articles?$_->[0]")), "400 $_->[1]", "refused: $_->[0]" for
    [ 'limit=101', '"limit" must be a number from 1 to 100' ],
    [ 'after=%20', '"after" must be the id of an article' ],
    [ 'after=z', 'there is no article "z" any more; begin the list anew' ],
    [ 'q=x', 'unknown argument; known are "limit" and "after"' ];

my $read = $t->get('/articles/b');
is_deeply $read->{json}, { id => 'b', title => 'About b', category => '', tags => [], text => 'Text of b.',
    keywords => [ 'one', 'two' ] }, 'an article';
like tag($read), qr/^"[0-9a-f]{32}"$/, 'with a strong ETag';
is $t->get('/articles/b', headers => { 'If-None-Match' => tag($read) })->{status}, 304, '... by which it is known';
is $t->get('/articles/b', headers => { 'If-None-Match' => '"else"' })->{status}, 200, '... when it has not changed';
isnt tag($t->get('/articles/a')), tag($read), 'each has its own';
is $t->request('HEAD', '/articles/b')->{headers}{etag}, tag($read), 'HEAD';
is says($t->get('/articles/z')), '404 there is no such article', 'an unknown one';
is $t->get("/articles$_")->{status}, 404, "nothing at $_" for '/a/b', '/a/', 'x', '/a%2Fb';

# ------------------------------------------------------------------- to create

my $made = $t->post('/articles', json => article_of('New.', id => 'new', category => 'c', tags => ['t'],
    keywords => [ 'one', 'fresh' ]));
is "$made->{status} $made->{headers}{location}", '201 /articles/new', 'an article is created';
is_deeply $made->{json}, { id => 'new', title => 'A title', category => 'c', tags => ['t'], text => 'New.',
    keywords => [ 'one', 'fresh' ] }, '... and shown';
is tag($made), tag($t->get('/articles/new')), '... with its ETag';
is ids_of($t->get('/search?q=fresh')), 'new', 'it is found';
is join(' ', listed_ids($t, 2)), 'a b c d e new', 'it stands last';
is says($t->post('/articles', json => article_of('Again.', id => 'new'))),
    '409 there is an article of that id already; PUT replaces it', 'its id is taken';
my @invented = map { $t->post('/articles/', json => article_of('Nameless.')) } 1 .. 2;
like $_->{json}{id}, qr/^[a-z2-7]{16,}$/, 'an id is made' for @invented;
is $invented[0]{headers}{location}, "/articles/$invented[0]{json}{id}", '... and told';
isnt $invented[0]{json}{id}, $invented[1]{json}{id}, '... each its own';

my $all_wrong = $t->post('/articles', json => { id => 'a b', title => '', tags => 'x', more => 1 });
is $all_wrong->{status}, 400, 'a bad article is refused';
like $all_wrong->{json}{message}, $_, "... with all that is wrong with it"
    for qr/unknown member "more"/, qr/its id must be/, qr/title is empty/, qr/"tags" must be/, qr/"text" is missing/;
is $t->post('/articles', body => '{', headers => { 'Content-Type' => 'application/json' })->{status}, 400,
    'so is what is no JSON';
is $t->post('/articles', body => '{}', headers => { 'Content-Type' => 'text/plain' })->{status}, 415,
    'what says that it is none';
is $t->post('/small', json => article_of('x' x 2000))->{status}, 413, 'and what is too large';
is $t->post('/articles', json => article_of('x' x 300_000, id => 'large'))->{status}, 201,
    'a text that NGINX puts into a file';
is length $t->get('/articles/large')->{json}{text}, 300_000, '... is whole';

# ------------------------------------------------------------------ to replace

my $first = put_article($t, 'put', 'First.');
is "$first->{status} $first->{headers}{location}", '201 /articles/put', 'PUT creates';
my $second = put_article($t, 'put', 'Second.');
is "$second->{status} $second->{json}{text}", '200 Second.', 'and replaces';
isnt tag($second), tag($first), '... with another ETag';
is put_article($t, 'a', 'Changed.', json => article_of('Changed.', id => 'a'))->{status}, 200, 'an id in the body is that of the URL';
is says($t->request('PUT', '/articles/a', json => article_of('Changed.', id => 'b'))),
    '400 "id" must be the one in the URL, or be left out', '... or refused';
like says($t->request('PUT', '/articles/a%20b', json => article_of('Bad.'))), qr/^400 its id must be/, 'a URL that is none';
is_deeply $t->get('/articles/a')->{json}{keywords}, [], 'keywords are replaced too';

# -------------------------------------------------------------- no lost update

sub if_match { my ($value) = @_; return (headers => { 'If-Match' => $value }) }

my $mine = tag($second);
is put_article($t, 'put', 'Theirs.', if_match($mine))->{status}, 200, 'who has seen the newest may replace it';
is says(put_article($t, 'put', 'Mine.', if_match($mine))),
    '412 the article is not as the request demands; somebody else may have changed it', 'who has not may not';
is $t->get('/articles/put')->{json}{text}, 'Theirs.', '... and destroys nothing';
my $theirs = tag($t->get('/articles/put'));
my %status_of = (
    '"x", ' . $theirs     => 200,
    '*'                   => 200,
    "W/$theirs"           => 412,
    '"x,y" , ""'          => 412,
    $theirs =~ tr/"//dr   => 412,
    ''                    => 412,
);
is put_article($t, 'put', 'Theirs.', if_match($_))->{status}, $status_of{$_}, "If-Match: $_" for sort keys %status_of;
is put_article($t, 'none', 'Text.', if_match('*'))->{status}, 412, 'what is not there matches nothing';

sub if_none { my ($value) = @_; return (headers => { 'If-None-Match' => $value }) }

is put_article($t, 'put', 'Mine.', if_none('*'))->{status}, 412, 'If-None-Match: * creates only';
is put_article($t, 'only', 'Mine.', if_none('*'))->{status}, 201, '... what is not there';
is put_article($t, 'put', 'Mine.', if_none("W/$theirs"))->{status}, 412, 'nor what has not changed';
is put_article($t, 'put', 'Theirs.', if_none('"else"'))->{status}, 200, 'but what has';

my @racers = map { $t->connect } 1 .. 8;
$_->write(Edgerun::Http::format_request('PUT', '/articles/put', json => article_of("Racer."), if_match($theirs)))
    for @racers;
is join(' ', sort map { $_->read_response->{status} } @racers), '200' . ' 412' x 7,
    'of eight who saw the same, one replaces it';

# ------------------------------------------------------------------- to remove

is $t->request('DELETE', '/articles/put', if_match($theirs))->{status}, 412, 'removed by whom has seen it';
my $gone = $t->request('DELETE', '/articles/put', if_match(tag($t->get('/articles/put'))));
is "$gone->{status} '$gone->{body}'", "204 ''", '... and gone';
is $t->request('DELETE', '/articles/put')->{status}, 404, '... for good';
is $t->request('DELETE', '/articles/put', if_match('"x"'))->{status}, 404, '... whatever is demanded';
is $t->request('DELETE', '/articles/new')->{status}, 204, 'without conditions';
is ids_of($t->get('/search?q=fresh')), '', '... and its keywords';
is ids_of($t->get('/search?q=one')), 'b', '... where they led nowhere else';

for (['PUT', '/articles', 'GET, HEAD, POST'], ['DELETE', '/articles/', 'GET, HEAD, POST'],
    ['POST', '/articles/a', 'GET, HEAD, PUT, DELETE'], ['PATCH', '/articles/a', 'GET, HEAD, PUT, DELETE']) {
    my $refused = $t->request($_->[0], $_->[1], json => {});
    is "$refused->{status} $refused->{headers}{allow}", "405 $_->[2]", "$_->[0] $_->[1]";
}

# ---------------------------------------------------------- all workers, at once

my $workers = on_each_worker($t);
is scalar @$workers, 3, 'a connection to each worker';
my ($stale, $last) = (0, '');
for my $i (1 .. 60) {
    put_article($workers->[ $i % 3 ], 'seen', "Number $i.")->{status} =~ /^20[01]$/ or $last = "$i failed";
    for my $worker (@$workers) {
        $stale++ if $worker->get('/articles/seen')->{json}{text} ne "Number $i.";
    }
}
is "$stale$last", '0', 'what one has written, all show at once';
my @counts = map { $_->get('/search?q=title')->{json}{count} } @$workers;
is scalar(uniq @counts), 1, '... and find';

# Many at once, on all workers.
my @clients = map { $t->connect } 1 .. 40;
$clients[$_]->write(Edgerun::Http::format_request('PUT', "/articles/many-$_", json => article_of("Of $_.")))
    for 0 .. $#clients;
my @put = map { $_->read_response } @clients;
for my $i (grep { $put[$_]{status} == 503 } 0 .. $#put) {    # on a slow disk some are to come again
    wait_until { ($put[$i] = put_article($t, "many-$i", "Of $i."))->{status} != 503 };
}
is join(' ', uniq map { $_->{status} } @put), '201', 'forty at once';
my %listed = map { $_ => 1 } listed_ids($t);
is scalar(grep { $listed{"many-$_"} } 0 .. $#clients), 40, '... are all there';

# -------------------------------------------------------------------- the gate

my %who = (
    nobody => undef,
    reader => $t->token({ sub => 'a', role => 'USER' }),
    admin  => $t->token({ sub => 'b', role => 'ADMIN' }),
);
my %gated = (
    nobody => { GET => 401, PUT => 401, POST => 401, DELETE => 401 },
    reader => { GET => 200, PUT => 403, POST => 403, DELETE => 403 },
    admin  => { GET => 200, PUT => 201, POST => 201, DELETE => 204 },
);
for my $name (qw(nobody reader admin)) {
    my %statuses;
    for my $method (qw(GET PUT POST DELETE)) {
        my $path = { GET => '', PUT => 'gate', POST => '', DELETE => 'gate' }->{$method};
        my %body = $method =~ /^P/ ? (json => article_of('Gated.')) : ();
        $statuses{$method} = $t->request($method, "/gated/$path", token => $who{$name}, %body)->{status};
    }
    is_deeply \%statuses, $gated{$name}, "what the gate lets pass: $name";
}

done_testing;
