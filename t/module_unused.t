#!/usr/bin/env perl
# A module that is loaded but not used costs nothing and disturbs nothing.
use FindBin;
use lib "$FindBin::Bin/lib";
use Edgerun::Test;

# Starts, reloads and stops, whatever is configured.
sub lives {
    my ($what, $t) = @_;
    my ($exit, $output) = $t->test_config;
    is $exit, 0, "$what: nginx -t accepts it" or diag $output;
    unlike $output, qr/\[(?:warn|emerg|alert)\]/, "$what: without a warning";
    $t->run;
    ok $t->reload, "$what: NGINX reloads";
    $t->kill_worker(($t->worker_pids)[0]);
    is $t->stop, 0, "$what: NGINX stops";
    return;
}

my $t = Edgerun::Test->new;
$t->write_file('nginx.conf', "%%GLOBALS%%\nevents { }\n");
lives('no http block', $t);

$t = Edgerun::Test->new;
$t->write_conf('');
lives('an empty http block', $t);

$t = Edgerun::Test->new;
$t->write_conf(<<'END');
    proxy_cache_path %%TESTDIR%%/cache keys_zone=cache:1m;
    server {
        listen 127.0.0.1:%%PORT_0%%;
        location / { return 200 "<$edgerun_user$edgerun_role$edgerun_modules$edgerun_job_id$edgerun_job_status$edgerun_error>"; }
        location /missing { root %%TESTDIR%%; }
    }
END
lives('no directive of edgerun', $t);
$t->run;
is $t->get('/', token => 'nonsense')->{body}, '<>', 'its variables are empty';
my $missing = $t->get('/missing');
is $missing->{status}, 404, 'errors are those of NGINX';
like $missing->{body}, qr/<html>/, 'with its pages';
is $t->get('/missing', token => $t->token({ sub => 'alice' }))->{status}, 404, 'tokens do not matter';

# Helper processes, a gate without jobs, jobs without a location.
$t = Edgerun::Test->new;
$t->write_conf(<<'END');
    proxy_cache_path %%TESTDIR%%/cache keys_zone=cache:1m;
    edgerun_provider main { api assistants; base_url http://127.0.0.1:1; }
    edgerun_job_zone zone=jobs:8m;
    edgerun_auth_jwt_secret env:EDGERUN_JWT_SECRET;
    server {
        listen 127.0.0.1:%%PORT_0%%;
        location / { return 200 here; }
    }
END
lives('a provider and a zone that nothing uses', $t);

done_testing;
