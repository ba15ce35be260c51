#!/usr/bin/env perl
# The gate stands before every kind of location, and follows NGINX's way of
# choosing one.
use FindBin;
use lib "$FindBin::Bin/lib";
use Edgerun::Test;

my $OTHER = 'the other secret, of 32 bytes or more';

my $t = Edgerun::Test->new(env => { OTHER_SECRET => $OTHER });

$t->write_conf(<<'END');
    server {
        listen 127.0.0.1:%%PORT_0%%;
        root %%TESTDIR%%/html;
        edgerun_auth_jwt "site";
        edgerun_auth_jwt_secret env:EDGERUN_JWT_SECRET;

        location = / { edgerun_auth_jwt off; return 200 open; }

        # kinds of handlers
        location /files/ { autoindex on; }
        location /index/ { }
        location /proxy { proxy_pass http://127.0.0.1:%%PORT_1%%; }
        location /empty { empty_gif; }
        location /dav/ { dav_methods PUT; }
        location /return { return 200 returned; }
        location ~ \.secret$ { }
        location = /exact { alias %%TESTDIR%%/html/files/page; }
        location ^~ /stay { try_files /files/page =404; }

        # ways from one location into another
        location /out { edgerun_auth_jwt off; rewrite ^ /files/page last; }
        location /in { rewrite ^ /open/page last; }
        location /here { edgerun_auth_jwt off; try_files /nothere /files/page; }
        location /there { edgerun_auth_jwt off; try_files /nothere @named; }
        location @named { try_files /files/page =404; }
        location /stage { edgerun_auth_jwt off; error_page 404 /files/page; }
        location /accel { edgerun_auth_jwt off; proxy_pass http://127.0.0.1:%%PORT_1%%; }
        location /open/ { edgerun_auth_jwt off; }

        # one location under conditions
        location /if/ {
            if ($arg_strict) { edgerun_require_role admin; }
        }
        location /loose/ {
            if ($arg_open) { edgerun_auth_jwt off; }
        }
        location /except/ {
            edgerun_auth_jwt off;
            dav_methods PUT;
            limit_except GET { edgerun_auth_jwt "writers"; edgerun_require_role writer; }
        }

        # what is inherited
        location /rooms/ {
            edgerun_require_role staff;
            location /rooms/same/ { }
            location /rooms/boss/ { edgerun_require_role boss; }
            location /rooms/more/ { edgerun_require_module keys; }
            location /rooms/lobby/ {
                edgerun_auth_jwt off;
                location /rooms/lobby/bar/ { }
                location /rooms/lobby/safe/ { edgerun_auth_jwt "again"; }
                location /rooms/lobby/safe/key/ { edgerun_auth_jwt "again"; }
            }
            location /rooms/other/ { edgerun_auth_jwt_secret env:OTHER_SECRET; }
            location /rooms/realm/ { edgerun_auth_jwt "another"; error_page 401 /rooms/other/; }
        }
    }

    server {
        listen 127.0.0.1:%%PORT_1%%;
        location = /proxy/refused {
            add_header WWW-Authenticate 'Digest realm="upstream"' always;
            default_type text/plain;
            return 401 "upstream says no";
        }
        location /accel { add_header X-Accel-Redirect /files/page; return 200; }
        location / { return 200 upstream; }
    }

    # Asked for early, an identity must not outlive the location that verified it.
    server {
        listen 127.0.0.1:%%PORT_2%%;
        root %%TESTDIR%%/html;
        edgerun_auth_jwt "site";
        edgerun_auth_jwt_secret env:EDGERUN_JWT_SECRET;
        set $early $edgerun_user;

        location /files/ { }
        location /other/ { alias %%TESTDIR%%/html/files/; edgerun_auth_jwt_secret env:OTHER_SECRET; }
        location /claims/ {
            alias %%TESTDIR%%/html/files/;
            edgerun_auth_jwt_claims role=groups;
            edgerun_require_role admin;
        }
        location /moved { set $early "$edgerun_user"; rewrite ^ /other/page last; }
    }

    # Keys in the locations alone, a gate outside of them.
    server {
        listen 127.0.0.1:%%PORT_3%%;
        root %%TESTDIR%%/html;
        edgerun_auth_jwt "site";
        location /rooms/ { edgerun_auth_jwt_secret env:OTHER_SECRET; }
    }
    server {
        listen 127.0.0.1:%%PORT_4%%;
        root %%TESTDIR%%/html;
        edgerun_require_role admin;
        location /rooms/ { edgerun_auth_jwt "site"; edgerun_auth_jwt_secret env:OTHER_SECRET; }
    }
END
mkdir $t->dir . "/$_"
    for 'html', map { "html/$_" } qw(files index open if loose except rooms dav),
    map { "rooms/$_" } qw(same boss more lobby lobby/bar other realm);
$t->write_file("html/$_", 'a page')
    for qw(files/page index/index.html open/page if/page loose/page except/page x.secret),
    map { "rooms/$_/page" } qw(same boss more lobby lobby/bar other realm);
$t->run;

my $token = $t->token({ sub => 'alice' });

sub status_of {
    my ($uri, %options) = @_;
    return $t->get($uri, %options)->{status};
}

sub token_of {
    my ($claims, $key) = @_;
    return $t->token({ sub => 'alice', %$claims }, $key);
}

is status_of('/'), 200, '"edgerun_auth_jwt off" opens a location';

for (
    [ '/files/page',   'a file' ],
    [ '/files/',       'a list of files' ],
    [ '/index/',       'an index' ],
    [ '/proxy',        'a proxied location' ],
    [ '/empty',        'a location with another content handler' ],
    [ '/x.secret',     'a location by regular expression' ],
    [ '/exact',        'an exact location' ],
    [ '/stay',         'try_files' ],
    [ '/%66iles/page', 'an escaped URI' ],
    [ '/open/../files/page', 'a URI with dots' ],
    [ '//files//page', 'a URI with slashes' ],
) {
    my ($uri, $what) = @$_;
    is status_of($uri), 401, "$what is behind the gate";
    is status_of($uri, token => $token), 200, "$what is reached with a token";
}
is $t->request('PUT', '/dav/new', body => 'x')->{status}, 401, 'nothing is written without a token';
ok !-e $t->dir . '/html/dav/new', 'indeed nothing';
is status_of('/return'), 200, '"return" comes before the gate, as before all access modules';

my $refused = $t->get('/proxy/refused', token => $token);
is $refused->{status}, 401, 'a 401 of the upstream stays';
is $refused->{body}, 'upstream says no', 'with its body';
is $refused->{headers}{'www-authenticate'}, 'Digest realm="upstream"', 'and its challenge';

for (
    [ '/out',   'a rewrite' ],
    [ '/here',  'try_files' ],
    [ '/there', 'try_files to a named location' ],
    [ '/stage', 'error_page' ],
    [ '/accel', 'X-Accel-Redirect' ],
) {
    my ($uri, $way) = @$_;
    is status_of($uri), 401, "$way from an open location does not get around the gate";
    isnt status_of($uri, token => $token), 401, "$way gets there with a token";
}
is status_of('/in'), 200, 'a rewrite into an open location needs no token';

is status_of('/if/page', token => $token), 200, '"if" that does not hold adds nothing';
is status_of('/if/page?strict=1', token => $token), 403, 'one that holds may ask for a role';
is status_of('/if/page?strict=1'), 401, 'of somebody who is known';
is status_of('/loose/page'), 401, 'a location is gated around its "if"';
is status_of('/loose/page?open=1'), 200, 'which may open it';

is status_of('/except/page'), 200, 'limit_except leaves its methods alone';
is $t->request('PUT', '/except/new', body => 'x')->{status}, 401, 'and gates the others';
my $put = $t->request('PUT', '/except/new', body => 'x', token => $token);
is $put->{status}, 403, 'with the role that it asks for';
like $put->{headers}{'www-authenticate'}, qr/realm="writers"/, 'and with its realm';

is status_of('/rooms/same/page', token => $token), 403, 'a nested location inherits the role';
is status_of('/rooms/same/page', token => token_of({ role => 'staff' })), 200, 'that passes there';
is status_of('/rooms/boss/page', token => token_of({ role => 'staff' })), 403,
    'a role of its own takes the place of the inherited one';
is status_of('/rooms/boss/page', token => token_of({ role => 'boss' })), 200, 'and is enough';
is status_of('/rooms/more/page', token => token_of({ assignedModules => 'keys' })), 403,
    'a module of its own joins the inherited role';
is status_of('/rooms/more/page', token => token_of({ role => 'staff', assignedModules => 'keys' })),
    200, 'both are needed';
is status_of('/rooms/lobby/page'), 200, '"off" lets go of what is required outside';
is status_of('/rooms/lobby/bar/page'), 200, 'further in, too';
is status_of('/rooms/other/page', token => token_of({ role => 'staff' })), 401,
    'a location with a secret of its own does not take tokens of another';
is status_of('/rooms/other/page', token => token_of({ role => 'staff' }, $OTHER)), 200,
    'but its own';
is status_of('/rooms/same/page', token => token_of({ role => 'staff' }, $OTHER)), 401,
    'which no other location takes';
is status_of('/rooms/lobby/safe/page', token => token_of({})), 403,
    'where somebody is authenticated again, it counts again';
is status_of('/rooms/lobby/safe/key/page', token => token_of({})), 403, 'further in, too';
is $t->get('/rooms/realm/page')->{headers}{'www-authenticate'}, 'Bearer realm="site"',
    'after an error_page the challenge is that of the location that answers, alone';
like $t->request('GET', '/rooms/realm/page', token => token_of({}))->{headers}{'www-authenticate'}, qr/realm="another"/,
    'a realm may be set alone';

my %early = (port => 2);
is status_of('/files/page', %early, token => $token), 200, 'an identity may be asked for early';
is status_of('/other/page', %early, token => $token), 401,
    'a token that the server verified is verified again where another secret holds';
is status_of('/other/page', %early, token => token_of({}, $OTHER)), 200,
    'one that the server refused, too';
is status_of('/moved', %early, token => $token), 401, 'also after a rewrite';
is status_of('/claims/page', %early, token => token_of({ role => 'admin' })), 403,
    'where other claims count, others are read';
is status_of('/claims/page', %early, token => token_of({ groups => 'admin' })), 200, 'again';

for my $port (3, 4) {
    my $outside = $t->get('/files/page', port => $port);
    is $outside->{status}, 401, 'a gate without a key lets nobody pass';
    like $outside->{headers}{'www-authenticate'}, qr/^Bearer /, 'and asks for credentials';
    is status_of('/files/page', port => $port, token => $_), 401, 'whatever is presented' for $token, token_of({ role => 'admin' }, $OTHER);
}
is status_of('/rooms/none', port => 3, token => token_of({}, $OTHER)), 404, 'its locations have their keys';

done_testing;
