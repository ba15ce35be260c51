#!/usr/bin/env perl
# The user directory: who is known, and what it says of them.
use FindBin;
use lib "$FindBin::Bin/lib";
use Edgerun::Test;

use Digest::SHA qw(sha256_hex);

my $t = Edgerun::Test->new;
$t->write_file('keys.jsonl', join '', map { sprintf qq({"sha256":"%s","user":"%s","role":"robot","limit":1}\n), sha256_hex("erk_$_"), $_ } qw(alice mallory));
my @users = (
    '{"user":"alice","role":["admin"],"limit":7}',
    '{"user":"bob","modules":"chat"}',
    '{"user":"carl","role":"admin","disabled":true}',
    '{"user":"dora","role":[]}',
);
$t->write_file('users.jsonl', join "\n", '# who may work here', @users, '');

$t->write_conf(<<'END');
    edgerun_users users.jsonl;
    edgerun_auth_jwt_secret env:EDGERUN_JWT_SECRET;
    server {
        listen 127.0.0.1:%%PORT_0%%;
        edgerun_auth_jwt "site";
        edgerun_auth_api_keys keys.jsonl;
        edgerun_auth_identity user=$http_x_user role=$http_x_role;
        proxy_set_header X-Who "$edgerun_user|$edgerun_role|$edgerun_modules|$edgerun_limit";
        location / { proxy_pass http://127.0.0.1:%%PORT_1%%; }
        location /admin { edgerun_require_role admin; proxy_pass http://127.0.0.1:%%PORT_1%%; }
        location /either { satisfy any; allow all; edgerun_auth_identity off; proxy_pass http://127.0.0.1:%%PORT_1%%; }
    }
    server { listen 127.0.0.1:%%PORT_1%%; location / { return 200 "$http_x_who"; } }
END
$t->run;

my %claims = (role => 'guest', assignedModules => 'rag', simRateLimit => 3);
sub as { my ($user, $uri) = @_; return $t->get($uri // '/', token => $t->token({ sub => $user, %claims })) }

is as('alice')->{body}, 'alice|admin|rag|7', 'what the directory says takes the place of what the token says';
is as('bob')->{body},   'bob|guest|chat|3',  'what it leaves out stays';
is as('dora')->{body},  'dora||rag|3',       'no role is a role list, too';
is as('alice', '/admin')->{status}, 200, 'the role of the directory counts';
is $t->get('/', headers => [ 'x-api-key' => 'erk_alice' ])->{body}, 'alice|admin||7', 'for API keys as well';
is $t->get('/', headers => [ 'X-User' => 'alice', 'X-Role' => 'root' ])->{body}, 'alice|admin||7', 'and for identities';

my $unknown = as('mallory');
is $unknown->{status}, 404, 'an unknown user is 404';
is_deeply $unknown->{json}, { error => 'NotFound', message => 'there is no such user', statusCode => 404 }, 'in words';
is $t->get('/', headers => [ 'x-api-key' => 'erk_mallory' ])->{status}, 404, 'by key';
is $t->get('/', headers => [ 'X-User' => 'mallory' ])->{status}, 404, 'and by identity';
my $disabled = as('carl', '/admin');
is $disabled->{status}, 403, 'a disabled user is 403, whatever the role';
is $disabled->{json}{message}, 'the user is disabled', 'in words';
is as($_, '/either')->{body}, '|||', "$_ has no name where somebody else opens the door" for qw(mallory carl);
is $t->get('/')->{status}, 401, 'who presents nothing is asked for a credential first';

$t->write_file('users.jsonl', "$users[0]\n" =~ s/admin/guest/r . qq({"user":"mallory"}\n));
ok $t->reload, 'a reload reads the file again';
is as('alice', '/admin')->{status}, 403, 'a role is taken away';
is as('mallory')->{status}, 200, 'a user added';
is as('bob')->{status}, 404, 'another removed';

$t->write_file('users.jsonl', qq({"user":"a"}\n{"user":"a"}\n{"role":"x"}\n));
$t->allow_log(qr/users\.jsonl:\d/);
my ($exit, $output) = $t->test_config;
ok $exit, 'a file with mistakes is refused';
like $output, qr/users\.jsonl:$_/, "the mistake of line $_ is named" for 2 .. 3;

done_testing;
