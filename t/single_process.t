#!/usr/bin/env perl
# With "master_process off" there is one process, which does everything. (NGINX
# itself does not survive a reload then.)
use FindBin;
use lib "$FindBin::Bin/lib";
use Edgerun::Test;

my $t = Edgerun::Test->new(workers => 0);
$t->start_emulator(duration => 50);

$t->write_conf(<<'END', main => 'master_process off;');
    edgerun_provider main {
        api assistants; base_url %%EMULATOR%%; api_key env:OPENAI_API_KEY; assistant asst_demo;
        poll_interval 100ms;
    }
    edgerun_job_zone zone=jobs:8m;
    edgerun_auth_jwt "realm";
    edgerun_auth_jwt_secret env:EDGERUN_JWT_SECRET;
    server {
        listen 127.0.0.1:%%PORT_0%%;
        location /jobs { edgerun_jobs zone=jobs provider=main; }
    }
END
$t->run;

my $token = $t->token({ sub => 'alice' });
my $job = $t->post('/jobs', token => $token, json => { query => 'hello' });
is $t->wait_for_job($job->{headers}{location}, token => $token)->{json}{status}, 'COMPLETED',
    'a single process runs jobs';

$job = $t->post('/jobs', token => $token, json => { query => '[[duration=60000]] long' });
ok wait_until { @{ $t->emulator->log(call => 'poll_run') } > 1 }, 'one is running';
is $t->stop, 0, 'the process stops at once when told';

done_testing;
