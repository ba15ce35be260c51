#!/usr/bin/env perl
# conf/examples/agents.conf, end to end: POST /agents/NAME/run.
use FindBin;
use lib "$FindBin::Bin/lib";
use Edgerun::Test;

my $t = Edgerun::Test->new;
$t->start_emulator(duration => 50);
$t->write_example('agents.conf');
$t->run(conf => 'agents.conf');

my $admin = $t->token({ sub => 'alice', role => 'ADMIN' });
sub ask {
    my ($uri, %options) = @_;
    return $t->post($uri, json => { query => 'Make a plan.' }, token => $admin, %options);
}

my $answer = ask('/agents/planner/run');
is $answer->{status}, 202, 'an administrator\'s job is accepted';
like $answer->{headers}{location}, qr{^/agents/[\w-]{28}$}, 'it lives below /agents';
my $job = $t->wait_for_job($answer->{headers}{location}, token => $admin)->{json};
is $job->{status}, 'COMPLETED', 'and completes';
my ($call) = @{ $t->emulator->log(call => 'create_response') };
like $call->{body}, qr/You turn goals into plans/, 'by the assistant that the path names';

ask('/agents/reviewer/run');
ok wait_until { grep { $_->{body} =~ /You look for what is wrong/ } @{ $t->emulator->log(call => 'create_response') } },
    'another path, another assistant';

is ask('/agents/nobody/run')->{status}, 404, 'an assistant that is not there: 404';
is ask('/agents')->{status}, 404, 'so it is without a name';
is ask('/agents/planner/walk')->{status}, 404, 'and for other paths';
is ask('/agents/planner/run', token => $t->token({ sub => 'bob', role => 'USER' }))->{status}, 403,
    'without the role: 403';
is ask('/agents/planner/run', token => undef)->{status}, 401, 'without a token: 401';

is scalar @{ $t->get('/agents', token => $admin)->{json}{jobs} }, 2, 'the list has both jobs';
is $t->request('DELETE', "/agents/$job->{id}", token => $admin)->{status}, 204, 'and each can be erased';

done_testing;
