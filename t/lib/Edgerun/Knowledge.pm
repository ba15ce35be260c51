package Edgerun::Knowledge;

# A knowledge base, and the locations by which it is searched and changed.

use strict;
use warnings;

use Exporter qw(import);
use JSON::PP;

use Edgerun::Http;
use Edgerun::Process;
use Edgerun::Wait qw(wait_until);

our @EXPORT = qw(write_knowledge knowledge_conf article_of put_article ids_of listed_ids on_each_worker);

my $JSON = JSON::PP->new->utf8->canonical;

# write_knowledge(T, ARTICLES, KEYWORDS): PATH of state/articles.json, in a folder to which workers
# may write. ARTICLES: [ id => text, ... ]; KEYWORDS: { phrase => [ ids ] }.
sub write_knowledge {
    my ($t, $articles, $keywords) = @_;
    mkdir $t->dir . '/state';
    chmod 0777, $t->dir . '/state';
    my @articles;
    for (my $i = 0; $i < @$articles; $i += 2) {
        push @articles, { id => $articles->[$i], title => "About $articles->[$i]", text => $articles->[ $i + 1 ] };
    }
    my $new = $t->write_file('state/writing',
        $JSON->encode({ keywords => $keywords // {}, articles => \@articles }));
    my $path = $t->dir . '/state/articles.json';
    rename $new, $path or die "$path: $!";
    return $path;
}

# knowledge_conf(OPTIONS): text for http {}: the base "main", a server on %%PORT_0%% with /articles
# and /search. OPTIONS: base, more parameters of edgerun_knowledge_base; server, articles: more
# text.
sub knowledge_conf {
    my (%options) = @_;
    my ($base, $server, $articles) = map { $options{$_} // '' } qw(base server articles);
    return <<"END";
    edgerun_knowledge_base main %%TESTDIR%%/state/articles.json $base;
    server {
        listen 127.0.0.1:%%PORT_0%%;
        $server
        location /articles {
            edgerun_knowledge_articles main;
            $articles
        }
        location /search {
            edgerun_knowledge_search main;
        }
    }
END
}

# What a client sends for an article of that text.
sub article_of {
    my ($text, %more) = @_;
    return { title => 'A title', text => $text, %more };
}

# put_article(FROM, ID, TEXT, OPTIONS): the answer. FROM: the test or a connection; OPTIONS: of
# request().
sub put_article {
    my ($from, $id, $text, %options) = @_;
    return $from->request('PUT', "/articles/$id", json => article_of($text), %options);
}

# The ids in a search's or a list's answer.
sub ids_of {
    my ($answer) = @_;
    return join ' ', map { $_->{id} } @{ $answer->{json}{articles} // $answer->{json}{results} // [] };
}

# The ids of all articles, page by page.
sub listed_ids {
    my ($t, $limit) = @_;
    my ($after, @ids) = ('');
    while (1) {
        my $page = $t->get('/articles?limit=' . ($limit // 100) . $after);
        push @ids, split / /, ids_of($page);
        return @ids if !$page->{json}{hasMore};
        $after = "&after=$page->{json}{next}";
    }
}

# on_each_worker(T): [ a connection to each worker ]; X-Worker: $pid must be among the answers'
# headers.
sub on_each_worker {
    my ($t) = @_;
    my %connections;
    wait_until {
        my @some = map { $t->connect } 1 .. 4;    # one alone would be taken by the same worker often
        $_->write(Edgerun::Http::format_request('GET', '/articles?limit=1')) for @some;
        $connections{ $_->read_response->{headers}{'x-worker'} } //= $_ for @some;
        return keys %connections == $t->worker_pids;
    };
    return [ map { $connections{$_} } sort keys %connections ];
}

1;
