#!/usr/bin/env perl
# edgerun_assistant: what is wrong with a definition, with its files, and with
# the places that name it, is said by one "nginx -t".
use FindBin;
use lib "$FindBin::Bin/lib";
use Edgerun::Test;
use Edgerun::Problems;

my $t = Edgerun::Test->new;
$t->allow_log(qr/\[emerg\]/);
mkdir $t->dir . '/folder';
$t->write_file(@$_) for (
    ['rates.json', '{"name": "get_rates", "description": "Rates", "parameters": {"type": "object"}, "strict": true}'],
    ['wrapped.json', '{"type": "function", "function": {"name": "wrapped"}}'],
    ['broken.json', qq({\n  "name": "broken",\n  "parameters": {,\n}\n)],
    ['list.json', '["name"]'],
    ['nameless.json', '{"parametres": {}, "parameters": [], "strict": "yes", "description": 1}'],
    ['misnamed.json', '{"name": "get rates"}'],
    ['twice.json', '{"name": "a", "name": "b"}'],
    ['deep.json', '{"name": "deep", "parameters": ' . '{"a":' x 64 . '1' . '}' x 64 . '}'],
    ['large.json', '{"name": "large", "description": "' . 'x' x 262_144 . '"}'],
    ['schema.json', '{"name": "answer", "schema": {"type": "object"}, "strict": true}'],
    ['format.json', '{"type": "json_schema", "json_schema": {"name": "answer", "schema": {}}}'],
    ['schemaless.json', '{"name": "answer"}'],
    ['text', "You help.\n"],
    ['empty', "\n"],
    ['latin1', "caf\xe9\n"],
    ['long', 'x' x 256_001],
    ['whole', "\xc3\xa9" x 256_000 . "\n"],
    ['key.pem', 'none'],
);

problems_are($t, 'entries of an assistant', <<'END');
    edgerun_assistant a {
        id "a b";                                   #! "id" must be an assistant's id, for example asst_abc123: "a b"
        model "a\nb";                               #! "model" must be a model's name
        instructions " ";                           #! "instructions" must not be empty
        temperature 2.1;                            #! "temperature" must be a number from 0 to 2, for example 0.7: "2.1"
        response_format xml;                        #! "response_format" must be text, json_object or json_schema FILE: "xml"
        tool web_search;                            #! "tool" knows code_interpreter, file_search and function, not "web_search"
        max_tool_rounds 65;                         #! "max_tool_rounds" must be a number from 1 to 64: "65"
        ssl_trusted_certificate nowhere.pem;        #! "ssl_trusted_certificate" cannot be read: " && "ssl_trusted_certificate" is for tools with "uri="
        instruction "You help.";                    #! unknown directive "instruction" in "edgerun_assistant"; did you mean "instructions"?
    }
    edgerun_assistant b {
        temperature .5;                             #! "temperature" must be a number
        temperature 1;                              #! "temperature" is duplicate
        response_format text json;                  #! "response_format" must be text
        tool code_interpreter;
        tool code_interpreter;                      #! "tool" code_interpreter is duplicate
        tool file_search;                           #! "tool" file_search needs 1 to 20 of vector_store=ID
        tool file_search vector_store=vs_1;         #! "tool" file_search is duplicate; name all vector stores in one line
        tool;                                       #! invalid number of arguments in "tool"
        max_tool_rounds 0;                          #! "max_tool_rounds" must be a number from 1 to 64: "0"
    }
    edgerun_assistant b { temperature 1e0; }        #! edgerun_assistant "b" is duplicate && "temperature" must be a number
    edgerun_assistant c { temperature 00; }         #! "temperature" must be a number
    edgerun_assistant d { temperature -1; }         #! "temperature" must be a number
    edgerun_assistant e { tool code_interpreter on; }           #! "tool" code_interpreter takes no parameters
    edgerun_assistant f { tool file_search vector_store=; }     #! "tool" file_search takes vector_store=ID, for example "vector_store=vs_abc123", not "vector_store="
    edgerun_assistant g { tool file_search store=vs_1; }        #! file_search takes vector_store=ID
    edgerun_assistant asst_1 { }                    #! edgerun_assistant takes a name that does not begin as ids do, not "asst_1"; write "id asst_1;" into the block
    edgerun_assistant "a b" { }                     #! edgerun_assistant takes a name of letters, digits, "_", "-" and ".", not "a b"
    edgerun_assistant h { ssl_trusted_certificate key.pem; }    #! "ssl_trusted_certificate" is for tools with "uri=", of which the edgerun_assistant has none
END

problems_are($t, 'files of instructions', <<'END');
    edgerun_assistant a { instructions file:nowhere; }  #! "instructions" file "
    edgerun_assistant b { instructions file:folder; }   #! is not a regular file
    edgerun_assistant c { instructions file:empty; }    #! "instructions" must not be empty
    edgerun_assistant d { instructions file:latin1; }   #! "instructions" must be UTF-8 text
    edgerun_assistant e { instructions file:long; }     #! "instructions" must be of at most 256000 characters
    edgerun_assistant f { instructions file:; }         #! "instructions" names no usable file
    edgerun_assistant g { instructions file:text; }
    edgerun_assistant h { instructions file:whole; }
END

problems_are($t, 'files of definitions', <<'END', elsewhere => [
    edgerun_assistant a {
        tool function;                          #! "tool" function needs a FILE with its definition
        tool function nowhere.json;             #! "tool" function file "
        tool function broken.json;
        tool function list.json;
        tool function twice.json;
        tool function deep.json;
        tool function large.json;               #! is larger than 256 KiB
        tool function nameless.json;            #! nameless.json": "name" is missing; it must be 1 to 64 letters && nameless.json": "parameters" must be an object && "strict" must be true or false && "description" must be a string && unknown member "parametres"; it takes name, description, parameters, strict
        tool function misnamed.json;            #! misnamed.json": "name" must be 1 to 64 letters, digits, "_" and "-"
        tool function rates.json;
        tool function wrapped.json;
        tool function rates.json;               #! "tool" has the function "get_rates" twice; leave one out
        tool function schema.json;              #! unknown member "schema"; it takes
        response_format json_schema schemaless.json;    #! "response_format" json_schema "%%TESTDIR%%/schemaless.json": "schema" is missing; it must be an object
    }
    edgerun_assistant b { response_format json_schema; }                #! "response_format" must be text, json_object or json_schema FILE
    edgerun_assistant c { response_format json_schema nowhere.json; }   #! "response_format" file "
    edgerun_assistant d { response_format json_schema schema.json; }
    edgerun_assistant e { response_format json_schema format.json; }
    edgerun_assistant f { response_format json_schema latin1; }
END
    qr/not the JSON .*: string or '\}' expected near ',' in \S+\/broken\.json:3$/,
    qr/a definition must be one JSON object in \S+\/list\.json:1$/,
    qr/not the JSON .*: duplicate object key near '"name"' in \S+\/twice\.json:1$/,
    qr/not the JSON .* nested too deeply in \S+\/deep\.json:1$/,
    qr/not the JSON .*\/latin1:1$/,
]);

my $uris = problems_are($t, 'functions that edgerun calls', <<'END');
    edgerun_assistant a {
        tool function rates.json uri=ftp://127.0.0.1/rates;         #! "tool" "uri" must begin with https:// or http://: "ftp://127.0.0.1/rates"
        tool function rates.json uri=http://me:hidden-word@127.0.0.1/; #! "uri" must not hold a user name or password
        tool function rates.json "uri=http://127.0.0.1/a b?hidden-word"; #! "uri" must consist of plain characters, others escaped as %XX: "http://127.0.0.1/a b"
        tool function rates.json uri=http://127.0.0.1/?hidden-word#a;  #! "uri" must not hold a fragment; leave out
        tool function rates.json uri=http://127.0.0.1/ timeout=0;   #! "tool" "timeout" is no usable time: "0"; write for example "timeout=10s"
        tool function rates.json uri=http://127.0.0.1/ retries=11;  #! "tool" "retries" must be a number from 0 to 10: "11"
        tool function rates.json uri=http://127.0.0.1/ cache=long;  #! "tool" "cache" is no usable time: "long"; write for example "cache=60s"
        tool function rates.json uri=http://127.0.0.1/ uri=http://127.0.0.1/; #! "tool" function takes "uri" once
        tool function rates.json url=http://127.0.0.1/;             #! "tool" function has an unknown parameter "url=http://127.0.0.1/"; did you mean "uri"?
        tool function rates.json http://127.0.0.1/;                 #! "tool" function has an unknown parameter "http://127.0.0.1/"; it takes FILE [uri=URL] [timeout=TIME] [retries=N] [cache=TIME]
        tool function rates.json timeout=1s;                        #! "tool" "timeout" is of no use without "uri=URL"
        tool function rates.json uri=http://127.0.0.1:1/rates?key=1 timeout=1s retries=0 cache=1m;
        tool function wrapped.json uri=https://[::1]/;
        ssl_trusted_certificate key.pem;
    }
    edgerun_assistant b {                                           #! the host "a..b" of the function "get_rates" in edgerun_assistant "b" could not be resolved; correct "uri", or add a "resolver"
        tool function rates.json uri=https://a..b/;
    }
END
my $headers = problems_are($t, 'headers for functions', <<'END');
    edgerun_assistant a {
        tool function rates.json uri=http://127.0.0.1:1/;
        header "X A" hidden-word;                   #! "header" must be a header's name and a value without control characters
        header X-A "hidden-word\n";                 #! "header" must be a header's name and a value
        header X-A "";                              #! "header" must be a header's name and a value
        header X-A " ";                             #! "header" must be a header's name and a value
        header X-A;                                 #! invalid number of arguments in "header"
        header Content-type text/plain;             #! "header" "Content-type" is edgerun's own to write
        header Authorization "Bearer env:hidden-word";  #! "header" takes env:NAME or file:PATH alone, whose value is all that is sent, "Bearer" included
        header X-A file:nowhere;                    #! "header" file "
        header X-A env:;                            #! "header" env: needs the name of a variable
        header X-A 1;
        header X-A 2;
        header X-B env:NOT_SET;
    }
    edgerun_assistant b {
        tool function rates.json;
        header X-A 1;                               #! "header" is for tools with "uri=", of which the edgerun_assistant has none
    }
END
unlike $headers, qr/hidden-word/, 'no value is shown';

unlike $uris, qr/hidden-word/, 'what a URL holds for its endpoint alone is not shown';

problems_are($t, 'names of assistants', <<'END');
    edgerun_job_zone zone=jobs:8m;
    edgerun_assistant planner { model m; }
    edgerun_assistant coder { model m; tool code_interpreter; }
    edgerun_assistant reader { model m; tool file_search vector_store=vs_1; }
    edgerun_provider a {
        api assistants; base_url http://127.0.0.1:1; api_key off;
        assistant plannr;                       #! there is no edgerun_assistant "plannr"; did you mean "planner"?
    }
    edgerun_provider r {
        api responses; base_url http://127.0.0.1:1; api_key off;
        assistant asst_abc;                     #! there is no edgerun_assistant "asst_abc"; what is no name must be an id of "api assistants", as asst_abc123 is
    }
    edgerun_provider c {
        api chat; base_url http://127.0.0.1:1; api_key off;
        assistant coder;                        #! edgerun_assistant "coder" has code_interpreter, which "api chat" of edgerun_provider "c" does not offer
    }
    edgerun_provider good { api assistants; base_url http://127.0.0.1:1; api_key off; assistant asst_abc; }
    server {
        listen 127.0.0.1:%%PORT_0%%;
        location /1 { edgerun_jobs zone=jobs provider=good assistant=planer; }      #! there is no edgerun_assistant "planer"; did you mean "planner"?
        location /2 { edgerun_jobs zone=jobs provider=good assistant=something; }   #! there is no edgerun_assistant "something"; what is no name must be an id
        location /3 { edgerun_jobs zone=jobs provider=c assistant=reader; }         #! edgerun_assistant "reader" has file_search, which "api chat"
        location /4 { edgerun_jobs zone=jobs provider=good fallback=c assistant=coder; }    #! edgerun_assistant "coder" has code_interpreter
        location /5 { edgerun_jobs zone=jobs provider=good fallback=c assistant=asst_1; }   #! there is no edgerun_assistant "asst_1"
        location /6 { edgerun_jobs zone=jobs provider=good assistant=asst_1; }
        location /7 { edgerun_jobs zone=jobs provider=r assistant=coder; }
        location /8 { edgerun_jobs zone=jobs provider=c assistant=$arg_name; }
        location /9 { edgerun_jobs zone=jobs provider=r fallback=c assistant=planner; }
    }
END

$t->write_conf(<<'END');
    edgerun_job_zone zone=jobs:8m;
    edgerun_provider main { api assistants; base_url http://127.0.0.1:1; api_key off; assistant asst_1; }
    edgerun_provider spare { api chat; base_url http://127.0.0.1:1; api_key off; }
    server {
        listen 127.0.0.1:%%PORT_0%%;
        edgerun_auth_jwt "realm";
        edgerun_auth_jwt_secret env:EDGERUN_JWT_SECRET;
        location /1 { edgerun_jobs zone=jobs provider=main fallback=spare; }
    }
END
my ($exit, $output) = $t->test_config;
is $exit, 0, 'a fallback that cannot run jobs yet is no mistake' or diag $output;
like $output, qr/\[warn\].* "fallback" of "edgerun_jobs" is not used: set model in edgerun_provider "spare", in \S+nginx\.conf:\d+/,
    'but it is said';

done_testing;
