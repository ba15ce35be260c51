#!/usr/bin/env perl
# assistant=$variable: each request chooses. What is no edgerun_assistant, and no
# id either, is answered with 404; what the operator has yet to set, with 503.
use FindBin;
use lib "$FindBin::Bin/lib";
use Edgerun::Test;
use Edgerun::Jobs;

my $t = Edgerun::Test->new;
$t->start_emulator(duration => 50, assistant => [qw(asst_demo asst_other)]);
$t->write_conf(<<'END');
    edgerun_job_zone zone=jobs:4m;
    edgerun_auth_jwt "site";
    edgerun_auth_jwt_secret env:EDGERUN_JWT_SECRET;

    edgerun_assistant known { id asst_other; }
    edgerun_assistant modelless { instructions "You help."; }
    edgerun_assistant coder { model gpt-4o; tool code_interpreter; }
    edgerun_assistant plain { model gpt-4o; }

    edgerun_provider main {
        api assistants; base_url %%EMULATOR%%; api_key env:OPENAI_API_KEY; assistant asst_demo; poll_interval 100ms;
    }
    edgerun_provider talk {
        api chat; base_url %%EMULATOR%%; api_key env:OPENAI_API_KEY;
    }

    server {
        listen 127.0.0.1:%%PORT_0%%;
        location /jobs { edgerun_jobs zone=jobs provider=main assistant=$arg_assistant; }
        location /chat { edgerun_jobs zone=jobs provider=talk assistant=$arg_assistant; }
    }
END
$t->run;

my $token = $t->token({ sub => 'alice' });
sub ask {
    my ($uri) = @_;
    return $t->post($uri, json => { query => 'Hello.' }, token => $token);
}

# The assistant of the newest run.
sub assistant_of_run {
    my ($answer) = @_;
    finish($t, [$answer]);
    my ($run) = reverse @{ $t->emulator->log(call => 'create_run') };
    return ($run->{body} =~ /"assistant_id":"([^"]*)"/)[0];
}

is assistant_of_run(ask('/jobs?assistant=known')), 'asst_other', 'a name stands for its id';
is assistant_of_run(ask('/jobs?assistant=asst_demo')), 'asst_demo', 'an id of the provider\'s is taken as it is';

for my $uri ('/jobs', map { "/jobs?assistant=$_" } qw(nobody asst_ ..%2fasst_demo Known asst_demo%20)) {
    my $answer = ask($uri);
    is $answer->{status}, 404, "$uri: 404";
    is $answer->{json}{message}, 'there is no such assistant', 'as the message says';
}
is ask('/chat?assistant=asst_demo')->{status}, 404, 'where the provider has no assistants, ids are nothing';

my %missing = (
    '/jobs?assistant=modelless' => 'set model in edgerun_provider "main" or in edgerun_assistant "modelless"',
    '/chat?assistant=modelless' => 'set model in edgerun_provider "talk" or in edgerun_assistant "modelless"',
    '/chat?assistant=coder' =>
        'edgerun_assistant "coder" has code_interpreter, which "api chat" of edgerun_provider "talk" does not offer',
);
for my $uri (sort keys %missing) {
    my $answer = ask($uri);
    is $answer->{status}, 503, "$uri: 503";
    is $answer->{json}{message}, $missing{$uri}, 'with what is to be done';
}

my $answer = ask('/chat?assistant=plain');
is $answer->{status}, 202, 'an assistant that is whole is taken';
my $job = $t->wait_for_job($answer->{headers}{location}, token => $token)->{json};
is $job->{status}, 'COMPLETED', 'and answers';

# ------------------------------------------------------------ the same again

sub ask_with_key {
    my ($uri, $key) = @_;
    return $t->post($uri, json => { query => 'Hello.' }, token => $token, headers => [ 'Idempotency-Key' => $key ]);
}
my $first = ask_with_key('/jobs?assistant=known', '"once"');
is $first->{status}, 202, 'a request has a key';
my $again = ask_with_key('/jobs?assistant=known', '"once"');
is $again->{json}{id}, $first->{json}{id}, 'the same for the same assistant is the same job';
my $other = ask_with_key('/jobs?assistant=asst_demo', '"once"');
is $other->{status}, 422, 'for another assistant it is refused';
is $other->{json}{message}, 'the idempotency key was used before, with another request', 'as another request';
is ask_with_key('/jobs?assistant=nobody', '"once"')->{status}, 422, 'whichever it is';
is ask_with_key('/jobs', '"once"')->{status}, 422, 'none, too';
isnt ask_with_key('/jobs?assistant=asst_demo', '"twice"')->{json}{id}, $first->{json}{id}, 'another key is another job';
finish($t, [$first]);

done_testing;
