package Edgerun::Test;

# A test's own NGINX: directory, ports, configuration, life and log. In short:
#
#     use Edgerun::Test;
#     my $t = Edgerun::Test->new;
#     $t->start_emulator;
#     $t->write_conf(<<'EOF');
#         server { listen 127.0.0.1:%%PORT_0%%; ... }
#     EOF
#     $t->run;
#     is $t->get('/')->{status}, 200, 'the server answers';
#     done_testing;
#
# Imports Test::More, wait_until and a done_testing which first stops NGINX and
# adds the tests that every file has: nothing alarming in error.log, nothing
# from the sanitizers.
#
# Environment: TEST_NGINX_BINARY, TEST_NGINX_MODULE (a path, or "static"),
# TEST_NGINX_CRASHING (the module with crash points), TEST_NGINX_EMULATOR, TEST_NGINX_SANITIZED, TEST_DEBUG=1 (debug log),
# EDGERUN_KEEP=1 (keep the directory), EDGERUN_TIMEOUT (seconds for a file), EDGERUN_DIALECT
# (Edgerun::Dialects).

use strict;
use warnings;

use Carp qw(croak);
use Cwd qw(abs_path);
use File::Basename qw(basename dirname);
use File::Path qw(remove_tree);
use File::Temp qw(tempdir);
use IO::File;
use Test::More ();
use Time::HiRes ();

use Edgerun::Dialects ();
use Edgerun::Emulator;
use Edgerun::Http;
use Edgerun::Ports;
use Edgerun::Process;
use Edgerun::Token;
use Edgerun::Wait qw(wait_until wait_for_socket wait_for_exit);

our $TOP       = abs_path(dirname(__FILE__) . '/../../..');
our $BINARY    = $ENV{TEST_NGINX_BINARY}   // '/usr/sbin/nginx';
our $MODULE    = $ENV{TEST_NGINX_MODULE}   // "$TOP/build/ngx_http_edgerun_module.so";
our $CRASHING  = $ENV{TEST_NGINX_CRASHING} // "$TOP/build/crash/ngx_http_edgerun_module.so";
our $SANITIZED = $ENV{TEST_NGINX_SANITIZED} // 0;

our $SECRET  = 'a secret for tests of 32 bytes or more';    # of the default tokens
our $API_KEY = 'sk-emulator';                           # what the emulator accepts

my @live;    # stopped and cleared away at the end, however that comes about

sub import {
    my $caller = caller;
    strict->import;
    warnings->import;
    Test::More->export_to_level(1, undef, grep { $_ ne 'done_testing' } @Test::More::EXPORT);
    no strict 'refs';
    *{"${caller}::done_testing"} = \&done_testing;
    *{"${caller}::wait_until"}   = \&wait_until;
    return;
}

# new(OPTIONS): workers => 2, env => { NAME => VALUE or undef }, crashing => 1 for the
# module with crash points (crash_at())
sub new {
    my ($class, %options) = @_;
    my $self = bless {
        dir     => tempdir('edgerun-test-XXXXXX', TMPDIR => 1),
        workers => $options{workers} // 2,
        env     => {
            PATH                => $ENV{PATH},
            EDGERUN_JWT_SECRET  => $SECRET,
            OPENAI_API_KEY      => $API_KEY,
            %{ $options{env} // {} },
        },
        ports   => [],
        allowed => [],
    }, $class;
    chmod 0755, $self->{dir};
    mkdir "$self->{dir}/$_" for qw(logs modules temp);
    my $module = $options{crashing} ? $CRASHING : $MODULE;
    symlink $module, "$self->{dir}/modules/ngx_http_edgerun_module.so" if !is_static();
    $self->_prepare_crashes if $options{crashing};
    chmod 01777, "$self->{dir}/logs";    # the sanitizers' reports are written by workers
    push @live, $self;
    return $self;
}

# set_environment(NAME => VALUE, ...): of NGINX when it starts next.
sub set_environment {
    my ($self, %environment) = @_;
    $self->{env}{$_} = $environment{$_} for keys %environment;
    return;
}

sub is_static { return $MODULE eq 'static' }
sub dir       { return $_[0]{dir} }

# The N-th port of this test.
sub port {
    my ($self, $n) = @_;
    return $self->{ports}[ $n // 0 ] //= Edgerun::Ports::reserve();
}

# ------------------------------------------------------------ configuration

# write_conf(HTTP, OPTIONS): nginx.conf with HTTP inside http {}. OPTIONS:
#   main    text for the main context
#   events  text for events {}
#   file    another name than nginx.conf
sub write_conf {
    my ($self, $http, %options) = @_;
    my $main = $options{main} // '';
    my $events = $options{events} // '';
    return $self->write_file($options{file} // 'nginx.conf', <<"END");
%%GLOBALS%%
$main
events {
    worker_connections 2048;
    $events
}
http {
    %%HTTP%%
$http
}
END
}

# write_file(NAME, TEXT): a file in the test's directory; its path. In TEXT,
# %%PORT_N%%, %%TESTDIR%%, %%EMULATOR%% (its base URL), %%DIALECT%% (directives for
# edgerun_provider that say the test's one), %%GLOBALS%% and %%HTTP%% (what every nginx.conf
# here begins with) are replaced.
sub write_file {
    my ($self, $name, $text) = @_;
    my $path = "$self->{dir}/$name";
    my $file = IO::File->new($path, 'w') or croak "$path: $!";
    print $file $self->expand($text);
    $file->close or croak "$path: $!";
    return $path;
}

sub expand {
    my ($self, $text) = @_;
    $text =~ s/%%GLOBALS%%/$self->_globals/ge;
    $text =~ s/%%HTTP%%/$self->_http/ge;
    $text =~ s/%%TESTDIR%%/$self->{dir}/g;
    $text =~ s/%%PORT_(\d+)%%/$self->port($1)/ge;
    $text =~ s/%%EMULATOR%%/$self->emulator->base_url/ge;
    $text =~ s/%%DIALECT%%/Edgerun::Dialects::directives()/ge;
    return $text;
}

# write_example(NAME, OPTIONS): an example of conf/examples as an operator would
# start it, in a prefix with logs/ and modules/, and the files that lie beside it;
# but for its ports, its provider, and the folders that only the packaged NGINX
# may write to. Ports that it listens on come first among this test's. OPTIONS:
#   peers  { PORT that it calls on 127.0.0.1 => port }; on others nobody listens
sub write_example {
    my ($self, $name, %options) = @_;
    my $examples = "$TOP/conf/examples";
    my $text = Edgerun::Process::slurp("$examples/$name") || croak "no example $name";
    my %ports = %{ $options{peers} // {} };
    my $next = 0;
    $text =~ s/^\s*load_module\s+modules\/ngx_http_edgerun_module\.so;//mg if is_static();
    for my $port ($text =~ /\blisten\s+127\.0\.0\.1:(\d+)/g, $text =~ /\b127\.0\.0\.1:(\d+)/g) {
        $ports{$port} //= $self->port($next++);
    }
    $text =~ s/(\b127\.0\.0\.1:)(\d+)/$1$ports{$2}/g;
    $text =~ s/^http\s*\{/"http {\n    " . _temp_paths()/me;
    $text =~ s{https://api\.openai\.com/v1}{$self->emulator->base_url}ge if $self->{emulator};
    $self->write_file(basename($_), Edgerun::Process::slurp($_)) for glob "$examples/*.{json,jsonl}";
    return $self->write_file($name, $text);
}

sub _globals {
    my ($self) = @_;
    my $level = $ENV{TEST_DEBUG} ? 'debug' : 'info';
    # LeakSanitizer cannot look into a process that has changed its user.
    my $user = $SANITIZED && $> == 0 ? 'user root;' : '';
    my $load = is_static() ? '' : 'load_module modules/ngx_http_edgerun_module.so;';
    return <<"END";
$load
$user
worker_processes $self->{workers};
worker_rlimit_nofile 4096;
error_log logs/error.log $level;
pid logs/nginx.pid;
END
}

# Whoever polls on one connection until something happens keeps it.
sub _http {
    return join "\n    ", 'access_log logs/access.log;', 'keepalive_requests 1000000;', 'keepalive_timeout 10m;', _temp_paths();
}

sub _temp_paths {
    return join "\n    ", map { "${_}_temp_path temp/$_;" } qw(client_body proxy fastcgi uwsgi scgi);
}

# test_config(FILE): (exit code, output) of nginx -t.
sub test_config {
    my ($self, $file) = @_;
    $self->write_conf('') if !defined $file && !-e "$self->{dir}/nginx.conf";
    my $environment = $self->_environment;
    $environment->{ASAN_OPTIONS} .= ':detect_leaks=0';    # nginx -t leaves all to exit()
    return Edgerun::Process::capture($environment, $self->_command($file), '-t');
}

# --------------------------------------------------------------------- life

# run(OPTIONS): starts NGINX and waits until it listens on all ports of this
# test that its configuration names. OPTIONS: conf => 'nginx.conf'
sub run {
    my ($self, %options) = @_;
    croak 'NGINX runs already' if $self->{pid};
    my $conf = $self->{conf} = $options{conf} // $self->{conf} // 'nginx.conf';

    $self->{pid} = Edgerun::Process::start($self->_environment, "$self->{dir}/logs/nginx.out",
        $self->_command($conf), '-g', 'daemon off;');

    my $started = wait_until {
        waitpid($self->{pid}, 1) != 0 ? 'ended' : -s "$self->{dir}/logs/nginx.pid" && 'running';
    };
    if (($started || '') ne 'running') {
        delete $self->{pid} if $started;
        Test::More::diag($self->_tail);
        croak 'NGINX did not start: ' . Edgerun::Process::slurp("$self->{dir}/logs/nginx.out");
    }
    for my $port ($self->_listening) {
        wait_for_socket($port) or croak "NGINX does not listen on port $port";
    }
    wait_until { $self->worker_pids == $self->{workers} } if $conf eq 'nginx.conf';
    return $self;
}

sub pid { return $_[0]{pid} }

# stop(SIGNAL): QUIT unless told; the exit status of the master.
sub stop {
    my ($self, $signal) = @_;
    my $pid = $self->{pid} or return;
    my @all = ($pid, $self->worker_pids(1));
    my $status;
    for my $try ($signal // 'QUIT', 'TERM', 'KILL') {
        # The master kills workers that have not followed TERM after a second or two.
        $self->allow_log(map { (qr/worker process $_ exited on signal 9/, qr/was locked by $_/) } @all)
            if $try eq 'TERM';
        kill $try, $pid;
        $status = wait_for_exit($pid, 60);
        last if defined $status;
        Test::More::diag("NGINX did not follow $try");
        $self->{stopped_late} = 1;
    }
    wait_until { !grep { _is_alive($_) } @all };
    unlink "$self->{dir}/logs/nginx.pid";
    delete $self->{pid};
    return $status;
}

# All processes at once, without a chance to clear up.
sub kill_all {
    my ($self) = @_;
    my $pid = delete $self->{pid} or return;
    my @all = ($pid, $self->_children($pid));
    kill 'KILL', @all;
    wait_for_exit($pid);
    wait_until { !grep { _is_alive($_) } @all };
    unlink "$self->{dir}/logs/nginx.pid";
    return;
}

# Only the master: its workers serve on, and are nobody's children.
sub kill_master {
    my ($self) = @_;
    my $pid = delete $self->{pid} or return;
    kill 'KILL', $pid;
    wait_for_exit($pid);
    unlink "$self->{dir}/logs/nginx.pid";
    return;
}

# reload(OPTIONS): HUP; waits until the new workers are there and, unless
# old => 'stay', the old ones are gone. False if NGINX refused the configuration.
sub reload {
    my ($self, %options) = @_;
    my %old = map { $_ => 1 } $self->worker_pids;
    my $from = length $self->error_log;
    kill 'HUP', $self->{pid};

    my $outcome = wait_until {
        return 'refused' if substr($self->error_log, $from) =~ /\[emerg\]/;
        my @now = $self->worker_pids;
        return @now >= $self->{workers} && !(grep { $old{$_} } @now) && 'new';
    } $options{timeout} // 60;
    return 0 if ($outcome || '') ne 'new';
    return 1 if ($options{old} // '') eq 'stay';
    return wait_until { !grep { _is_alive($_) } keys %old } $options{timeout} // 60;
}

# Workers that accept; with ALL also those that are shutting down.
sub worker_pids {
    my ($self, $all) = @_;
    return if !$self->{pid};
    return grep {
        my $title = Edgerun::Process::title($_);
        $title =~ /^nginx: worker process/ && ($all || $title !~ /is shutting down/)
    } $self->_children($self->{pid});
}

# kill_worker(PID, SIGNAL): KILL unless told; waits until it is gone and the
# master has started another. Declares the [alert] that the master writes.
sub kill_worker {
    my ($self, $pid, $signal) = @_;
    $self->allow_log(qr/worker process $pid exited on signal/);
    $self->allow_log(qr/shared memory zone "[^"]*" was locked by $pid/);
    kill $signal // 'KILL', $pid;
    wait_until { !_is_alive($pid) && $self->worker_pids == $self->{workers} }
        or croak "worker $pid was not replaced";
    return;
}

# crash_at(POINT): the next worker that passes this EDGERUN_CRASH_POINT kills itself
# there; has_crashed() tells when. With "stop POINT" it stands still until SIGCONT.
# Of NGINX with crashing => 1, and "env EDGERUN_CRASH_FILE;" in its main context.
sub crash_at {
    my ($self, $point) = @_;
    my $new = "$self->{crashes}/new";
    open my $file, '>', $new or croak "$new: $!";
    print $file "$point\n";
    CORE::close $file or croak "$new: $!";
    rename $new, "$self->{crashes}/point" or croak "$!";
    return;
}

sub has_crashed { my ($self) = @_; return !-e "$self->{crashes}/point" }

# Nobody is to crash any more.
sub forget_crash { my ($self) = @_; unlink "$self->{crashes}/point"; return }

# Workers remove the file: they may write to its directory.
sub _prepare_crashes {
    my ($self) = @_;
    $self->{crashes} = "$self->{dir}/crashes";
    mkdir $self->{crashes};
    chmod 0777, $self->{crashes};
    $self->set_environment(EDGERUN_CRASH_FILE => "$self->{crashes}/point");
    return;
}

sub _children { return Edgerun::Process::children($_[1]) }
sub _is_alive { return Edgerun::Process::is_alive($_[0]) }

sub _command {
    my ($self, $conf) = @_;
    return ($BINARY, '-p', $self->{dir}, '-c', $conf // 'nginx.conf', '-e', 'logs/error.log');
}

sub _environment {
    my ($self) = @_;
    my %environment = %{ $self->{env} };
    $environment{ASAN_OPTIONS} = ($ENV{ASAN_OPTIONS} // '') . ":log_path=$self->{dir}/logs/sanitizer";
    $environment{ASAN_OPTIONS} .= ':verify_asan_link_order=0' if $environment{LD_PRELOAD};
    $environment{LSAN_OPTIONS} = $ENV{LSAN_OPTIONS};
    return \%environment;
}

sub _listening {
    my ($self) = @_;
    my $conf = Edgerun::Process::slurp("$self->{dir}/$self->{conf}");
    return grep { $_ && $conf =~ /\blisten\s+\S*\b$_\b/ } @{ $self->{ports} };
}

# ------------------------------------------------------------------- talking

sub get     { my ($self, @rest) = @_; return $self->request('GET',  @rest) }
sub post    { my ($self, @rest) = @_; return $self->request('POST', @rest) }

# request(METHOD, URI, OPTIONS): on its own connection. OPTIONS: Edgerun::Http's,
# and port => N-th port of this test.
sub request {
    my ($self, $method, $uri, %options) = @_;
    return $self->connect($options{port})->request($method, $uri, close => 1, %options);
}

sub connect {
    my ($self, $n) = @_;
    return Edgerun::Http->new($self->port($n));
}

# raw(BYTES): sends them on their own connection; one response or undef.
sub raw {
    my ($self, $bytes, %options) = @_;
    my $connection = $self->connect($options{port});
    $connection->write($bytes);
    return $connection->read_response(%options);
}

# token(CLAIMS, KEY, ALGORITHM): exp is an hour from now unless CLAIMS say.
sub token {
    my ($self, $claims, $key, $algorithm) = @_;
    return Edgerun::Token::make($claims, $key // $SECRET, $algorithm // 'HS256');
}

# wait_for_job(URI, OPTIONS): polls until the status is one of `until` (a
# pattern; the final ones unless told); the last response.
sub wait_for_job {
    my ($self, $uri, %options) = @_;
    my $until = delete $options{until} // qr/^(?:COMPLETED|FAILED|CANCELLED)$/;
    my $timeout = delete $options{timeout};
    my $last;
    wait_until {
        $last = $self->get($uri, %options);
        return $last && (($last->{json}{status} // '') =~ $until || $last->{status} != 200);
    } $timeout;
    return $last;
}

# ------------------------------------------------------------------ emulator

sub start_emulator {
    my ($self, %options) = @_;
    croak 'the emulator runs already' if $self->{emulator};
    return $self->{emulator} = Edgerun::Emulator->start(
        dir  => $self->{dir},
        port => Edgerun::Ports::reserve(),
        key  => $API_KEY,
        %options
    );
}

sub emulator { return $_[0]{emulator} // croak 'start_emulator first' }

# ----------------------------------------------------------------- the ending

sub error_log { return Edgerun::Process::slurp("$_[0]{dir}/logs/error.log") }

# Lines that match may be alarming: the test provokes them.
sub allow_log {
    my ($self, @patterns) = @_;
    push @{ $self->{allowed} }, @patterns;
    return;
}

sub done_testing {
    $_->_finish for @live;
    return Test::More::done_testing();
}

sub _finish {
    my ($self) = @_;
    $self->stop($self->_ending);
    $self->emulator->stop if $self->{emulator};
    $self->{finished} = 1;

    my @alarms = grep { !$self->_is_allowed($_) } $self->error_log =~
        /^(.*(?:\[(?:alert|emerg)\]|exited with code [1-9]|open socket #\d+ left).*)$/mg;
    Test::More::is(join("\n", @alarms), '', 'error.log holds no [alert], no [emerg]');

    my $reports = join '', map { Edgerun::Process::slurp($_) } glob "$self->{dir}/logs/sanitizer.*";
    my @reported = $self->error_log =~ /^(.*(?:Sanitizer|runtime error:).*)$/mg;
    Test::More::is($reports . join("\n", @reported), '', 'no report of a sanitizer');
    Test::More::ok(!$self->{stopped_late}, 'NGINX stopped at once when told') if $self->{stopped_late};

    Test::More::diag($self->_tail) if !Test::More->builder->is_passing;
    return;
}

# A worker that quits holds calls to their end, which may be far. One that is told to end
# while it quits is blamed by NGINX for all that it has open.
sub _ending {
    my ($self) = @_;
    return 'QUIT' if Edgerun::Dialects::dialect('runs_on');
    $self->allow_log(qr/open socket #\d+ left in connection/, qr/: aborting$/)
        if grep { Edgerun::Process::title($_) =~ /is shutting down/ } $self->worker_pids(1);
    return 'TERM';
}

sub _is_allowed {
    my ($self, $line) = @_;
    return grep { $line =~ $_ } @{ $self->{allowed} };
}

sub _tail {
    my ($self) = @_;
    my @lines = grep { !/\[debug\]/ } split /\n/, $self->error_log;
    splice @lines, 0, @lines - 40 if @lines > 40;
    return join "\n", "the end of $self->{dir}/logs/error.log:", @lines;
}

END {
    my $status = $?;
    for my $self (@live) {
        if (!$self->{finished}) {
            eval { Test::More::diag($self->_tail) };
            eval { $self->stop('TERM') };
            eval { $self->{emulator}->stop if $self->{emulator} };
        }
        if   ($ENV{EDGERUN_KEEP}) { Test::More::diag("kept: $self->{dir}") }
        else                      { remove_tree($self->{dir}, { safe => 0 }) }
    }
    $? = $status;
}

$SIG{$_} = sub { exit 1 } for qw(INT TERM HUP);
$SIG{ALRM} = sub { die "this test file took too long\n" };
alarm($ENV{EDGERUN_TIMEOUT} // 300);

1;
