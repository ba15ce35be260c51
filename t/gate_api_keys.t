#!/usr/bin/env perl
# API keys: which pass, how they are sent, and what a reload changes.
use FindBin;
use lib "$FindBin::Bin/lib";
use Edgerun::Test;

use Digest::SHA qw(sha256_hex);
use JSON::PP qw(encode_json);

my $t = Edgerun::Test->new;

sub key_file {
    my (@keys) = @_;
    my $text = "# keys of services\n\n";
    for my $entry (@keys) {
        my %entry = %$entry;
        my $key = delete $entry{key};
        $text .= encode_json({ sha256 => sha256_hex($key), %entry }) . "\n";
    }
    return $t->write_file('keys.jsonl', $text);
}

my @keys = (
    { key => 'erk_reports', user => 'svc-reports', role => ['user', 'auditor'], modules => 'chat, rag', limit => 20 },
    { key => 'erk_old', user => 'svc-old', not_after => '2020-01-01T00:00:00Z' },
    { key => 'erk_new', user => 'svc-new', not_after => '2999-01-01T00:00:00Z' },
    { key => 'erk_off', user => 'svc-off', disabled => JSON::PP::true },
    { key => 'with.two.dots', user => 'svc-dots' },
);
key_file(@keys);

$t->write_conf(<<'END');
    log_format who "$request_uri user=$edgerun_user";
    access_log %%TESTDIR%%/logs/who.log who;
    server {
        listen 127.0.0.1:%%PORT_0%%;
        edgerun_auth_api_keys keys.jsonl;
        location / { proxy_pass http://127.0.0.1:%%PORT_1%%; proxy_set_header X-Who "$edgerun_user|$edgerun_role|$edgerun_modules|$edgerun_limit|$edgerun_claim_sub"; }
        location /role { edgerun_require_role auditor; root %%TESTDIR%%/html; }
        location /module { edgerun_require_module rag; root %%TESTDIR%%/html; }
        location /part { edgerun_require_role audit; root %%TESTDIR%%/html; }
        location /open { edgerun_auth_api_keys off; root %%TESTDIR%%/html; }
    }
    server {
        listen 127.0.0.1:%%PORT_1%%;
        location / { return 200 "$http_x_who"; }
    }
END
mkdir $t->dir . '/html';
$t->write_file("html/$_", 'inside') for qw(role module part open);
$t->run;

sub with_key { my ($key, $uri) = @_; return $t->get($uri // '/', headers => [ 'X-Api-Key' => $key ]) }

my $answer = with_key('erk_reports');
is $answer->{status}, 200, 'a key passes';
is $answer->{body}, 'svc-reports|user,auditor|chat,rag|20|', 'and stands for its user, roles, modules, limit';
is $t->get('/', token => 'erk_reports')->{body}, $answer->{body}, 'as a bearer credential, too';
is $t->get('/', token => 'with.two.dots')->{body}, 'svc-dots||||', 'whatever it looks like';
is with_key('erk_new')->{status}, 200, 'a key passes before its not_after';

my $none = $t->get('/');
is $none->{status}, 401, 'without a key it is 401';
is $none->{headers}{'www-authenticate'}, 'Bearer realm="edgerun"', 'with a challenge';
my @refused = ('erk_old', 'erk_off', 'erk_report', ' ', 'x' x 600, sha256_hex('erk_reports'), 'ERK_REPORTS');
for my $key (@refused) {
    my $refused = with_key($key);
    is_deeply [ @$refused{qw(status body)} ], [ @$none{qw(status body)} ], "\"$key\" does not pass, and says no more";
}
is $t->get('/', headers => [ Authorization => 'Basic ZXJrX3JlcG9ydHM6' ])->{status}, 401, 'another scheme does not count';
is $t->get('/?api_key=erk_reports')->{status}, 401, 'nor does the query';

is with_key('erk_reports', '/role')->{status},   200, 'a key may have the role';
is with_key('erk_reports', '/module')->{status}, 200, 'and the module';
is with_key('erk_reports', '/part')->{status},   403, 'but a part of its name is not it';
is with_key('erk_new', '/role')->{status},       403, 'and another key has not';
is $t->get('/open')->{body}, 'inside', '"off" opens a location';

for my $twice (
    [ 'X-Api-Key' => 'erk_reports', 'X-Api-Key' => 'erk_new' ],
    [ 'X-Api-Key' => 'erk_reports', Authorization => 'Bearer erk_reports' ],
  )
{
    my $both = $t->get('/', headers => $twice);
    is $both->{status}, 400, "two credentials ($twice->[2]) are refused";
    like $both->{headers}{'www-authenticate'}, qr/error="invalid_request"/, 'as RFC 6750 names it';
}

unlike $t->error_log, qr/erk_/, 'the log never shows a key';
like $t->error_log, qr/API key refused: unknown or disabled/, 'but says why one was refused';

# A rotation: both keys for a while, then the new one alone.
key_file(@keys, { key => 'erk_reports2', user => 'svc-reports' });
ok $t->reload, 'a reload reads the file again';
is with_key('erk_reports2')->{status}, 200, 'a new key passes';
is with_key('erk_reports')->{status}, 200, 'beside the old one';
key_file({ key => 'erk_reports2', user => 'svc-reports' });
ok $t->reload, 'the old one is removed';
is with_key('erk_reports')->{status}, 401, 'and passes no more';

$t->write_file('keys.jsonl', join "\n", '{"sha256":"12","user":"a"}', '{}', 'nonsense', '');
$t->allow_log(qr/keys\.jsonl:\d/);
my ($exit, $output) = $t->test_config;
ok $exit, 'a file with mistakes is refused';
like $output, qr/keys\.jsonl:$_/, "the mistake of line $_ is named" for 1 .. 3;

done_testing;
