#!/usr/bin/env perl
# What goes wrong with a call that creates a thread or clears up leaves no run
# and no doubt. The thread is not known before these calls: each provider has
# one case at a time.
use FindBin;
use lib "$FindBin::Bin/lib";
use Edgerun::Test;
use Edgerun::Faults;
use Edgerun::Jobs;

use constant PROVIDERS => 48;

my $t = Edgerun::Test->new;
my @emulators = map { start_emulator($_) } 0 .. PROVIDERS - 1;
$t->write_conf(join "\n", 'edgerun_job_zone zone=jobs:4m;', (map { provider_conf($_) } 0 .. $#emulators), <<'END');
    server {
        listen 127.0.0.1:%%PORT_0%%;
        edgerun_auth_jwt "jobs";
        edgerun_auth_jwt_secret env:EDGERUN_JWT_SECRET;
        include %%TESTDIR%%/locations;
    }
END
$t->write_file(locations => join "\n",
    map { "location /jobs$_ { edgerun_jobs zone=jobs provider=p$_; }" } 0 .. $#emulators);
$t->run;

sub start_emulator {
    my ($i) = @_;
    my $dir = $t->dir . "/emulator$i";
    mkdir $_ for $dir, "$dir/logs";
    return Edgerun::Emulator->start(
        dir      => $dir,
        port     => Edgerun::Ports::reserve(),
        duration => 300
    );
}

END { $_->stop for grep { $_ } @emulators }

sub provider_conf {
    my ($i) = @_;
    return Edgerun::Jobs::provider_block(
        "p$i",
        {
            api             => 'assistants',
            base_url        => $emulators[$i]->base_url,
            api_key         => 'env:OPENAI_API_KEY',
            assistant       => 'asst_demo',
            poll_interval   => '100ms',
            request_timeout => '5s',
            retries         => 1,
            max_response    => '64k',
        }
    );
}

# `thread` and `run`: what becomes of them in the end. A provider that says that
# there is nothing to clear up, or no more, is believed.
my @cases;
for my $row (@FAULTS) {
    for my $times (1, -1) {
        my $often = $times > 0 ? 'once' : 'each time';
        my %fault = (%{ $row->{fault} }, times => $times);
        my $fails    = $times < 0 || $row->{once};
        my $believed = $row->{name} =~ /^(?:html|404)$/;
        my $undone   = $fails && ($row->{lost} // '') ne 'done';
        push @cases, {
            name   => "create_thread: $row->{name} $often",
            fault  => [ { on => 'create_thread', %fault } ],
            error  => $fails ? $row->{error} : '',
            thread => 'deleted',
        };
        push @cases, {
            name   => "delete_thread: $row->{name} $often",
            fault  => [ { on => 'delete_thread', %fault } ],
            error  => '',
            thread => $believed ? '' : $undone ? 'stays' : 'deleted',
        };
        push @cases, {
            name  => "cancel_run: $row->{name} $often",
            query => '[[duration=600000]]',
            fault => [
                { on => 'poll_run', action => 'status', status => 404 },
                { on => 'cancel_run', %fault }
            ],
            error  => qr/^502 ProviderError: could not poll the run: the provider answered 404/,
            run    => $undone || $believed || $row->{name} =~ /^400/ ? '' : 'cancelled',
            thread => 'deleted',
        };
    }
}
push @cases, {
    name  => 'create_thread: carried out late',
    fault => [ { on => 'create_thread', action => 'late', ms => 200 } ],
    error => '',
    thread => 'deleted',
    },
    {
    name  => 'create_thread: answered with another id',
    fault => [ { on => 'create_thread', action => 'wrong_id' } ],
    error => qr/^502 ProviderError: could not add the message: the provider answered 404/,
    };

while (my @wave = splice @cases, 0, PROVIDERS) {
    for my $i (0 .. $#wave) {
        $emulators[$i]->reset;
        $emulators[$i]->fault($wave[$i]{fault});
    }
    my @answers = map { submit($t, 'Well?' . ($wave[$_]{query} // ''), path => "/jobs$_") } 0 .. $#wave;
    my @jobs = finish($t, \@answers);
    check($emulators[$_], $wave[$_], $jobs[$_]) for 0 .. $#wave;
}

sub check {
    my ($emulator, $case, $job) = @_;
    my $name = $case->{name};
    if (!$case->{error}) {
        is "$job->{status} " . error_of($job), 'COMPLETED ', "$name: goes well";
    }
    else {
        is $job->{status}, 'FAILED', "$name: fails";
        like error_of($job), $case->{error}, "$name: says why";
    }
    my ($run, @more) = @{ $emulator->runs };
    is scalar @more, 0, "$name: starts one run at most";
    return if !$run;

    my $thread = $case->{thread};
    ok wait_until { ($emulator->runs)->[0]{status} eq $case->{run} }, "$name: the run is $case->{run}"
        if $case->{run};
    ok wait_until { !($emulator->runs)->[0]{thread_exists} }, "$name: the thread is deleted"
        if $thread eq 'deleted';
    ok wait_until { $t->error_log =~ /job $job->{id}.*could not delete the thread/ },
        "$name: error.log says that the thread stays"
        if $thread eq 'stays';
    return;
}

done_testing;
