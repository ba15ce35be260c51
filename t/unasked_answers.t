#!/usr/bin/env perl
# What a provider says on an idle connection, which nobody has asked for, is nobody's answer.
use FindBin;
use lib "$FindBin::Bin/lib";
use Edgerun::Test;
use Edgerun::Dialects qw(chat);
use Edgerun::Jobs;
use Edgerun::Ports;
use Edgerun::Process;
use IO::Socket::INET;
use JSON::PP;
use POSIX ();
use Time::HiRes qw(sleep);

my $t   = Edgerun::Test->new(workers => 1);
my $log = $t->dir . '/provider.log';

# --- a provider that answers each question with itself, and one "late" with another answer, too

sub answer {
    my ($text) = @_;
    my %reply = (id => 'chatcmpl-1', choices => [ { message => { content => $text }, finish_reason => 'stop' } ]);
    my $body = encode_json(\%reply);
    return join "\r\n", 'HTTP/1.1 200 OK', 'Content-Type: application/json', 'Content-Length: ' . length $body, '', $body;
}

sub record {
    open my $file, '>>', $log or die "$log: $!";
    syswrite $file, "$_[0]\n";
    return;
}

sub converse {
    my ($socket) = @_;
    my $request = '';
    while (sysread $socket, $request, 65536, length $request) {
        my ($length, $body) = $request =~ /^Content-Length: (\d+)\r\n(?:.*?\r\n)?\r\n(.*)/ims or next;
        next if length $body < $length;
        my ($question) = decode_json($body)->{messages}[-1]{content} =~ /^(\w+)/;
        record("asked $question");
        syswrite $socket, answer($question);
        $request = '';
        if ($question eq 'late') {
            sleep 0.2;    # by then the answer has been read
            syswrite $socket, answer('unasked');
            record('unasked');
        }
    }
    record('closed');
    return;
}

my $port     = Edgerun::Ports::reserve();
my $listener = IO::Socket::INET->new(LocalAddr => '127.0.0.1', LocalPort => $port, Listen => 16, ReuseAddr => 1)
    or die "port $port: $@";
my $provider = fork // die "fork: $!";
if ($provider == 0) {
    $SIG{$_} = 'DEFAULT' for qw(INT TERM HUP ALRM);
    $SIG{PIPE} = 'IGNORE';
    while (my $socket = $listener->accept) { eval { converse($socket) } }
    POSIX::_exit(0);
}
END {
    my $status = $?;
    kill 'KILL', $provider if $provider;
    waitpid $provider, 0 if $provider;
    $? = $status;
}
close $listener;

# --- two users, one connection

$t->write_conf(jobs_conf(provider => { base_url => "http://127.0.0.1:$port/v1", max_transfers => 1 }));
$t->run;

is run_job($t, 'early', user => 'alice')->{answer}, 'early', 'a job has its answer';
is run_job($t, 'late',  user => 'alice')->{answer}, 'late',  'and so has one to which two answers come';
ok wait_until { Edgerun::Process::slurp($log) =~ /^unasked$/m }, 'the second one when the connection is idle';
is run_job($t, 'mine', user => 'bob')->{answer}, 'mine', 'which is not the answer to another job';
is run_job($t, 'next', user => 'bob')->{answer}, 'next', 'nor do later answers go to the wrong ones';
is Edgerun::Process::slurp($log), join("\n", 'asked early', 'asked late', 'unasked', 'closed', 'asked mine', 'asked next', ''),
    'that connection is given up, and others are kept';

done_testing;
