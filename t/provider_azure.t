#!/usr/bin/env perl
# Servers that want things their own way: a base_url with a path, the key in a header
# of its own, an argument with every call, as at Azure; or no key at all.
use FindBin;
use lib "$FindBin::Bin/lib";
use Edgerun::Test;
use Edgerun::Jobs;

my $prefix = '/api/projects/demo';
for my $api (qw(assistants responses chat)) {
    my $t = Edgerun::Test->new;
    $t->start_emulator(
        duration      => 50,
        prefix        => $prefix,
        key_header    => 'api-key',
        require_query => 'api-version=v1',
    );
    $t->write_conf(jobs_conf(provider => {
        api            => $api,
        api_key_header => '"api-key:"',
        query          => 'api-version=v1',
        assistant      => $api eq 'assistants' ? 'asst_demo' : undef,
        model          => 'gpt-4o',
    }));
    $t->run;

    my $job = run_job($t, 'Hello.');
    is $job->{status}, 'COMPLETED', "$api: a job completes" or diag error_of($job);
    my @calls = @{ $t->emulator->log };
    is scalar(grep { ($_->{status} // 0) >= 400 } @calls), 0, 'nothing is refused';
    is scalar(grep { index($_->{path}, "$prefix/") != 0 } @calls), 0, 'every call is below base_url';
    is scalar(grep { $_->{query} !~ /(?:^|&)api-version=v1$/ } @calls), 0, 'with the argument';
    is scalar(grep { $_->{headers}{'api-key'} ne 'sk-emulator' || $_->{headers}{authorization} } @calls), 0,
        'and the key in its header alone';
}

my $t = Edgerun::Test->new;
$t->start_emulator;
$t->write_conf(jobs_conf(provider => { api => 'chat', api_key => 'off', assistant => undef, model => 'local' }));
$t->run;
my $job = run_job($t, 'Hello.');
my ($call) = @{ $t->emulator->log };
is $call->{call}, 'create_completion', 'without a key jobs are taken, and calls made';
is_deeply [ grep { /auth|key/ } keys %{ $call->{headers} } ], [], 'that have none';
like error_of($job), qr/^502 ProviderError: .*credentials/, 'a server that wants one says so';

done_testing;
