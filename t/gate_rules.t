#!/usr/bin/env perl
# The gate among NGINX's other access modules: satisfy, allow and deny,
# auth_basic, auth_request, auth_delay, error_page, subrequests.
use FindBin;
use lib "$FindBin::Bin/lib";
use Edgerun::Test;

use MIME::Base64 qw(encode_base64);
use Time::HiRes qw(time);

my $t = Edgerun::Test->new;
$t->start_emulator;

$t->write_conf(<<'END');
    edgerun_auth_jwt "site";
    edgerun_auth_jwt_secret env:EDGERUN_JWT_SECRET;

    edgerun_provider main {
        api assistants; base_url %%EMULATOR%%; api_key env:OPENAI_API_KEY; assistant asst_demo;
    }
    edgerun_job_zone zone=jobs:8m;

    server {
        listen 127.0.0.1:%%PORT_0%%;
        root %%TESTDIR%%/html;

        location /any/ {
            satisfy any;
            location /any/allow/ { allow 127.0.0.1; deny all; }
            location /any/deny/ { deny all; }
            location /any/basic/ { auth_basic "basic"; auth_basic_user_file %%TESTDIR%%/users; }
            location /any/role/ { deny all; edgerun_require_role admin; }
        }
        location /any/jobs { satisfy any; allow 127.0.0.1; edgerun_jobs zone=jobs provider=main; }
        location /any/off/ { satisfy any; edgerun_auth_jwt off; deny all; }

        location /all/allow/ { allow 127.0.0.1; deny all; }
        location /all/deny/ { deny all; }
        location /all/request/ { auth_request /verdict; }
        location = /verdict { internal; edgerun_auth_jwt off; proxy_pass http://127.0.0.1:%%PORT_1%%; }

        location /delay/ { auth_delay 300ms; }

        # The gate's refusals in other clothes.
        location /static/ { error_page 401 /pages/401.html; error_page 403 /pages/403.html; }
        location /pages/ { edgerun_auth_jwt off; internal; }
        location /gated-page/ { error_page 401 /404.html; }
        location /named/ { error_page 401 403 @login; edgerun_require_role admin; }
        location @login { edgerun_auth_jwt off; return 302 /login?why=$edgerun_error; }
        location /overwritten/ { error_page 401 =200 /pages/401.html; }
        location /status/ { error_page 401 =418 /pages/401.html; }
        location /jobs { error_page 401 /pages/401.html; edgerun_jobs zone=jobs provider=main; }

        # Subrequests: NGINX asks no access module about them; edgerun_jobs does.
        location /ssi/ { edgerun_auth_jwt off; ssi on; }
        location /mirrored {
            edgerun_auth_jwt off;
            mirror /tasks;
            proxy_pass http://127.0.0.1:%%PORT_1%%/take;
        }
        location /tasks { edgerun_jobs zone=jobs provider=main; }
        location /included/ { }
        location /asked/ { edgerun_auth_jwt off; auth_request /included/page; }
        location /asked-work/ { edgerun_auth_jwt off; auth_request /tasks/0123456789; }
    }
    server {
        listen 127.0.0.1:%%PORT_1%%;
        edgerun_auth_jwt off;
        location /verdict { if ($http_x_verdict) { return 403; } return 204; }
        location /take { return 200 taken; }
    }
END
mkdir $t->dir . "/$_" for map { "html$_" } '', qw(/any /any/allow /any/deny /any/basic /any/role
    /any/off /all /all/allow /all/deny /all/request /delay /pages /ssi /included /asked /asked-work);
$t->write_file("html/$_/page", 'inside') for qw(any/allow any/deny any/basic any/role any/off
    all/allow all/deny all/request delay included asked asked-work);
$t->write_file("html/pages/$_.html", "<h1>$_</h1>") for 401, 403;
$t->write_file('html/404.html', 'not for you');
$t->write_file('html/ssi/work.html', 'before [<!--# include virtual="/tasks/0123456789" -->] after');
$t->write_file('html/ssi/page.html', '[<!--# include virtual="/included/page" -->]');
$t->write_file('users', "alice:{PLAIN}wonder\n");
$t->run;

my $token = $t->token({ sub => 'alice' });
my $admin = $t->token({ sub => 'root', role => 'admin' });
my @basic = (headers => [ Authorization => 'Basic ' . encode_base64('alice:wonder', '') ]);

# ------------------------------------------------------------------ satisfy

my $any = $t->get('/any/allow/page');
is $any->{status}, 200, 'satisfy any: an allowed address is enough';
ok !exists $any->{headers}{'www-authenticate'}, 'the challenge is taken back';
is $t->get('/any/allow/page', token => 'nonsense')->{status}, 200, 'even with a bad token';
is $t->get('/any/deny/page', token => $token)->{status}, 200, 'satisfy any: a token is enough';
my $denied = $t->get('/any/deny/page');
is $denied->{status}, 401, 'neither is 401';
is $denied->{json}{error}, 'Unauthorized', 'in JSON';
is $t->get('/any/role/page', token => $token)->{status}, 403, 'a token without the role is not enough';
is $t->get('/any/role/page', token => $admin)->{status}, 200, 'one with it is';

is $t->get('/any/basic/page', @basic)->{status}, 200, 'satisfy any: a password is enough';
is $t->get('/any/basic/page', token => $token)->{status}, 200, 'or a token';
my $both = $t->get('/any/basic/page');
is $both->{status}, 401, 'nothing is not';
like $both->{headers}{'www-authenticate'}, qr/Bearer realm="site"/, 'the gate challenges';
like $both->{headers}{'www-authenticate'}, qr/Basic realm="basic"/, 'and so does auth_basic';
is $t->get('/any/off/page')->{status}, 403, 'an open gate satisfies nothing';
is $t->get('/any/off/page', token => $token)->{status}, 403, 'whatever is presented to it';

is $t->get('/all/allow/page')->{status}, 401, 'satisfy all: the address is not enough';
is $t->get('/all/allow/page', token => $token)->{status}, 200, 'address and token are';
is $t->get('/all/deny/page', token => $token)->{status}, 403, 'the token is not enough';
is $t->get('/all/request/page', token => $token)->{status}, 200, 'auth_request joins the gate';
is $t->get('/all/request/page')->{status}, 401, 'it does not replace it';
is $t->get('/all/request/page', token => $token, headers => [ 'X-Verdict' => 403 ])->{status}, 403,
    'nor the gate it';

my $job = $t->post('/any/jobs', json => { query => 'hello' });
is $job->{status}, 202, 'a job may be submitted by who was let in otherwise';
$job = $t->wait_for_job($job->{headers}{location});
is $job->{json}{status}, 'COMPLETED', 'and read';
is $t->get("/any/jobs/$job->{json}{id}", token => $token)->{status}, 404,
    'but not by a user who has a name';

# --------------------------------------------------------------- auth_delay

my $since = time;
is $t->get('/delay/page')->{status}, 401, 'auth_delay holds a refusal';
cmp_ok time - $since, '>=', 0.25, 'back for its time';
my $connection = $t->connect;
is $connection->get('/delay/page')->{json}{error}, 'Unauthorized', 'which is then as always';
is $connection->get('/delay/page', token => $token)->{status}, 200, 'the connection lives on';

# --------------------------------------------------------------- error_page

my $page = $t->get('/static/');
is $page->{status}, 401, 'error_page keeps the status';
is $page->{body}, '<h1>401</h1>', 'and gives the page';
is $page->{headers}{'content-type'}, 'text/html', 'as what it is';
is $page->{headers}{'www-authenticate'}, 'Bearer realm="site"', 'the challenge stays';
is $t->get('/jobs')->{body}, '<h1>401</h1>', 'it also gives the page for edgerun_jobs';
is $t->get('/gated-page/')->{json}{error}, 'Unauthorized',
    'a page that is gated itself is not given away';
my $named = $t->get('/named/');
is $named->{status}, 302, 'error_page may lead to a named location';
is $named->{headers}{location} =~ s/.*why=//r, 'Unauthorized', 'which learns the reason';
like $t->get('/named/', token => $token)->{headers}{location}, qr/why=Forbidden/, 'for 403 as well';
is $t->get('/overwritten/')->{status}, 200, 'error_page may overwrite the status';
is $t->get('/status/')->{status}, 418, 'with any other';

# -------------------------------------------------------------- subrequests

my $included = $t->get('/ssi/work.html');
is $included->{status}, 200, 'a page may include a job';
unlike $included->{body}, qr/before \[.*NotFound/, 'but not past the gate';
like $included->{body}, qr/"error":"Unauthorized"/, 'which refuses inside';
like $t->get('/ssi/work.html', token => $token)->{body}, qr/"error":"NotFound"/,
    'with the token of the page it is asked';
is $t->get('/ssi/page.html')->{body}, '[inside]',
    'other subrequests are not gated, as NGINX gates none';
is $t->get('/asked/page')->{status}, 200, 'so a location of files is no verdict for auth_request';
is $t->get('/asked-work/page')->{status}, 401, 'edgerun_jobs refuses there too';

my @mirrored = (json => { query => 'mirrored' });
is $t->post('/mirrored', @mirrored)->{body}, 'taken', 'a request is mirrored';
is $t->post('/mirrored', @mirrored, token => $token)->{body}, 'taken', 'with a token, too';
my $runs = sub { scalar grep { $_->{body} =~ /mirrored/ } @{ $t->emulator->log(call => 'add_message') } };
ok wait_until { $runs->() >= 1 }, 'the mirrored request with a token becomes a job';
is $runs->(), 1, 'the one without does not';

done_testing;
