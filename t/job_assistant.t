#!/usr/bin/env perl
# The assistant of a job is the provider's, the location's, or the request's choice.
use FindBin;
use lib "$FindBin::Bin/lib";
use Edgerun::Test;
use Edgerun::Jobs;

my $t = Edgerun::Test->new;
$t->start_emulator(assistant => [qw(asst_demo asst_other)]);
my $auth = 'edgerun_auth_jwt "jobs"; edgerun_auth_jwt_secret env:EDGERUN_JWT_SECRET;';
$t->write_conf(
    jobs_conf(
        http => 'edgerun_provider bare {
            api assistants; base_url %%EMULATOR%%; api_key env:OPENAI_API_KEY; poll_interval 100ms;
        }',
        server => "location /other { $auth edgerun_jobs zone=jobs provider=main assistant=asst_other; }
            location /chosen { $auth edgerun_jobs zone=jobs provider=bare assistant=\$arg_assistant; }
            location /set {
                $auth set \$mine \"asst_\$arg_which\"; edgerun_jobs zone=jobs provider=main assistant=\$mine;
            }"
    )
);
$t->run;

sub assistant_of {
    my ($path) = @_;
    my ($job) = finish($t, [ submit($t, 'Hello.', path => $path) ]);
    my ($created) = grep { index($_->{body}, $job->{id}) >= 0 } @{ $t->emulator->log(call => 'create_run') };
    return $created->{body} =~ /"assistant_id":"([^"]*)"/ ? $1 : undef;
}
is assistant_of('/jobs'), 'asst_demo', 'the assistant is the provider\'s';
is assistant_of('/other'), 'asst_other', 'or the location\'s';
is assistant_of('/chosen?assistant=asst_other'), 'asst_other', 'or the request\'s';
is assistant_of('/set?which=other'), 'asst_other', 'by any variable';
is submit($t, 'Hello.', path => "/chosen$_")->{status}, 404, "there is no assistant of the name \"$_\""
    for '', '?assistant=', '?assistant=a/b', '?assistant=a%0d%0ab', '?assistant=' . 'a' x 200;

done_testing;
