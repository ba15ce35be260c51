#!/usr/bin/env perl
# One "nginx -t" names all that is wrong with knowledge bases and their use: in the directives, in
# the files, in templates.
use FindBin;
use lib "$FindBin::Bin/lib";
use Edgerun::Test;
use Edgerun::Problems;

my $t = Edgerun::Test->new;
$t->write_file('good.json', '{"keywords": {"one": ["a"]}, "articles": [{"id": "a", "title": "A", "text": "t"}]}');
$t->write_file('broken.json', '{"keywords": {');
$t->write_file('wrong.json', <<'END');
{"keywords": {"one": ["b"], "two": []},
 "articles": [{"id": "a", "title": "A", "text": "t"}, {"id": "a", "title": 1, "text": "t", "more": 1}]}
END
$t->write_file('good.tpl', '{{#articles}}{{title}}{{/articles}}');
$t->write_file('wrong.tpl', "{{#articles}}{{titel}}\n{{/tags}}");
mkdir $t->dir . '/folder';
symlink 'good.json', $t->dir . '/linked.json' or die "symlink: $!";
$t->allow_log(qr/\[emerg\]/);

problems_are($t, 'knowledge bases', <<'END');
    edgerun_knowledge_base "a b" good.json;              #! the name of an "edgerun_knowledge_base" must be letters
    edgerun_knowledge_base a good.json;
    edgerun_knowledge_base a other.json;                 #! edgerun_knowledge_base "a" is duplicate
    edgerun_knowledge_base same good.json;               #! the knowledge bases "a" and "same" would both be written to
    edgerun_knowledge_base linked linked.json;           #! the knowledge bases "a" and "linked" would both be written to
    edgerun_knowledge_base none none.json;               #! edgerun_knowledge_base "none": file "%%TESTDIR%%/none.json" cannot be read: No such file
    edgerun_knowledge_base folder folder;                #! is not a regular file
    edgerun_knowledge_base broken broken.json;           #! edgerun_knowledge_base "broken": file "%%TESTDIR%%/broken.json": line
    edgerun_knowledge_base wrong wrong.json;             #! there is no article "b" && keyword "two": it must have a list of article ids && its id is that of article number 1 too && "title" must be a string && unknown member "more"
    edgerun_knowledge_base what good.json file=x;        #! "edgerun_knowledge_base" has an unknown parameter "file=x"; it takes NAME FILE and state=PATH
    edgerun_knowledge_base twice good.json state=x state=y;   #! "edgerun_knowledge_base" takes "state" once
    edgerun_knowledge_base empty good.json state=;       #! "state" must be a file, for example
    edgerun_knowledge_base far good.json state=no/such/file;  #! cannot be made; make it
    edgerun_knowledge_base odd good.json state=good.json/file;  #! cannot be made; make it
END

problems_are($t, 'uses of knowledge bases', <<'END');
    edgerun_provider p { api responses; model m; base_url http://127.0.0.1:1; }
    edgerun_job_zone zone=jobs:8m;
    edgerun_knowledge_base product good.json;
    edgerun_knowledge prodct;                            #! there is no edgerun_knowledge_base "prodct"; did you mean "product"?
    server {
        listen 127.0.0.1:%%PORT_0%%;
        edgerun_knowledge product;
        edgerun_knowledge product;                       #! "edgerun_knowledge" is duplicate
        location /a { edgerun_knowledge else; }          #! there is no edgerun_knowledge_base "else"; add for example "edgerun_knowledge_base else knowledge.json;"
        location /b { edgerun_knowledge product max=21; }            #! "max" must be a number from 1 to 20: "21"
        location /c { edgerun_knowledge product article_size=0; }   #! "article_size" must be a number from 1 to 1000000: "0"
        location /d { edgerun_knowledge product level=; }            #! "level" must be a text or a variable
        location /e { edgerun_knowledge product template=none.tpl; }   #! "template": file "%%TESTDIR%%/none.tpl" cannot be read
        location /f { edgerun_knowledge product template=wrong.tpl; }  #! wrong.tpl": line 1: "{{titel}}" is unknown && line 2: "{{/tags}}" does not close && line 1: "{{#articles}}" is not closed
        location /g { edgerun_knowledge product least=1; }           #! "edgerun_knowledge" has an unknown parameter "least=1"; it takes NAME, max=NUMBER
        location /g2 { edgerun_knowledge product max=1 max=2; }      #! "edgerun_knowledge" takes "max" once
        location /h { edgerun_knowledge product max=1 article_size=100 level=$arg_level template=good.tpl; }
        location /i { edgerun_knowledge off; }

        location = /j { edgerun_knowledge_search product; }
        location ~ /k { edgerun_knowledge_search product; }
        location /l { edgerun_knowledge_search produkt; }            #! there is no edgerun_knowledge_base "produkt"; did you mean "product"?
        location @m { edgerun_knowledge_search product; }            #! needs a location that clients can reach
        location ~ /n { edgerun_knowledge_articles product; }        #! needs a location that is a prefix
        location = /o { edgerun_knowledge_articles product; }        #! needs a location that is a prefix
        location /p {
            edgerun_knowledge_search product;
            edgerun_knowledge_articles product;          #! must be the only "edgerun_knowledge_search" or "edgerun_knowledge_articles"
        }
        location /q { limit_except GET { edgerun_knowledge_articles product; } }  #! belongs into a location
        location /r {
            edgerun_knowledge_search product;            #! needs a location of its own
            edgerun_jobs zone=jobs provider=p;
        }
        location /s {
            edgerun_jobs zone=jobs provider=p;
            edgerun_knowledge_search product;            #! needs a location of its own
        }
        location /t {
            edgerun_knowledge_search product;            #! needs a location of its own
            proxy_pass http://127.0.0.1:1;
        }
    }
END

# ----------------------------------------------------------------- warnings

sub warnings_of {
    my ($conf) = @_;
    $t->write_conf($conf);
    my ($exit, $output) = $t->test_config;
    is $exit, 0, 'nginx -t accepts it' or diag $output;
    return join "\n", grep { /edgerun_knowledge|knowledge base/ } $output =~ /^nginx: \[warn\] (.*)$/mg;
}

mkdir $t->dir . '/open';
chmod 0777, $t->dir . '/open';
my $BASE = 'edgerun_knowledge_base product good.json state=%%TESTDIR%%/open/state.json;';

sub articles_in {
    my ($server, $location) = @_;
    return <<"END";
    $BASE
    server {
        listen 127.0.0.1:%%PORT_0%%;
        $server
        location /articles { edgerun_knowledge_articles product; $location }
        location /search { edgerun_knowledge_search product; }
    }
END
}
my $IDENTITY = 'edgerun_auth_identity user=$ssl_client_s_dn;';

like warnings_of(articles_in('', '')),
    qr/\A"edgerun_knowledge_articles" without authentication: everybody may change the articles, in \S+:\d+\z/,
    'articles that everybody may change';
is warnings_of(articles_in($IDENTITY, '')), '', 'a gate is enough';
is warnings_of(articles_in('', "limit_except GET { $IDENTITY }")), '', 'so is one for changes';

$t->write_file('open/state.json', Edgerun::Process::slurp($t->dir . '/good.json'));
utime 1, 1, $t->dir . '/open/state.json';
like warnings_of(articles_in($IDENTITY, '')),
    qr/\Athe file "\S+good.json" of the knowledge base "product" is newer than its state "\S+state.json"/,
    'a file that is newer than the state which counts';

$t->write_file('open/state.json', '{}');
$t->write_conf(articles_in($IDENTITY, ''));
my ($exit, $output) = $t->test_config;
is $exit, 1, 'a state that is wrong is refused';
like $output, qr{edgerun_knowledge_base "product": file "\S+/open/state.json": "articles" must be a list},
    '... and named';
unlink $t->dir . '/open/state.json';

SKIP: {
    skip 'only root has others work for it', 1 if $> != 0 || $Edgerun::Test::SANITIZED;
    $BASE =~ s{open/}{folder/};
    like warnings_of(articles_in($IDENTITY, '')),
        qr{the user of the workers may not write to the directory "\S+/folder/"}, 'a folder that is closed';
}

$BASE =~ s{%%TESTDIR%%/\w+/}{%%TESTDIR%%/made/};
is warnings_of(articles_in($IDENTITY, '')), '', 'a folder that is not there is made';
ok -d $t->dir . '/made', '... at the start';

done_testing;
