#!/usr/bin/env perl
# Several ways to be known in one location: the one credential that is presented
# decides, and nothing of another is mixed in.
use FindBin;
use lib "$FindBin::Bin/lib";
use Edgerun::Test;

use Digest::SHA qw(sha256_hex);
use Time::HiRes qw(time);

my $t = Edgerun::Test->new;
$t->write_file('keys.jsonl', sprintf qq({"sha256":"%s","user":"service","role":"robot"}\n), sha256_hex('erk_service'));
$t->write_file('none.jsonl', '');

$t->write_conf(<<'END');
    edgerun_auth_jwt_secret env:EDGERUN_JWT_SECRET;
    limit_req_zone $edgerun_user zone=users:1m rate=1r/m;
    server {
        listen 127.0.0.1:%%PORT_0%%;
        set $who "$edgerun_user";    # asks before anything is known
        proxy_set_header X-Who "$edgerun_user|$edgerun_role|$edgerun_modules";

        location /all {
            edgerun_auth_jwt "site";
            edgerun_auth_api_keys keys.jsonl;
            edgerun_auth_identity user=$http_x_user role=$http_x_role modules=$http_x_modules;
            proxy_pass http://127.0.0.1:%%PORT_1%%;
        }
        location /identity {
            edgerun_auth_identity user=$http_x_user role=$http_x_role;
            edgerun_require_role staff;
            proxy_pass http://127.0.0.1:%%PORT_1%%;
        }
        location /request {
            auth_request /verdict;
            auth_request_set $auth_user $upstream_http_x_auth_user;
            auth_request_set $auth_roles $upstream_http_x_auth_roles;
            edgerun_auth_identity user=$auth_user role=$auth_roles;
            edgerun_require_role staff;
            proxy_pass http://127.0.0.1:%%PORT_1%%;
        }
        location = /verdict { internal; proxy_pass http://127.0.0.1:%%PORT_1%%/verdict; proxy_set_header X-Token $http_x_token; }
        location /cookie {
            edgerun_auth_jwt "site" token=$cookie_session;
            proxy_pass http://127.0.0.1:%%PORT_1%%;
        }
        location /cookie-or-key {
            edgerun_auth_jwt "site" token=$cookie_session;
            edgerun_auth_api_keys keys.jsonl;
            proxy_pass http://127.0.0.1:%%PORT_1%%;
        }
        location /query { edgerun_auth_jwt "site" token=$arg_token; proxy_pass http://127.0.0.1:%%PORT_1%%; }
        location /jwt-or-nothing { edgerun_auth_jwt "site"; edgerun_auth_api_keys none.jsonl; proxy_pass http://127.0.0.1:%%PORT_1%%; }

        location /outer {
            edgerun_auth_jwt "outer"; edgerun_auth_api_keys keys.jsonl; edgerun_require_role robot;
            location /outer/keys { edgerun_auth_jwt off; proxy_pass http://127.0.0.1:%%PORT_1%%; }
            location /outer/tokens { edgerun_auth_api_keys off; proxy_pass http://127.0.0.1:%%PORT_1%%; }
            location /outer/open { edgerun_auth_api_keys off; edgerun_auth_jwt off; proxy_pass http://127.0.0.1:%%PORT_1%%; }
            location /outer/anyone { edgerun_require_role off; proxy_pass http://127.0.0.1:%%PORT_1%%; }
        }
        location /limited { edgerun_auth_api_keys keys.jsonl; edgerun_auth_jwt "site"; limit_req zone=users; limit_req_status 429; proxy_pass http://127.0.0.1:%%PORT_1%%; }
        location /any {
            satisfy any;
            deny all;
            edgerun_auth_api_keys keys.jsonl;
            proxy_pass http://127.0.0.1:%%PORT_1%%;
        }
        location /delayed { edgerun_auth_api_keys keys.jsonl; auth_delay 200ms; proxy_pass http://127.0.0.1:%%PORT_1%%; }
        location /nested {
            edgerun_auth_identity user=$http_x_user role=$edgerun_role modules=$edgerun_modules;
            proxy_pass http://127.0.0.1:%%PORT_1%%;
        }
        location /chain {
            edgerun_auth_jwt "site";
            proxy_set_header X-User $edgerun_user;
            proxy_set_header X-Role $edgerun_role;
            proxy_set_header Authorization "";
            proxy_pass http://127.0.0.1:%%PORT_0%%/identity;
        }
        location /moved { edgerun_auth_api_keys keys.jsonl; error_page 418 = /all; return 418; }
        location /tried { edgerun_auth_identity user=$http_x_user; try_files /nothing /all; }
    }
    server {
        listen 127.0.0.1:%%PORT_1%%;
        location / { return 200 "$http_x_who"; }
        location /verdict {
            if ($http_x_token = "staff") { add_header X-Auth-User carol; add_header X-Auth-Roles "staff, boss"; return 204; }
            if ($http_x_token = "guest") { add_header X-Auth-User guy; add_header X-Auth-Roles "guest,not staff"; return 204; }
            if ($http_x_token = "nobody") { return 204; }
            return 401;
        }
    }
END
$t->run;

my $token = $t->token({ sub => 'alice', role => 'admin', assignedModules => ['chat'] });
my @identity = ('X-User' => 'dora', 'X-Role' => 'guest', 'X-Modules' => 'rag');
sub get { my ($uri, @headers) = @_; return $t->get($uri, headers => \@headers) }
sub bearer { return (Authorization => "Bearer $_[0]") }

# ------------------------------------------------- one location, all methods

is get('/all', bearer($token))->{body}, 'alice|admin|chat', 'a token decides';
is get('/all', bearer('erk_service'))->{body}, 'service|robot|', 'or an API key in the same header';
is get('/all', 'x-api-key' => 'erk_service')->{body}, 'service|robot|', 'or in its own';
is get('/all', @identity)->{body}, 'dora|guest|rag', 'or the identity of others';
is get('/all', bearer($token), @identity)->{body}, 'alice|admin|chat', 'a token comes before an identity, unmixed';
is get('/all', 'x-api-key' => 'erk_service', @identity)->{body}, 'service|robot|', 'so does a key';
is get('/all', bearer("$token."), @identity)->{status}, 401, 'a bad token is not helped by an identity';
is get('/all', bearer('erk_wrong'), @identity)->{status}, 401, 'nor is a bad key';
my $both = get('/all', bearer($token), 'x-api-key' => 'erk_service');
is $both->{status}, 400, 'token and key are one too many';
is $both->{json}{message}, 'more than one credential was presented', 'as the body says';
is get('/all')->{status}, 401, 'none is too few';
is get('/jwt-or-nothing', bearer($token))->{status}, 200, 'an empty list of keys leaves the tokens';
is get('/jwt-or-nothing', bearer('erk_service'))->{status}, 401, 'and lets no key pass';

# ------------------------------------------------------------------ identity

is get('/identity', 'X-User' => 'eve', 'X-Role' => 'staff, other')->{status}, 200, 'an identity may have the role';
is get('/identity', 'X-User' => 'eve', 'X-Role' => 'staffer')->{status}, 403, 'whole';
is get('/identity', 'X-User' => 'eve')->{status}, 403, 'or not';
is get('/identity', 'X-Role' => 'staff')->{status}, 401, 'a role without a user is nobody';
is get('/identity', bearer($token))->{status}, 401, 'a token means nothing where none is accepted';
for my $name ('x' x 257, "a\x{c2}\x{85}b", "a\x7fb") {
    is get('/identity', 'X-User' => $name, 'X-Role' => 'staff')->{status}, 401, 'an unusable name is refused';
}
is get('/request', 'X-Token' => 'staff')->{body}, 'carol|staff,boss|', 'what auth_request found out is seen';
is get('/request', 'X-Token' => 'guest')->{status}, 403, 'a string with commas is not split at blanks';
is get('/request', 'X-Token' => 'nobody')->{status}, 401, 'without a user it is nobody';
is get('/request', 'X-Token' => 'else')->{status}, 401, 'and auth_request refuses as ever';

is get('/nested', 'X-User' => 'eve')->{body}, 'eve||', 'an identity that leads back to itself is empty there, and ends';
is get('/chain', bearer($t->token({ sub => 'a', role => ['staff'] })))->{status}, 200, 'roles that one gate hands on, another understands';
is get('/chain', bearer($t->token({ sub => 'a', role => ['not staff'] })))->{status}, 403, 'as they were';

# --------------------------------------------------------- where tokens stand

is get('/cookie', Cookie => "a=b; session=$token")->{body}, 'alice|admin|chat', 'a token may come in a cookie';
is get('/cookie', bearer($token))->{status}, 401, 'and then the header does not count';
is get('/cookie', Cookie => 'session=')->{headers}{'www-authenticate'}, 'Bearer realm="site"', 'an empty one is none';
is get("/query?token=$token")->{body}, 'alice|admin|chat', 'or in the query, where that is configured';
is get('/cookie-or-key', Cookie => "session=$token")->{body}, 'alice|admin|chat', 'cookie and keys: the cookie';
is get('/cookie-or-key', bearer('erk_service'))->{body}, 'service|robot|', 'or the key';
is get('/cookie-or-key', bearer($token))->{status}, 401, 'a token in the header is a wrong key';
is get('/cookie-or-key', bearer('erk_service'), Cookie => "session=$token")->{status}, 400, 'not both';

# --------------------------------------------------------------- inheritance

is get('/outer/keys', bearer('erk_service'))->{status}, 200, 'one method turned off leaves the other';
is get('/outer/keys', bearer($token))->{status}, 401, 'and itself no more';
is get('/outer/tokens', bearer('erk_service'))->{status}, 401, 'the other way round';
is get('/outer/tokens', bearer($token))->{status}, 403, 'with what is required';
is get('/outer/open')->{status}, 200, 'all turned off is open';
is get('/outer/anyone', bearer($token))->{status}, 200, 'a requirement can be turned off alone';
is get('/outer/anyone')->{status}, 401, 'the gate stays';

# ------------------------------------------------------- internal redirects

is get('/moved', bearer($token))->{body}, 'alice|admin|chat', 'another location asks by its own methods';
is get('/moved', bearer('erk_service'))->{body}, 'service|robot|', 'all of them';
is get('/tried', @identity)->{body}, 'dora|guest|rag', 'an identity is read anew';
is get('/tried', 'X-User' => '')->{status}, 401, 'and absent where it is absent';

# ------------------------------------------------------- NGINX's own manners

is get('/limited', bearer($_->[0]))->{status}, $_->[1], "limit_req counts by user: $_->[2]" for
    [ 'erk_service', 200, 'a key' ], [ 'erk_service', 429, 'again' ], [ $token, 200, 'a token of somebody else' ], [ $token, 429, 'again' ],
    [ 'erk_wrong', 401, 'a wrong key is nobody' ], [ 'erk_wrong', 401, 'and never too many' ];
is get('/any', 'x-api-key' => 'erk_service')->{status}, 200, 'satisfy any: a key opens what is denied otherwise';
is get('/any', 'x-api-key' => 'erk_wrong', 'X-User' => 'dora')->{status}, 401, 'and nothing else';
my $asked = time;
is get('/delayed', 'x-api-key' => 'erk_wrong')->{status}, 401, 'auth_delay holds';
cmp_ok time - $asked, '>=', 0.19, 'the refusal back';

done_testing;
