#!/usr/bin/env perl
# People search a knowledge base: by the keywords that their words hold, then by titles, categories
# and tags.
use FindBin;
use lib "$FindBin::Bin/lib";
use utf8;
use Edgerun::Test;
use Edgerun::Knowledge;

my $t = Edgerun::Test->new;
write_knowledge($t,
    [ map({ $_ => "The text of $_." } qw(prices discounts churn)), map { ("more-$_" => 'More.') } 1 .. 60 ],
    {
        price => ['prices'],
        'black friday' => [ 'discounts', 'prices' ],
        'Währung' => ['churn'],
        many => [ map { "more-$_" } 1 .. 60 ],
    });
$t->write_conf(knowledge_conf(server => <<'END'));
        location = /exact { edgerun_knowledge_search main; }
        location ~ ^/(?:a|b)$ { edgerun_knowledge_search main; }
        location /gated {
            edgerun_auth_jwt "search";
            edgerun_auth_jwt_secret env:EDGERUN_JWT_SECRET;
            edgerun_require_module knowledge-base;
            edgerun_knowledge_search main;
        }
END
$t->run;

sub search { my ($arguments) = @_; return $t->get("/search?$arguments") }

my $answer = search('q=A+Black%20FRIDAY+price');
is $answer->{status}, 200, 'a search';
is_deeply [ sort keys %{ $answer->{json} } ], [qw(count query results)], 'its members';
is $answer->{json}{query}, 'A Black FRIDAY price', 'says what was searched for; "+" is a blank';
is ids_of($answer), 'discounts prices', 'and what was found, in the order of the keywords there';
is $answer->{json}{count}, 2, '... counted';
is_deeply $answer->{json}{results}[1], {
    id => 'prices', title => 'About prices', category => '', tags => [],
    matched => [ 'black friday', 'price' ], excerpt => 'The text of prices.',
}, 'an article, with all keywords that led to it';
is $answer->{headers}{'content-type'}, 'application/json', 'as JSON';
is $answer->{headers}{'cache-control'}, 'private, no-store', 'nobody keeps it';

is ids_of(search('q=w%C3%84hrung')), 'churn', 'without regard to case, over Unicode';
is ids_of(search('q=about%20DISC')), 'discounts', 'by titles';
is_deeply search('q=nothing')->{json}, { query => 'nothing', results => [], count => 0 }, 'nothing is found';
is search('q=many')->{json}{count}, 10, 'ten at most';
is search('q=many&limit=50')->{json}{count}, 50, 'unless more are asked for';
is ids_of(search('limit=1&q=many')), 'more-1', 'or fewer';

my %bad = (
    ''                        => '"q" is missing',
    'q='                      => '"q" must be a text of 1 to 1000 characters',
    'q=+%20'                  => '"q" must be a text of 1 to 1000 characters',
    'q=' . 'x' x 1001         => '"q" must be a text of 1 to 1000 characters',
    'q=%ff'                   => '"q" must be text in UTF-8',
    'q=a%00b'                 => '"q" must be text in UTF-8',
    'q=a&q=b'                 => '"q" must come only once',
    'q=a&limit=0'             => '"limit" must be a number from 1 to 50',
    'q=a&limit=51'            => '"limit" must be a number from 1 to 50',
    'q=a&limit=1x'            => '"limit" must be a number from 1 to 50',
    'q=a&offset=1'            => 'unknown argument; known are "q" and "limit"',
);
for my $arguments (sort keys %bad) {
    my $refused = search($arguments);
    is "$refused->{status} $refused->{json}{error}: $refused->{json}{message}",
        "400 BadRequest: $bad{$arguments}", 'refused: ' . substr $arguments, 0, 20;
}
is search('q=' . '%C3%A4' x 1000)->{status}, 200, 'a thousand characters are not too many';

my $post = $t->post('/search?q=a', json => {});
is "$post->{status} $post->{headers}{allow}", '405 GET, HEAD', 'it is only read';
my $head = $t->request('HEAD', '/search?q=price');
is "$head->{status} " . ($head->{headers}{'content-length'} > 50 ? 'long' : ''), '200 long', 'HEAD';
is $t->get("$_?q=price")->{status}, 200, "at $_" for qw(/search/ /exact /a /b);
is $t->get('/search/more?q=price')->{status}, 404, 'nothing lives below it';

is $t->get('/gated?q=a')->{status}, 401, 'a gate before it';
is $t->get('/gated?q=a', token => $t->token({ sub => 'a' }))->{status}, 403, '... for those of a module';
is $t->get('/gated?q=a', token => $t->token({ sub => 'a', assignedModules => ['knowledge-base'] }))->{status},
    200, '... who pass';

done_testing;
