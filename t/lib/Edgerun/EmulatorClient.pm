package Edgerun::EmulatorClient;

# A client of the provider emulator, for the tests of the emulator itself: it sends
# what OpenAI's own clients send, and anything else on purpose.

use strict;
use warnings;

use Exporter qw(import);
use File::Temp qw(tempdir);
use HTTP::Tiny;
use IO::Select;
use IO::Socket::INET;
use JSON::PP;
use Test::More;
use Time::HiRes qw(sleep time);

use Edgerun::Emulator;

our @EXPORT = qw(%client start_emulator start_default stop_emulator
    request get post control faults raw_request connect_raw request_head
    refused new_thread add_message new_run wait_for final_run answers wait_until);

plan skip_all => "no emulator at $Edgerun::Emulator::BINARY: build it first"
    if !-x $Edgerun::Emulator::BINARY;

$SIG{ALRM} = sub { die "an answer did not come\n" };
alarm 300;

our $TIMEOUT = 30;    # seconds, for everything that is waited for

# What a request is sent with: server, http, headers; `local` changes one for a while.
our %client = (
    http    => HTTP::Tiny->new(timeout => $TIMEOUT, keep_alive => 0),
    headers => {
        'authorization' => 'Bearer sk-emulator',
        'openai-beta'   => 'assistants=v2',
        'content-type'  => 'application/json',
    },
);

my @started;
my @outputs;    # closing a pipe waits for its process: they stay open until the end

END {
    my $status = $?;
    kill TERM => $_ for @started;
    waitpid $_, 0 for @started;
    $? = $status;
}

# start_emulator(OPTIONS): { port, pid, output, prefix }.
sub start_emulator {
    my @options = @_;
    my $binary = $Edgerun::Emulator::BINARY;
    my $pid = open my $output, '-|', $binary, '--port', 0, @options;
    defined $pid or die "cannot start $binary: $!";
    push @started, $pid;
    my ($port) = <$output> =~ /\Aemulator listening on 127\.0\.0\.1:(\d+)\n\z/ or die 'no port';
    push @outputs, $output;
    my %values = map { $options[$_] => $options[ $_ + 1 ] } 0 .. $#options - 1;
    return { port => $port, pid => $pid, output => $output, prefix => $values{'--prefix'} // '/v1' };
}

# The emulator of a whole file: runs of 150 ms.
sub start_default {
    return $client{server} =
        start_emulator('--duration', 150, '--queued', 50, '--cancel', 100, @_);
}

# Ends one as an operator would; its exit status.
sub stop_emulator {
    my ($server) = @_;
    kill TERM => $server->{pid};
    close $server->{output};
    @started = grep { $_ != $server->{pid} } @started;
    return $?;
}

# One request; undef in $headers takes a header away. Paths are those of the API but
# for /_emulator and /tools. The answer has status, headers, and json.
sub request {
    my ($method, $path, $body, $headers) = @_;
    my %all = (%{ $client{headers} }, %{ $headers // {} });
    delete $all{$_} for grep { !defined $all{$_} } keys %all;
    my %options = (headers => \%all);
    delete $all{'content-type'} if !defined $body;
    $options{content} = ref $body ? encode_json($body) : $body if defined $body;
    my $server = $client{server};
    my $url = $path =~ m{\A/(?:_|tools/)} ? $path : "$server->{prefix}$path";
    my $answer = $client{http}->request($method, "http://127.0.0.1:$server->{port}$url", \%options);
    $answer->{json} = eval { decode_json($answer->{content}) };
    return $answer;
}

sub get     { return request('GET',  @_) }
sub post    { return request('POST', @_) }
sub control { return request($_[0], "/_emulator/$_[1]", $_[2])->{json} }
sub faults  { return control('POST', 'faults', [@_]) }

sub connect_raw {
    return IO::Socket::INET->new(PeerAddr => "127.0.0.1:$client{server}{port}", Timeout => $TIMEOUT)
        || die "cannot connect: $@";
}

# The headers of every request, for those that are written by hand.
sub request_head {
    my $headers = $client{headers};
    return join '', "Host: x\r\n", map { "$_: $headers->{$_}\r\n" } sort keys %$headers;
}

# raw_request(LINE, BODY, HEADERS): all that is answered until the end.
sub raw_request {
    my ($line, $rest, $more) = @_;
    my $socket = connect_raw();
    print $socket "$line\r\n" . request_head() . ($more // '') . "\r\n$rest";
    my $reader = IO::Select->new($socket);
    my $answer = '';
    while ($reader->can_read($TIMEOUT)) {
        sysread $socket, $answer, 65536, length $answer or last;
    }
    return $answer;
}

# An answer is OpenAI's envelope with this status, code and message; the error.
sub refused {
    my ($answer, $status, $code, $message, $what) = @_;
    my $error = $answer->{json}{error} // {};
    my $is_envelope = join(',', sort keys %$error) eq 'code,message,param,type';
    my $fits = $answer->{status} == $status && $is_envelope
        && ($error->{code} // '') eq ($code // '') && $error->{message} =~ $message;
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    ok($fits, "it refuses $what")
        or diag "$answer->{status} " . ($answer->{content} // '');
    return $error;
}

# wait_until { CONDITION }: its value; false when the time is over.
sub wait_until(&) {
    my ($condition) = @_;
    my $until = time + $TIMEOUT;
    while (time < $until) {
        my $value = $condition->();
        return $value if $value;
        sleep 0.02;
    }
    return;
}

sub new_thread { return post('/threads', {})->{json}{id} }

sub add_message {
    my ($thread, $text) = @_;
    return post("/threads/$thread/messages", { role => 'user', content => $text });
}

# new_run(TEXT, MEMBERS): paths of its thread and of itself, and the run.
sub new_run {
    my ($text, %more) = @_;
    my $thread = new_thread();
    add_message($thread, $text);
    my $run = post("/threads/$thread/runs", { assistant_id => 'asst_demo', %more })->{json};
    return ("/threads/$thread", "/threads/$thread/runs/$run->{id}", $run);
}

# The run when it has a status, or what it is when the time is over.
sub wait_for {
    my ($path, $status) = @_;
    my $run;
    wait_until { $run = get($path)->{json}; $run->{status} eq $status };
    return $run;
}

sub final_run {
    my ($text, $status, %more) = @_;
    my ($thread, $path) = new_run($text, %more);
    return (wait_for($path, $status), $thread, $path);
}

# The messages that a run wrote, oldest first.
sub answers {
    my ($thread, $run) = @_;
    return get("$thread/messages?run_id=$run->{id}&order=asc")->{json}{data};
}

1;
