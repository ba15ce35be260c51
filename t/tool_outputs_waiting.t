#!/usr/bin/env perl
# A client that waits for its job is answered when it is the client's turn: the job
# asks for outputs of its tools.
use FindBin;
use lib "$FindBin::Bin/lib";
use Edgerun::Test;
use Edgerun::Dialects;
use Edgerun::Jobs;

my $t = Edgerun::Test->new;
$t->start_emulator(duration => 50);
$t->write_conf(jobs_conf(
    provider => { run_timeout => '10m' },
    location => 'edgerun_max_wait 10m;',
    server   => <<'END',
        location /ask {
            edgerun_auth_jwt "jobs";
            edgerun_auth_jwt_secret env:EDGERUN_JWT_SECRET;
            edgerun_jobs zone=jobs provider=main mode=sync;
        }
END
));
$t->run;

my $token = $t->token({ sub => 'alice' });
my %question = (json => { query => 'Look. [[tools=lookup]]' }, token => $token);

sub answer_calls {
    my ($answer, %options) = @_;
    my @outputs = map { { toolCallId => $_->{id}, output => '42' } } @{ $answer->{json}{requiredAction}{toolCalls} };
    return $t->post("$answer->{headers}{location}/tool_outputs", json => { toolOutputs => \@outputs },
        token => $token, %options);
}

for my $case ([ '/jobs', 'Prefer: wait', headers => [ Prefer => 'wait=600' ] ], [ '/ask', 'mode=sync' ]) {
    my ($path, $what, @options) = @$case;
    my $answer = $t->post($path, %question, @options);
    is $answer->{status}, 202, "$what: 202, long before its time";
    is $answer->{json}{status}, 'REQUIRES_ACTION', 'with the job that asks for outputs';
    like $answer->{headers}{location}, qr{^$path/[\w-]{28}$}, 'and where to send them';
    is answer_calls($answer)->{status}, 200, 'they are taken';
    my $job = $t->wait_for_job($answer->{headers}{location}, token => $token)->{json};
    is $job->{status}, 'COMPLETED', 'and the job goes on';
}

done_testing;
