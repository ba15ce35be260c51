#!/usr/bin/env perl
# Errors as clients want them: plain, RFC 9457, OpenAI's.
use FindBin;
use lib "$FindBin::Bin/lib";
use Edgerun::Test;

my $t = Edgerun::Test->new;
$t->start_emulator;
$t->write_conf(<<'END');
    edgerun_auth_jwt_secret env:EDGERUN_JWT_SECRET;
    edgerun_provider main { api assistants; base_url %%EMULATOR%%; api_key env:OPENAI_API_KEY; assistant asst_demo; }
    edgerun_job_zone zone=jobs:8m;
    edgerun_error_format problem;
    server {
        listen 127.0.0.1:%%PORT_0%%;
        edgerun_auth_jwt "site";
        edgerun_auth_challenge 'resource_metadata="https://$host/.well-known/oauth-protected-resource"';
        location /problem { edgerun_jobs zone=jobs provider=main; }
        location /simple { edgerun_error_format simple; edgerun_jobs zone=jobs provider=main; client_max_body_size 10; }
        location /openai { edgerun_error_format openai; edgerun_require_role admin; edgerun_jobs zone=jobs provider=main; }
        location /silent { edgerun_auth_challenge off; root %%TESTDIR%%; }
        location /bare { edgerun_auth_challenge "scope=\"a $arg_scope\""; root %%TESTDIR%%; }
    }
END
$t->run;
my $token = $t->token({ sub => 'alice' });

my $problem = $t->get('/problem');
is $problem->{headers}{'content-type'}, 'application/problem+json', 'problems have their own type';
is_deeply $problem->{json},
    { type => 'about:blank', title => 'Unauthorized', status => 401, detail => 'valid credentials are required' },
    'and members';
is $problem->{headers}{'cache-control'}, 'no-store', 'and are not stored';
is $t->get('/problem/none', token => $token)->{json}{title}, 'Not Found', 'a title is the phrase of its status';
is $problem->{headers}{'www-authenticate'},
    'Bearer realm="site", resource_metadata="https://localhost/.well-known/oauth-protected-resource"',
    'the challenge says more where told to';

my $simple = $t->get('/simple');
is $simple->{headers}{'content-type'}, 'application/json', 'plain errors are JSON';
is_deeply $simple->{json}, { error => 'Unauthorized', message => 'valid credentials are required', statusCode => 401 }, 'of three members';
is $t->post('/simple', token => $token, body => 'x' x 11)->{json}{error}, 'PayloadTooLarge', "NGINX's own refusals, too";

my %asked = (
    'application/problem+json'                      => 1,
    'text/html, Application/Problem+JSON;q=0.5'     => 1,
    'application/problem+json;q=0, application/json' => 0,
    'application/problem+json;q=0.000'              => 0,
    'application/problem+jsonx'                     => 0,
    'application/*'                                 => 0,
    '*/*'                                           => 0,
    ',,;q=,'                                        => 0,
);
for my $accept (sort keys %asked) {
    my $type = $t->get('/simple', headers => [ Accept => $accept ])->{headers}{'content-type'};
    is $type, $asked{$accept} ? 'application/problem+json' : 'application/json', "Accept: $accept";
}
is $t->get('/simple', headers => [ Accept => 'text/html', Accept => 'application/problem+json' ])->{json}{status}, 401,
    'in any of several headers';

my $openai = $t->get('/openai', token => $token);
is_deeply $openai->{json},
    { error => { message => 'the role admin is required', type => 'permission_error', param => undef, code => 'forbidden' } },
    "OpenAI's envelope";
is $t->get('/openai')->{json}{error}{type}, 'authentication_error', 'with its types';
like $openai->{headers}{'www-authenticate'}, qr/error="insufficient_scope", resource_metadata="/, 'the challenge goes with 403, too';

is $t->get('/bare?scope=b')->{headers}{'www-authenticate'}, 'Bearer realm="site", scope="a b"', 'its parameters may have variables';
is $t->get('/silent')->{headers}{'www-authenticate'}, 'Bearer realm="site"', 'or be turned off';
ok !exists $t->get('/bare?scope=%0d%0aX-Evil:%201')->{headers}{'x-evil'}, 'which cannot add a header';

done_testing;
