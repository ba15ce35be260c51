#!/usr/bin/env perl
# What the gate has verified, in logs, in requests to upstreams, as key of
# limits; empty unless verified.
use FindBin;
use lib "$FindBin::Bin/lib";
use Edgerun::Test;

my $t = Edgerun::Test->new;
$t->start_emulator(duration => 50);

$t->write_conf(<<'END');
    edgerun_auth_jwt "site";
    edgerun_auth_jwt_secret env:EDGERUN_JWT_SECRET;

    log_format who escape=json
        '{"uri":"$request_uri","user":"$edgerun_user","role":"$edgerun_role","modules":"$edgerun_modules",'
        '"job":"$edgerun_job_id","status":"$edgerun_job_status","error":"$edgerun_error"}';
    access_log %%TESTDIR%%/logs/who.log who;
    limit_req_zone $edgerun_user zone=users:1m rate=1r/m;
    map $edgerun_role $is_staff { default 0; ~(^|,)staff(,|$) 1; }

    edgerun_provider main {
        api assistants; base_url %%EMULATOR%%; api_key env:OPENAI_API_KEY; assistant asst_demo;
        poll_interval 100ms;
    }
    edgerun_job_zone zone=jobs:8m;

    server {
        listen 127.0.0.1:%%PORT_0%%;
        root %%TESTDIR%%/html;

        location /up {
            proxy_pass http://127.0.0.1:%%PORT_1%%;
            proxy_set_header X-User $edgerun_user;
            proxy_set_header X-Role "$edgerun_role";
            proxy_set_header X-Modules $edgerun_modules;
            proxy_set_header X-Error "<$edgerun_error>";
        }
        location /up/open { edgerun_auth_jwt off; proxy_pass http://127.0.0.1:%%PORT_1%%; proxy_set_header X-User "<$edgerun_user>"; }
        location /up/either { satisfy any; allow all; proxy_pass http://127.0.0.1:%%PORT_1%%; proxy_set_header X-User "<$edgerun_user>"; }
        location /password {
            satisfy any; auth_basic "basic"; auth_basic_user_file %%TESTDIR%%/users;
            edgerun_require_role boss;
        }
        location /early {
            edgerun_auth_jwt_secret env:EDGERUN_JWT_SECRET;
            return 200 "$edgerun_user|$edgerun_role|$edgerun_modules|$is_staff|$edgerun_job_id|$edgerun_job_status|$edgerun_error";
        }
        location /limited { limit_req zone=users; limit_req_status 429; alias %%TESTDIR%%/html/page; }
        location /jobs { edgerun_jobs zone=jobs provider=main; add_header X-Job "$edgerun_job_id $edgerun_job_status" always; add_header X-Tokens $edgerun_tokens; }
    }
    server {
        listen 127.0.0.1:%%PORT_1%%;
        edgerun_auth_jwt off;
        location / { return 200 "$http_x_user|$http_x_role|$http_x_modules|$http_x_error"; }
    }
END
mkdir $t->dir . '/html';
$t->write_file('html/page', 'inside');
$t->write_file('users', "alice:{PLAIN}wonder\n");
$t->run;

my $alice = $t->token({ sub => 'alice', role => [qw(staff admin)], assignedModules => 'chat' });
my $expired = $t->token({ sub => 'alice', exp => time - 1 });

# The last entry of the log for a URI.
sub logged {
    my ($uri) = @_;
    my $entry;
    wait_until {
        my @lines = grep { /"uri":"\Q$uri\E"/ } split /\n/, Edgerun::Process::slurp($t->dir . '/logs/who.log');
        $entry = JSON::PP::decode_json($lines[-1]) if @lines;
        defined $entry;
    };
    delete $entry->{uri};
    return $entry;
}
my %nobody = (user => '', role => '', modules => '', job => '', status => '', error => '');

is $t->get('/up', token => $alice)->{body}, 'alice|staff,admin|chat|<>',
    'an upstream learns user, roles and modules';
is $t->get('/up', token => $alice, headers => [ 'X-User' => 'root' ])->{body}, 'alice|staff,admin|chat|<>',
    'whatever the client says of itself';
is $t->get('/up', token => $t->token({ sub => "J\x{f6}rg & \"co\"" }))->{body} =~ s/\|.*//r,
    "J\xc3\xb6rg & \"co\"", 'a name is any text';
is $t->get('/up/open', token => $alice)->{body}, '<>|||', 'an open location verifies nothing';
is $t->get('/up/either', token => $alice)->{body}, '<alice>|||',
    'where the address is enough, a valid token still tells who it is';
is $t->get('/up/either', token => $expired)->{body}, '<>|||', 'and an invalid one nothing';
is $t->get('/up/either')->{body}, '<>|||', 'nor does none';

is $t->get('/early', token => $alice)->{body}, 'alice|staff,admin|chat|1|||',
    'they are there before the gate, in maps too';
is $t->get('/early', token => $expired)->{body}, '|||0|||', 'if the token is valid';

is_deeply do { $t->get('/page?1', token => $alice); logged('/page?1') },
    { %nobody, user => 'alice', role => 'staff,admin', modules => 'chat' }, 'the log knows who it was';
is_deeply do { $t->get('/page?2', token => $expired); logged('/page?2') },
    { %nobody, error => 'Unauthorized' }, 'or what was the matter';
is_deeply do { $t->get('/page?3'); logged('/page?3') }, { %nobody, error => 'Unauthorized' },
    'with no token either';
is_deeply do { $t->get('/up/either?4', token => $expired); logged('/up/either?4') }, \%nobody,
    'not what another access module made good';
is $t->get('/password?5', token => $alice)->{status}, 401, 'another access module may answer';
is_deeply logged('/password?5')->{error}, '', 'then the error is not ours';
is_deeply do { $t->get('/nothing', token => $alice); logged('/nothing') }->{error}, '',
    'nor what is no error of ours';

is $t->get('/limited', token => $alice)->{status}, 200, 'a limit counts by user';
is $t->get('/limited', token => $alice)->{status}, 429, 'whose second request is too many';
is $t->get('/limited', token => $t->token({ sub => 'alice', exp => time + 60 }))->{status}, 429,
    'with another token, too';
is $t->get('/limited', token => $t->token({ sub => 'bob' }))->{status}, 200, 'but not for another user';
is $t->get('/limited', token => $expired)->{status}, 401, 'who does not pass is not counted' for 1 .. 2;

my $job = $t->post('/jobs', json => { query => 'hello' }, token => $alice);
my $id = $job->{json}{id};
is $job->{headers}{'x-job'}, "$id PENDING", 'a submission knows its job';
ok !exists $job->{headers}{'x-tokens'}, 'not yet what it costs';
is_deeply logged('/jobs'),
    { user => 'alice', role => 'staff,admin', modules => 'chat', job => $id, status => 'PENDING', error => '' },
    'and so does its log entry';
$job = $t->wait_for_job("/jobs/$id", token => $alice);
is $job->{headers}{'x-job'}, "$id COMPLETED", 'a poll knows the status';
is $job->{headers}{'x-tokens'}, $job->{json}{tokensUsed}, 'and what it has cost';
my $foreign = $t->get("/jobs/$id?foreign", token => $t->token({ sub => 'bob' }));
is $foreign->{headers}{'x-job'}, '', 'a foreign job is not told of';
is_deeply logged("/jobs/$id?foreign"), { %nobody, user => 'bob', error => 'NotFound' },
    'a foreign job is not logged as known';

done_testing;
