#!/usr/bin/env perl
# edgerun_sanitize: what is wrong with the directive and with its files is said
# by one "nginx -t".
use FindBin;
use lib "$FindBin::Bin/lib";
use Edgerun::Test;
use Edgerun::Problems;

my $t = Edgerun::Test->new;
$t->allow_log(qr/\[emerg\]/);
mkdir $t->dir . '/folder';
$t->write_file(@$_) for (
    ['good.json', '{"headings": ["Summary"], "regexes": ["\\\\[\\\\d+\\\\]"], "minimumLength": 0, "fallback": ""}'],
    ['empty.json', '{}'],
    ['broken.json', qq({\n  "headings": ["Summary"\n  "labels": []\n}\n)],
    ['list.json', '["Summary"]'],
    ['twice.json', '{"headings": [], "headings": []}'],
    ['latin1.json', qq({"headings": ["caf\xe9"]})],
    ['large.json', '{"fallback": "' . 'x' x 1_048_576 . '"}'],
    ['wrong.json', '{"heading": [], "headings": "Summary", "labels": ["", 1, "# Summary", "Summary:"], "blocks": ["two\\nlines"],'
            . ' "regexes": ["(a", "a{2,1}", ""], "minimumLength": 40.5, "fallback": null}'],
    ['many.json', '{"labels": [' . join(',', ('""') x 60) . ']}'],
);

problems_are($t, 'rules', <<'END');
    server {
        listen 127.0.0.1:%%PORT_0%%;
        location /1 {
            edgerun_sanitize default;
            edgerun_sanitize off;               #! "edgerun_sanitize" is duplicate
        }
        location /2 { edgerun_sanitize nowhere.json; }  #! "edgerun_sanitize" file "
        location /3 { edgerun_sanitize folder; }        #! is not a regular file
        location /4 { edgerun_sanitize ""; }            #! "edgerun_sanitize" names no usable file
        location /5 { edgerun_sanitize large.json; }    #! is larger than
        location /6 { edgerun_sanitize broken.json; }   #! "edgerun_sanitize" "%%TESTDIR%%/broken.json": line 3: ']' expected near '"labels"'
        location /7 { edgerun_sanitize list.json; }     #! list.json": rules must be one JSON object
        location /8 { edgerun_sanitize twice.json; }    #! duplicate object key near '"headings"'
        location /9 { edgerun_sanitize latin1.json; }   #! latin1.json": line 1: unable to decode byte 0xe9
        location /10 {
            edgerun_sanitize wrong.json;        #! wrong.json": unknown member "heading"; it takes headings, labels, blocks, regexes, minimumLength and fallback && "headings" must be an array of strings && "labels"[0] must be one line of 1 to 200 characters && "labels"[1] must be a string && "labels"[2] must be the name alone: a number, "#", "*" or "_" before it is understood && "labels"[3] must be the name alone: a colon or dash behind it is understood && "blocks"[0] must be one line && "regexes"[0] is no regex: missing closing parenthesis at offset 2 && "regexes"[1] is no regex: numbers out of order in {} quantifier at offset && "regexes"[2] must be a regex of 1 to 4096 bytes && "minimumLength" must be a number of characters from 0 to 1000000 && "fallback" must be a string of at most 10000 characters
        }
        location /11 { edgerun_sanitize wrong.json; }
        location /12 { edgerun_sanitize good.json; }
        location /13 { edgerun_sanitize empty.json; }
        location /14 { edgerun_sanitize default; }
        location /15 { if ($arg_a) { return 204; } edgerun_sanitize off; }
    }
END

$t->write_conf('server { listen 127.0.0.1:%%PORT_0%%; edgerun_sanitize many.json; }');
my ($exit, $output) = $t->test_config;
is $exit, 1, 'a file with very many mistakes is refused';
is scalar(() = $output =~ /"labels"\[\d+\] must be one line/g), 50, 'fifty of them are named';
like $output, qr/many\.json": and 10 more mistakes, 60 in all in /, 'and how many there are';

$t->write_conf(<<'END');
    edgerun_sanitize default;
    server {
        listen 127.0.0.1:%%PORT_0%%;
        edgerun_sanitize good.json;
        location /1 { edgerun_sanitize off; }
        location /2 { edgerun_sanitize %%TESTDIR%%/good.json; }
        location /3 { edgerun_sanitize empty.json; }
    }
END
($exit, $output) = $t->test_config;
is $exit, 0, 'rules may be named at every level' or diag $output;

done_testing;
