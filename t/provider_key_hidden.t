#!/usr/bin/env perl
# The provider's key goes to the provider and nowhere else, though the provider
# itself may repeat it in what it says.
use FindBin;
use lib "$FindBin::Bin/lib";
use Edgerun::Test;
use Edgerun::Jobs;
use JSON::PP;

# One that looks like a key, and one that looks like nothing.
for my $key ('sk-proj-4f1d2c3b4a', 'qwertzuiopasdfghjkl') {
    my $t = Edgerun::Test->new(env => { OPENAI_API_KEY => $key });
    $t->start_emulator(key => $key);
    $t->write_conf(jobs_conf(provider => { retries => 0 }));
    my ($exit, $output) = $t->test_config;
    unlike $output, qr/$key/, 'nginx -t does not show it';
    $t->run;

    my $shown = '';
    for my $status (400, 401, 429, 500) {
        for my $call (qw(create_thread poll_run)) {
            $t->emulator->clear_faults;
            $t->emulator->fault({
                on     => $call,
                action => 'status',
                status => $status,
                body   => encode_json({
                    error => { message => "Bad key $key: (Bearer $key) \"$key\"", code => "x_$key", type => 't' }
                })
            });
            $shown .= encode_json(run_job($t, 'Hello. [[duration=1]]'));
        }
    }
    my $job = run_job($t, "Hello. [[error=server_error:The key $key is no good.]]");
    $shown .= encode_json($job);
    like $job->{error}{message}, qr/is no good/, 'the provider\'s words are shown';
    unlike $shown, qr/$key/, 'but not the key in them';
    like $t->error_log, qr/Bad key/, 'error.log has its words too';
    unlike $t->error_log, qr/$key/, 'without the key';
    unlike $t->post('/jobs')->{body} . $t->get('/nothing')->{body}, qr/$key/,
        'refusals do not show it';
}

done_testing;
