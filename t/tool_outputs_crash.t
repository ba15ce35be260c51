#!/usr/bin/env perl
# A job that waits for its client's tools waits on, whatever happens to workers, and takes
# their outputs once, whoever sends them how often.
use FindBin;
use lib "$FindBin::Bin/lib";
use Edgerun::Test;
use Edgerun::Dialects;
use Edgerun::Disk;
use Edgerun::Jobs;
use Edgerun::Tools;

my $t = Edgerun::Test->new;
$t->start_emulator(duration => 50);
$t->write_conf(tools_conf([ map { function_tool($t, $_) } qw(pick choose) ],
    zone => 'zone=jobs:8m journal=%%TESTDIR%%/journal sync=always', provider => { run_timeout => '5m' }));
my $disk = Edgerun::Disk->new($t, 'journal');
$t->run;
wait_until { $t->get('/jobs', token => Edgerun::Jobs::token_of($t, 'alice'))->{status} == 200 };    # until the journal has been read

# A worker that stood still for long accepts nothing at first.
sub waits {
    my @question = question('Choose.', [qw(pick choose)], @_);
    return wait_until { eval { run_job($t, @question, until => qr/^REQUIRES_ACTION$/) } };
}

sub outputs_of {
    my ($job, $text) = @_;
    my $calls = calls_of($job);
    return { $calls->{pick} => "pick $text", $calls->{choose} => "choose $text" };
}

# Is it there again, as it was?
sub read_again {
    my ($job) = @_;
    return wait_until { job_of($t, $job) };
}

# Not every worker takes some at once.
sub give {
    my ($job, $text) = @_;
    return wait_until {
        my $answer = eval { give_outputs($t, $job, outputs_of($job, $text)) };
        return $answer && $answer->{status} != 503 && $answer;
    };
}

my %trouble = (
    'workers are killed' => sub { $t->kill_worker($_) for $t->worker_pids },
    'NGINX is reloaded'  => sub { $t->reload },
    'NGINX is restarted' => sub { $t->stop; $t->run },
    'all is killed'      => sub { $t->kill_all; $t->run },
);
for my $what (sort keys %trouble) {
    my $job = waits(rounds => 2);
    $trouble{$what}->();
    my $again = read_again($job);
    is $again->{status}, 'REQUIRES_ACTION', "$what: the job waits on";
    is_deeply $again->{requiredAction}, $job->{requiredAction}, "$what: for the same";
    my $given = give($job, $what);
    is $given->{status}, 200, "$what: outputs are taken" or diag $given->{body};
    # And now, when the outputs were just taken; a run that ends with its connection might be lost.
    $trouble{$what}->() if dialect('runs_on');
    is give($job, 'again')->{status}, 409, "$what: once";
    my $next = wait_until {
        my $now = job_of($t, $job);
        $now && $now->{status} ne 'RUNNING' && $now;
    };
    is $next->{status}, 'REQUIRES_ACTION', "$what: the next round" or diag error_of($next);
    is give($next, $what)->{status}, 200, "$what: is answered as well";
    my ($done) = finish($t, [$job]);
    is $done->{status}, 'COMPLETED', "$what: the job completes" or diag error_of($done);
    my $told = outputs_told($t);
    is $told->{ calls_of($_)->{pick} }, "pick $what", "$what: with these outputs" for $job, $next;
}
my @runs = @{ $t->emulator->runs };
is scalar @runs, 4 * (dialect() eq 'assistants' ? 1 : 3), 'nothing was started twice';

# --- two clients at once, while the journal takes its time: one wins
$disk->set(delayMs => 300);
for my $try (1 .. 8) {
    my $job = waits();
    my @clients = map { $t->connect } 1 .. 6;
    my @answers = all_at_once($job, \@clients);
    my @won = grep { $answers[$_]{status} == 200 } 0 .. $#answers;
    is scalar @won, 1, "try $try: of many outputs one is taken"
        or diag join ' ', map { $_->{status} } @answers;
    is scalar(grep { $_->{status} !~ /^(?:200|409)$/ } @answers), 0, "try $try: the others are told so"
        or diag join ' ', map { $_->{status} } @answers;
    my ($done) = finish($t, [$job]);
    is $done->{status}, 'COMPLETED', "try $try: the job completes" or diag error_of($done);
    is outputs_told($t)->{ calls_of($job)->{pick} }, "pick $won[0]", "try $try: with the outputs that were taken";
}

sub all_at_once {
    my ($job, $clients) = @_;
    for my $i (0 .. $#$clients) {
        my $outputs = outputs_of($job, $i);
        $clients->[$i]->write(Edgerun::Http::format_request(
            'POST', "/jobs/$job->{id}/tool_outputs",
            token => Edgerun::Jobs::token_of($t, 'alice'),
            json  => { toolOutputs => [ map { { toolCallId => $_, output => $outputs->{$_} } } sort keys %$outputs ] },
        ));
    }
    return map { $_->read_response(method => 'POST') } @$clients;
}

done_testing;
