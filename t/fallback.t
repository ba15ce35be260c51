#!/usr/bin/env perl
# fallback=: a job that its provider surely did not start is taken by another one.
use FindBin;
use lib "$FindBin::Bin/lib";
use Edgerun::Test;
use Edgerun::Jobs;

my $t = Edgerun::Test->new;
$t->start_emulator(duration => 50);
$t->write_conf(jobs_conf(
    provider => { base_url => 'http://127.0.0.1:%%PORT_1%%', retries => 0 },
    jobs     => 'fallback=spare',
    http     => <<'END',
        edgerun_provider spare { api chat; base_url %%EMULATOR%%; api_key env:OPENAI_API_KEY; model gpt-4o; keep_threads on; }
        edgerun_assistant plain { model gpt-4o; }
        edgerun_assistant coder { model gpt-4o; tool code_interpreter; }
END
    server => <<'END',
        location /chosen {
            edgerun_auth_jwt "jobs";
            edgerun_auth_jwt_secret env:EDGERUN_JWT_SECRET;
            edgerun_jobs zone=jobs provider=main fallback=spare assistant=$arg_assistant;
        }
END
));
$t->run;

my $job = run_job($t, 'Hello.');
is $job->{status}, 'COMPLETED', 'a provider that cannot be reached starts nothing: another one takes the job'
    or diag error_of($job);
my @calls = @{ $t->emulator->log };
is "@{[ map { $_->{call} } @calls ]}", 'create_completion', 'in its own dialect, once';

my $next = run_job($t, 'And again.', threadId => $job->{threadId});
is $next->{status}, 'COMPLETED', 'the next job of its thread begins where the thread is'
    or diag error_of($next);
is $next->{threadId}, $job->{threadId}, 'and goes on in it';

$job = run_job($t, 'Hello.', path => '/chosen?assistant=plain');
is $job->{status}, 'COMPLETED', 'so it is with an assistant that both can be';
$job = run_job($t, 'Hello.', path => '/chosen?assistant=coder');
like error_of($job), qr/^502 ProviderUnavailable: .*cannot be reached/,
    'where the other one does not offer the assistant\'s tools, the job fails';
is scalar @{ $t->emulator->log }, 3, 'and is not tried there';

done_testing;
