#!/usr/bin/env perl
# Where the two modules stand among NGINX's own, built in or loaded.
use FindBin;
use lib "$FindBin::Bin/lib";
use IO::Uncompress::Gunzip ();

use Edgerun::Test;

my $t = Edgerun::Test->new;

$t->write_conf(<<'END');
    gzip on;
    gzip_types application/json;
    gzip_min_length 1;

    server {
        listen 127.0.0.1:%%PORT_0%%;

        location /gated {
            edgerun_auth_jwt "test";
            edgerun_auth_jwt_secret env:EDGERUN_JWT_SECRET;
            empty_gif;
        }
        location /forbidden_by_gate {
            edgerun_auth_jwt "test";
            edgerun_auth_jwt_secret env:EDGERUN_JWT_SECRET;
            edgerun_require_module never_given;
            empty_gif;
        }
        location /after_auth_request {
            auth_request /forbidden;
            edgerun_auth_jwt "test";
            edgerun_auth_jwt_secret env:EDGERUN_JWT_SECRET;
            empty_gif;
        }
        location /after_access {
            deny all;
            edgerun_auth_jwt "test";
            edgerun_auth_jwt_secret env:EDGERUN_JWT_SECRET;
            empty_gif;
        }
        location = /forbidden { return 403; }
    }
END
$t->run;

is $t->get('/gated')->{status}, 401, 'the gate refuses a request without a token';
is $t->get('/after_auth_request')->{status}, 403, 'auth_request speaks before the gate';
is $t->get('/after_access')->{status}, 403, 'allow and deny speak before the gate';

# NGINX compresses 403 alone among the gate's refusals.
my %with_token = (token => $t->token({ sub => 'alice' }));
my $plain = $t->get('/forbidden_by_gate', %with_token);
is $plain->{json}{statusCode}, 403, 'an error has a JSON body';

my $packed = $t->get('/forbidden_by_gate', %with_token, headers => { 'Accept-Encoding' => 'gzip' });
is $packed->{headers}{'content-encoding'}, 'gzip', 'which is compressed for who asks for that';
is gunzip($packed->{body}), $plain->{body}, 'after it was written';

done_testing;

sub gunzip {
    my ($bytes) = @_;
    IO::Uncompress::Gunzip::gunzip(\$bytes => \my $text, Transparent => 0) or return 'not gzip';
    return $text;
}
