package Edgerun::Emulator;

# The provider emulator (t/emulator) as one test's own process. Its README says
# what it can do; here is how a test reaches it.

use strict;
use warnings;

use Carp qw(croak);
use Cwd qw(abs_path);
use File::Basename qw(dirname);

use Edgerun::Http;
use Edgerun::Process;
use Edgerun::Wait qw(wait_until wait_for_exit);

my $TOP = abs_path(dirname(__FILE__) . '/../../..');

our $BINARY = $ENV{TEST_NGINX_EMULATOR} // "$TOP/build/bin/emulator";

# Short runs of exact length unless the test wants others.
my %DEFAULTS = (duration => 100, jitter => 0);

# Options without a value.
my %IS_FLAG = map { $_ => 1 } qw(chunked no_background no_responses_get);

# start(dir, port, OPTIONS): OPTIONS are the emulator's own (key, assistant,
# duration, jitter, delay, queued, cancel, poll_after in ms, chunked => 1, prefix,
# key_header, require_query, lacks, no_background => 1, no_responses_get => 1,
# tls_cert, tls_key); one that may be repeated takes an array.
sub start {
    my ($class, %options) = @_;
    my $self = bless { map { $_ => delete $options{$_} } qw(dir port) }, $class;
    my @arguments = (port => $self->{port});
    my %all = (%DEFAULTS, %options);
    for my $name (sort keys %all) {
        push @arguments, $name => $_ for ref $all{$name} ? @{ $all{$name} } : $all{$name};
    }
    $self->{scheme}    = $all{tls_cert} ? 'https' : 'http';
    $self->{prefix}    = $all{prefix} // '/v1';
    $self->{arguments} = \@arguments;
    return $self->restart;
}

# After stop(): again on the same port, with nothing remembered.
sub restart {
    my ($self) = @_;
    my @command = ($BINARY);
    my @arguments = @{ $self->{arguments} };
    while (my ($name, $value) = splice @arguments, 0, 2) {
        push @command, '--' . $name =~ tr/_/-/r, $IS_FLAG{$name} ? () : $value;
    }
    my $output = "$self->{dir}/logs/emulator.out";
    unlink $output;
    $self->{pid} = Edgerun::Process::start({ PATH => $ENV{PATH} }, $output, @command);
    wait_until { waitpid($self->{pid}, 1) != 0 || Edgerun::Process::slurp($output) =~ /listening/ };
    Edgerun::Process::slurp($output) =~ /listening/
        or croak "the emulator did not start: " . Edgerun::Process::slurp($output);
    return $self;
}

sub stop {
    my ($self, $signal) = @_;
    my $pid = delete $self->{pid} or return;
    kill $signal // 'TERM', $pid;
    return if defined wait_for_exit($pid, 10);
    kill 'KILL', $pid;
    wait_for_exit($pid);
    return;
}

sub base_url { return "$_[0]{scheme}://127.0.0.1:$_[0]{port}$_[0]{prefix}" }

# Of the operator's own function NAME.
sub tool_url { return "$_[0]{scheme}://127.0.0.1:$_[0]{port}/tools/$_[1]" }

sub port     { return $_[0]{port} }
sub pid      { return $_[0]{pid} }

# The requests that arrived, oldest first: [{ seq, call, method, path, headers,
# body, status, fault, ... }]. OPTIONS: since => SEQ, call => 'create_run'.
sub log {
    my ($self, %options) = @_;
    return $self->_control('GET', 'log?' . join '&', map { "$_=$options{$_}" } sort keys %options);
}

# All runs: [{ id, thread, thread_exists, job, status, metadata, ... }].
sub runs { return $_[0]->_control('GET', 'runs') }

sub stats { return $_[0]->_control('GET', 'stats') }

# fault({ on => CALL, action => ..., times => N, ... }): joins the plan.
sub fault { return $_[0]->_control('POST', 'faults', $_[1]) }

# The faults that have not happened yet.
sub faults { return $_[0]->_control('GET', 'faults') }

sub clear_faults { return $_[0]->_control('DELETE', 'faults') }

# settings({ duration => MS, lacks => [CALL, ...], ... }): changes some; all as they
# are now.
sub settings {
    my ($self, $changes) = @_;
    return $self->_control($changes ? 'POST' : 'GET', 'settings', $changes);
}

# What goes on ends now, as if its duration were over: a test that needs a run to go on, and
# then to end, gives it a long one. All runs, as runs().
sub finish { return $_[0]->_control('POST', 'finish', {}) }

# As it was when it started.
sub reset { return $_[0]->_control('POST', 'reset', {}) }

sub _control {
    my ($self, $method, $name, $data) = @_;
    croak 'no control over TLS' if $self->{scheme} eq 'https';
    my $answer = Edgerun::Http->new($self->{port})->request(
        $method, "/_emulator/$name",
        close => 1,
        defined $data ? (json => $data) : ()
    );
    croak "emulator: no answer to $name" if !$answer;
    croak "emulator: $name: $answer->{status} $answer->{body}" if $answer->{status} != 200;
    return $answer->{json};
}

1;
