#!/usr/bin/env perl
# One "nginx -t" names every problem of edgerun's directives: where it is, what
# is wrong, what to write instead.
use FindBin;
use lib "$FindBin::Bin/lib";
use Edgerun::Test;
use Edgerun::Keys;
use Edgerun::Problems;

my $t = Edgerun::Test->new(env => {
    SHORT_SECRET => 'short',
    NEWLINE_KEY  => "sk-a\nX-Injected: 1",
    EMPTY        => '',
});
mkdir $t->dir . '/folder';
$t->write_file('key.pem', "-----BEGIN PUBLIC KEY-----\nMCowBQYDK2VwAyEA11qYAYKxCrfVS/7TyWQHOg7h\n");
$t->write_file('long', 'k' x 70_000);
$t->write_file('short', "tooshort\n");
chmod 0600, map { $t->dir . "/$_" } qw(key.pem long short);
$t->allow_log(qr/\[emerg\]/);

problems_are($t, 'entries of a provider', <<'END');
    edgerun_provider a {
        api asistants;                      #! "api" knows assistants, responses and chat, not "asistants"
        base_url ftp://127.0.0.1/v1;        #! must begin with https:// or http://: "ftp://127.0.0.1/v1"; write for example "base_url https://api.openai.com/v1;"
        api_key env:;                       #! env: needs the name of a variable
        api_key_header Authorization;       #! "api_key_header" must be a header's name, a colon
        query api-version;                  #! "query" must be name=value
        query "a=b c";                      #! "query" must be name=value
        header X-One;                       #! invalid number of arguments in "header"
        assistant "asst one";               #! must be the name of an edgerun_assistant, or an assistant's id, for example asst_abc123: "asst one"
        poll_interval soon;                 #! "poll_interval" is no usable time: "soon"; write for example "poll_interval 1200ms max=5s;"
        run_timeout 1.5s;                   #! "run_timeout" is no usable time: "1.5s"; write for example "run_timeout 90s;"
        connect_timeout 0;                  #! "connect_timeout" is no usable time: "0"
        request_timeout -1s;                #! "request_timeout" is no usable time: "-1s"
        action_timeout 0;                   #! "action_timeout" is no usable time: "0"; write for example "action_timeout 10m;"
        model "";                           #! "model" must be a model's name, for example gpt-4.1: ""
        max_fails many;                     #! "max_fails" must be a number from 0 to 100000: "many"
        fail_timeout 0;                     #! "fail_timeout" is no usable time: "0"; write for example "fail_timeout 10s;"
        max_history 2m;                     #! "max_history" must be a size from 1k to 1m: "2m"
        steps some;                         #! "steps" must be "on" or "off": "some"
        background 1;                       #! "background" must be "on" or "off": "1"
        conversations no;                   #! "conversations" must be "on" or "off": "no"
        start_grace soon;                   #! "start_grace" is no usable time: "soon"; write for example "start_grace 5s;"
        retries many;                       #! "retries" must be a number from 0 to 20: "many"
        max_transfers 0;                    #! "max_transfers" must be a number from 1 to 65536: "0"
        max_response 1x;                    #! "max_response" must be a size from 4k to 1024m: "1x"
        ssl_trusted_certificate no.pem;     #! "ssl_trusted_certificate" cannot be read: "
        ssl_verify yes;                     #! "ssl_verify" must be "on" or "off": "yes"
        ssl_name "a b";                     #! "ssl_name" must be a host name: "a b"
        keep_threads long;                  #! "keep_threads" must be "on", "off" or how long after its last job a thread is kept, for example "keep_threads 1d;": "long"
    }                                       #! edgerun_provider "a" has no "api"; add "api assistants;", "api responses;" or "api chat;"

    edgerun_provider b {
        api assistants;
        base_url http://127.0.0.1:1;
        base_ulr http://127.0.0.1:2;        #! unknown directive "base_ulr" in "edgerun_provider"; did you mean "base_url"?
        pol_interval 1200ms;                #! did you mean "poll_interval"?
        frobnicate on;                      #! unknown directive "frobnicate" in "edgerun_provider"
        api assistants;                     #! "api" is duplicate
        base_url http://127.0.0.1:1;        #! "base_url" is duplicate
        header X-A 1;
        header X-A 2;
        query a=1;
        query b=2;
        poll_interval 2s max=1s;            #! "poll_interval" is no usable time: "1s"
        start_grace 0;
        start_grace 1s;                     #! "start_grace" is duplicate
    }
    edgerun_provider b {                    #! edgerun_provider "b" is duplicate
        api assistants;
        base_url http://127.0.0.1:1;
        poll_interval 2s min=1s;            #! takes "max=TIME" after the interval, not "min=1s"
    }
END

problems_are($t, 'entries of another dialect', <<'END');
    edgerun_provider a {
        api assistants;
        base_url http://127.0.0.1:1;
        steps off;
        max_history 4k;                     #! "max_history" is for "api chat"; "api assistants" has no use for it
        background off;                     #! "background" is for "api responses"; "api assistants" has no use for it
        keep_threads 1h;
    }
    edgerun_provider r {
        steps on;                           #! "steps" is for "api assistants"; "api responses" has no use for it
        api responses;
        base_url http://127.0.0.1:1;
        background off;
        conversations off;
        api_key off;
    }
    edgerun_provider c {
        api chat;
        base_url http://127.0.0.1:1;
        conversations on;                   #! "conversations" is for "api responses"; "api chat" has no use for it
        max_history 1k;
        max_fails 0;
    }
END

problems_are($t, 'URLs', <<'END');
    edgerun_provider a { api assistants; base_url https://; }                       #! must begin with https:// or http://
    edgerun_provider b { api assistants; base_url https://:443/v1; }                #! has no usable host
    edgerun_provider c { api assistants; base_url http://127.0.0.1:99999/v1; }      #! (invalid port)
    edgerun_provider d { api assistants; base_url https://me:pw@127.0.0.1/v1; }     #! must not hold a user name (use "api_key")
    edgerun_provider e { api assistants; base_url http://127.0.0.1/v1?api=2; }      #! without a query (use "query")
    edgerun_provider f { api assistants; base_url "http://127.0.0.1/v 1"; }         #! must have a path of plain characters
    edgerun_provider g { api assistants; base_url "http://127.0.0.1/\r\nX-A: b"; }  #! must have a path of plain characters
    edgerun_provider h { api assistants; base_url http://a..b/v1; }                 #! the host "a..b" of edgerun_provider "h" could not be resolved; correct "base_url", or add a "resolver"
    edgerun_provider i { api assistants; base_url unix:/tmp/socket; }               #! must begin with https:// or http://
END

problems_are($t, 'headers that would smuggle others', <<'END');
    edgerun_provider a {
        api assistants;
        base_url http://127.0.0.1:1;
        header X-A "1\r\nX-B: 2";           #! "header" must be a header's name and a value without control characters
        header "X-A: 1\r\nX-B" 2;           #! "header" must be a header's name and a value
        header "X A" 1;                     #! "header" must be a header's name and a value
        header "" 1;                        #! "header" must be a header's name and a value
        organization "o\nX-B: 2";           #! "organization" must be a header's name and a value
        project "p\rX-B: 2";                #! "project" must be a header's name and a value
        api_key_header "X-A: 1\r\nX-B:";    #! "api_key_header" must be a header's name
        api_key env:NEWLINE_KEY;            #! "api_key" holds control characters
        assistant "a\nb";                   #! must be the name of an edgerun_assistant
    }
    server {
        listen 127.0.0.1:%%PORT_0%%;
        edgerun_auth_jwt "a\r\nX-B: 2";     #! "edgerun_auth_jwt" must be a realm without control characters
        edgerun_auth_jwt_secret "a literal of more than 32 bytes for this";
        location / { edgerun_require_role "a\nb"; }    #! takes names without commas and control characters
    }
END

problems_are($t, 'secrets', <<'END', main => 'env NOT_SET;');
    edgerun_provider a { api assistants; base_url http://127.0.0.1:1; api_key file:nowhere; }   #! "api_key" file "
    edgerun_provider b { api assistants; base_url http://127.0.0.1:1; api_key file:folder; }    #! is not a regular file
    edgerun_provider c { api assistants; base_url http://127.0.0.1:1; api_key file:key.pem; }   #! "api_key" holds control characters
    edgerun_provider d { api assistants; base_url http://127.0.0.1:1; api_key file:long; }      #! is larger than 64 KiB
    resolver 127.0.0.1;
    edgerun_provider e { api assistants; api_key pk-1234567890; }               #! "api_key" for api.openai.com must begin with "sk-"
    server {
        listen 127.0.0.1:%%PORT_0%%;
        edgerun_auth_jwt "realm";
        location /1 { edgerun_auth_jwt_secret env:NOT_SET; }    #! env:NOT_SET is unset or empty; give it a secret of at least 32 bytes
        location /2 { edgerun_auth_jwt_secret env:EMPTY; }      #! env:EMPTY is unset or empty
        location /3 { edgerun_auth_jwt_secret env:SHORT_SECRET; }   #! is shorter than 32 bytes (env:SHORT_SECRET); make one
        location /4 { edgerun_auth_jwt_secret file:short; }     #! is shorter than 32 bytes (file:short)
        location /5 { edgerun_auth_jwt_secret file:nowhere; }   #! cannot be read: No such file or directory
        location /6 { edgerun_auth_jwt_secret file:key.pem; }   #! is a PEM key or certificate, not a shared secret (file:key.pem)
        location /7 { edgerun_auth_jwt_secret "only 20 bytes long"; }   #! is shorter than 32 bytes; make one for example with "openssl rand -base64 48"
        location /8 { edgerun_auth_jwt_secret env:; }           #! env: needs the name of a variable
    }
END

problems_are($t, 'zones', <<'END');
    edgerun_job_zone zone=jobs:8m;
    edgerun_job_zone zone=jobs:8m;              #! edgerun_job_zone "jobs" is duplicate
    edgerun_job_zone zone=a;                    #! "zone" must be NAME:SIZE, for example "zone=jobs:64m", not "a"
    edgerun_job_zone zone=a:big;                #! "zone" must be NAME:SIZE
    edgerun_job_zone zone=:8m;                  #! "zone" must be NAME:SIZE
    edgerun_job_zone zone=a:64k;                #! the zone "a" is too small for its max_answer; give it
    edgerun_job_zone zone=a:8m ttl=never;       #! "ttl" must be a time, for example "ttl=1h", not "never"
    edgerun_job_zone zone=a:8m ttl=0;           #! "ttl" must be a time
    edgerun_job_zone zone=a:8m max_answer=1;    #! "max_answer" must be a size from 1k to 64m
    edgerun_job_zone zone=a:8m tll=1h;          #! "edgerun_job_zone" has an unknown parameter "tll=1h"; did you mean "ttl"?
    edgerun_job_zone zone=a:8m size=8m;         #! "edgerun_job_zone" has an unknown parameter "size=8m"; it takes zone=NAME:SIZE, ttl=TIME, max_answer=SIZE, journal=DIRECTORY, sync=always|interval|off
    edgerun_job_zone ttl=1h;                    #! "edgerun_job_zone" needs "zone=NAME:SIZE"
    edgerun_job_zone zone=a:8m ttl=1h ttl=2h;   #! "edgerun_job_zone" takes "ttl" once
END

symlink 'folder', $t->dir . '/link';
problems_are($t, 'journals', <<'END');
    edgerun_job_zone zone=a:8m sync=off;                    #! "sync" is of no use without "journal=DIRECTORY"
    edgerun_job_zone zone=a:8m journal=;                    #! "journal" must be a directory, for example "journal=/var/lib/nginx/jobs", not ""
    edgerun_job_zone zone=a:8m "journal=a\tb";              #! "journal" must be a directory
    edgerun_job_zone zone=a:8m journal=nowhere/jobs;        #! "journal" cannot be used: "%%TESTDIR%%/nowhere/jobs": No such file or directory
    edgerun_job_zone zone=a:8m journal=jobs sync=never;     #! "sync" must be always, interval or off, not "never"
    edgerun_job_zone zone=a:8m journal=jobs;
    edgerun_job_zone zone=b:8m journal=folder/ sync=interval;
    edgerun_job_zone zone=c:8m journal=%%TESTDIR%%/folder/../jobs/;     #! the directory "%%TESTDIR%%/jobs" is the journal of the zone "a" already; give each zone one of its own
    edgerun_job_zone zone=c:8m journal=link sync=off;       #! the directory "%%TESTDIR%%/folder" is the journal of the zone "b" already
    edgerun_job_zone zone=c:8m journal=link/jobs;
END
ok !-e $t->dir . '/jobs', 'and no directory is made';

$t->write_file('bad.jsonl', qq({"sha256":"12","user":"a"}\n{"user":"a","rol":"b"}\n));
$t->write_file('many.pem', join '', map { Edgerun::Keys->new('EdDSA')->pem } 1 .. 17);
$t->write_file('empty.json', '{"keys":[]}');
$t->write_file('secret.json', '{"keys":[{"kty":"oct","k":"c2hvcnQ"},{"kty":"ot"}]}');
$t->write_file('private.pem', "-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2VwBCIEIAAA\n-----END PRIVATE KEY-----\n");
my $methods = problems_are($t, 'methods', <<'END');
    edgerun_users none.jsonl;                           #! "edgerun_users" file "
    edgerun_users none.jsonl;                           #! "edgerun_users" is duplicate
    server {
        listen 127.0.0.1:%%PORT_0%%;
        edgerun_auth_jwt_secret env:EDGERUN_JWT_SECRET;
        location /1 { edgerun_auth_jwt "site" tokn=$cookie_a; }     #! takes token=$variable, for example "token=$cookie_session", not "tokn=$cookie_a"
        location /2 { edgerun_auth_jwt "site" token=constant; }     #! takes token=$variable
        location /3 { edgerun_auth_jwt "site"; edgerun_auth_jwt_algorithms RS256; } #! no key of "edgerun_auth_jwt" fits "edgerun_auth_jwt_algorithms"
        location /4 { edgerun_auth_jwt_algorithms hs256; }          #! knows HS256, HS384, HS512, RS256
        location /5 { edgerun_auth_jwt_algorithms none; }           #! EdDSA, not "none"
        location /6 { edgerun_auth_jwt_issuer ""; }                 #! takes names without control characters, not ""
        location /7 { edgerun_auth_jwt_leeway 2h; }                 #! must be a time up to 1h, for example "30s", not "2h"
        location /8 { edgerun_auth_jwt_leeway soon; }               #! must be a time up to 1h
        location /9 { edgerun_auth_jwt "site"; edgerun_auth_jwt_key_file none.json; }   #! "edgerun_auth_jwt_key_file" file "
        location /10 { edgerun_auth_jwt_key_file folder; }          #! is not a regular file
        location /11 { edgerun_auth_jwt_key_file private.pem; }     #! private
        location /12 { edgerun_auth_jwt_key_file empty.json; }      #! "edgerun_auth_jwt_key_file"
        location /13 { edgerun_auth_jwt_key_file secret.json; }     #! key 1 && key 2
        location /14 { edgerun_auth_api_keys none.jsonl; edgerun_require_role a; }  #! "edgerun_auth_api_keys" file "
        location /15 { edgerun_auth_identity role=$http_a; }        #! needs user=$variable
        location /16 { edgerun_auth_identity user=admin; }          #! needs a variable in "user"
        location /17 { edgerun_auth_identity user=$uri user=$uri; } #! takes "user" once
        location /18 { edgerun_auth_identity name=$uri; }           #! takes user=$variable, role=$variable and modules=$variable, not "name=$uri"
        location /19 { edgerun_error_format xml; }                  #! must be simple, problem or openai, not "xml"
        location /26 { edgerun_auth_jwt_jwks_uri http://127.0.0.1:1/ refresh=1; edgerun_auth_jwt_jwks_uri http://127.0.0.1:1/ trusted_certificate=ca.pem; } #! "edgerun_auth_jwt_jwks_uri"
        location /20 { edgerun_auth_challenge "a\nb"; }             #! must be parameters of WWW-Authenticate
        location /27 { edgerun_auth_jwt_jwks_uri https:/user:hidden-word@h/x; }     #! "edgerun_auth_jwt_jwks_uri"
        location /28 { edgerun_auth_jwt_jwks_uri ftp://h/x?token=hidden-word; }     #! "edgerun_auth_jwt_jwks_uri"
        location /29 { edgerun_auth_jwt_jwks_uri https://h/x?token=hidden-word#a; } #! "edgerun_auth_jwt_jwks_uri"
        location /21 { edgerun_auth_jwt_jwks_uri ftp://a; }         #! "edgerun_auth_jwt_jwks_uri"
        location /22 { edgerun_auth_jwt_jwks_uri http://keys.example.com/set; } #! https
        location /23 { edgerun_auth_jwt_audience a b; edgerun_auth_jwt_audience off; }  #! "edgerun_auth_jwt_audience" is duplicate
        location /25 {
            satisfy any;
            auth_basic "basic";
            edgerun_auth_identity user=$remote_user;                #! under "satisfy any" takes variables that have values though the module that set them refused
            location /25/all { satisfy all; }
            location /25/request { edgerun_auth_identity user=$upstream_http_x_user; }  #! under "satisfy any"
            location /25/role { edgerun_auth_identity user=$ssl_client_s_dn role=$upstream_http_x_role; }   #! under "satisfy any"
            location /25/certificate { edgerun_auth_identity user=$ssl_client_s_dn role="role-$ssl_client_i_dn"; }
        }
        location /30 {
            edgerun_auth_jwt "many";                                #! has more than 16 keys without "kid"
            edgerun_auth_jwt_key_file many.pem;
        }
        location /24 { edgerun_auth_identity off; edgerun_require_module a; }   #! nobody is authenticated
    }
END

unlike $methods, qr/hidden-word/, 'what a URL holds for its source alone is not shown';

$t->write_conf(<<'END');
    edgerun_users bad.jsonl;
    server {
        listen 127.0.0.1:%%PORT_0%%;
        location /1 { edgerun_auth_api_keys bad.jsonl; }
        location /2 { edgerun_auth_jwt_leeway soon; }
    }
END
my (undef, $lists) = $t->test_config;
like $lists, qr/$_/, "mistakes in files and configuration come together: $_" for
    qr/"user" .* in \S+bad\.jsonl:2/, qr/"sha256" .* in \S+bad\.jsonl:1/, qr/"rol"; known are .* in \S+bad\.jsonl:2/,
    qr/"edgerun_auth_jwt_leeway" .* in \S+nginx\.conf:\d+/;

problems_are($t, 'gates', <<'END' =~ s/%%LONG%%/'r' x 257/er);
    server {
        listen 127.0.0.1:%%PORT_0%%;
        location /1 { edgerun_auth_jwt "realm"; }       #! "edgerun_auth_jwt" has no key; add for example "edgerun_auth_jwt_secret env:JWT_SECRET;"
        location /2 { edgerun_require_role admin; }     #! nobody is authenticated; add "edgerun_auth_jwt"
        location /3 { edgerun_require_module chat; }    #! nobody is authenticated; add "edgerun_auth_jwt"
        location /4 {
            edgerun_auth_jwt_secret env:EDGERUN_JWT_SECRET;
            edgerun_auth_jwt_secret env:EDGERUN_JWT_SECRET;
            edgerun_auth_jwt one;
            edgerun_auth_jwt two;                       #! "edgerun_auth_jwt" is duplicate
            edgerun_require_role a;
            edgerun_require_role b;                     #! "edgerun_require_role" is duplicate
            edgerun_require_module "a,b";               #! takes names without commas and control characters, without blanks around them, of at most 256 bytes of UTF-8, not "a,b"
            edgerun_require_module b;                   #! "edgerun_require_module" is duplicate
            edgerun_auth_jwt_claims role=a;
            edgerun_auth_jwt_claims user=b;             #! "edgerun_auth_jwt_claims" is duplicate
        }
        location /5 { edgerun_auth_jwt_claims sub; }    #! takes NAME=CLAIM, for example "role=role", not "sub"
        location /6 { edgerun_auth_jwt_claims role=; }  #! takes NAME=CLAIM
        location /7 { edgerun_auth_jwt_claims role=a..b; }  #! takes NAME=CLAIM
        location /8 { edgerun_auth_jwt_claims name=sub; }   #! knows user, role, modules and limit, not "name"
        location /9 { edgerun_auth_jwt_claims role=a role=b; }  #! takes "role" once
        location /10 { edgerun_auth_jwt off; edgerun_require_role admin; }  #! nobody is authenticated
        location /11/ { if ($arg_a) { edgerun_require_role admin; } }       #! nobody is authenticated
        location /12 { edgerun_require_role " a"; }     #! takes names without commas and control characters && nobody is authenticated
        location /13 { edgerun_require_role %%LONG%%; } #! takes names without commas and control characters && nobody is authenticated
    }
    server {
        listen 127.0.0.1:%%PORT_0%%;
        server_name whole;
        edgerun_auth_jwt "whole";                       #! "edgerun_auth_jwt" has no key
    }
END

problems_are($t, 'jobs', <<'END');
    edgerun_job_zone zone=jobs:8m;
    edgerun_provider main { api assistants; base_url http://127.0.0.1:1; }
    edgerun_auth_jwt "realm";
    edgerun_auth_jwt_secret env:EDGERUN_JWT_SECRET;
    server {
        listen 127.0.0.1:%%PORT_0%%;
        location /1 { edgerun_jobs zone=jbos provider=mian; }   #! there is no edgerun_job_zone "jbos"; did you mean "jobs"? && there is no edgerun_provider "mian"; did you mean "main"?
        location /2 { edgerun_jobs zone=elsewhere provider=main; }  #! there is no edgerun_job_zone "elsewhere"
        location /3 { edgerun_jobs zone=jobs; }                 #! "edgerun_jobs" needs "zone=NAME" and "provider=NAME"
        location /4 { edgerun_jobs zone=jobs provider=main assistent=a; }   #! "edgerun_jobs" has an unknown parameter "assistent=a"; did you mean "assistant"?
        location /4a { edgerun_jobs zone=jobs provider=main colour=a; }     #! "edgerun_jobs" has an unknown parameter "colour=a"; it takes zone=NAME, provider=NAME, fallback=NAME, assistant=NAME, mode=async|sync
        location /4b { edgerun_jobs zone=jobs provider=main zone=more; }    #! "edgerun_jobs" takes "zone" once
        location /5 { edgerun_jobs zone=jobs provider=main assistant=; }    #! "assistant" must be a name, an id or a variable, not ""
        location /6 {
            edgerun_jobs zone=jobs provider=main;
            edgerun_jobs zone=jobs provider=main;               #! "edgerun_jobs" is duplicate
            edgerun_max_query 100;
            edgerun_max_query 200;                              #! "edgerun_max_query" is duplicate
        }
        location /21 { edgerun_jobs zone=jobs provider=main fallback=man; } #! there is no edgerun_provider "man"; did you mean "main"?
        location /22 { edgerun_jobs zone=jobs provider=main fallback=main; }    #! "fallback" must be another edgerun_provider than "provider"
        location /23 { edgerun_jobs zone=jobs provider=main fallback=; }    #! "fallback" must be the name of an edgerun_provider
        location /7 { edgerun_max_query 0; }                    #! must be a number of characters from 1 to 1000000, not "0"
        location /8 { edgerun_max_query all; }                  #! not "all"
        location /13 { edgerun_jobs zone=jobs provider=main mode=both; }    #! "mode" must be async or sync, not "both"
        location /14 { edgerun_max_wait 11m; }                  #! "edgerun_max_wait" must be a time up to 10m, for example "60s", not "11m"
        location /15 { edgerun_max_wait soon; }                 #! not "soon"
        location /16 { edgerun_max_running 0; }                 #! "edgerun_max_running" must be a number of jobs from 1 to 1000000, or "off", not "0"
        location /17 { edgerun_max_running 1000001; }           #! not "1000001"
        location /18 { edgerun_max_running all; }               #! not "all"
        location /19 { edgerun_start_guarantee once; }          #! "edgerun_start_guarantee" must be lookup, at_most_once or at_least_once, not "once"
        location /20 {
            edgerun_max_wait 0;
            edgerun_max_wait 1s;                                #! "edgerun_max_wait" is duplicate
            edgerun_max_running off;
            edgerun_max_running 1;                              #! "edgerun_max_running" is duplicate
            edgerun_start_guarantee lookup;
            edgerun_start_guarantee at_most_once;               #! "edgerun_start_guarantee" is duplicate
        }
        location ~ /9 { edgerun_jobs zone=jobs provider=main; } #! needs a location that is a prefix, for example "location /jobs"
        location = /10 { edgerun_jobs zone=jobs provider=main; }    #! needs a location that is a prefix
        location @11 { edgerun_jobs zone=jobs provider=main; }  #! needs a location that is a prefix
        location /12/ { if ($arg_a) { edgerun_jobs zone=jobs provider=main; } } #! belongs into a location, not into "if"
    }
END

# A refused reload leaves the old configuration in force.
$t->write_conf('server { listen 127.0.0.1:%%PORT_0%%; location / { return 200 old; } }');
$t->run;
$t->write_conf('edgerun_provider a { } server { listen 127.0.0.1:%%PORT_0%%; location / { return 200 new; } }');
ok !$t->reload, 'a configuration with problems is not loaded';
is $t->get('/')->{body}, 'old', 'the one before stays';

done_testing;
