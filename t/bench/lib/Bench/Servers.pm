# The servers of one benchmark run: NGINX with edgerun and the emulator behind it,
# and stock NGINX, each pinned to its core, in one temporary directory.
package Bench::Servers;
use strict;
use warnings;

use Digest::SHA qw(hmac_sha256);
use Exporter qw(import);
use File::Temp qw(tempdir);
use IO::Socket::INET;
use JSON::PP;
use MIME::Base64 qw(encode_base64url);
use POSIX qw(WNOHANG);
use Time::HiRes qw(sleep time);

use Edgerun::Process;

our @EXPORT_OK = qw(cores on_core read_file write_file);

my $user_secret = 'bench-secret-bench-secret-bench-secret';

# %program: paths of module, emulator, nginx and disk.so.
sub new {
    my ($class, %program) = @_;
    my $dir = tempdir('edgerun-bench-XXXXXX', TMPDIR => 1, CLEANUP => 1);
    chmod 0755, $dir;    # workers that are not root pass through it
    my $self = bless { dir => $dir, program => \%program, started => {}, problems => [] }, $class;
    write_file($self->token_file, token(sub => 'bench-user', role => 'clinician',
            assignedModules => ['simulation'], exp => int(time) + 86400));
    return $self;
}

sub dir        { $_[0]{dir} }
sub token_file { "$_[0]{dir}/token" }
sub ids_file   { "$_[0]{dir}/ids" }

# What the servers that were stopped had to complain of.
sub problems { @{ $_[0]{problems} } }

# NGINX with the module and an emulator of its own: { url, worker, workers, master, emulator, name }.
# %setup: workers (1), zone (more parameters of edgerun_job_zone), environment of NGINX (a hash),
# log (the emulator keeps one), api (assistants), tools (the function "lookup" is the emulator's),
# http, server (more text there).
sub start_edgerun {
    my ($self, $name, %setup) = @_;
    my ($emulator_port, $port) = (free_port(), free_port());
    $self->start('emulator', 1, $emulator_port, $self->{program}{emulator},
        '--port', $emulator_port, $setup{log} ? () : '--no-log');
    my $api       = $setup{api} // 'assistants';
    my $transfers = $api eq 'chat' ? 'max_transfers 2048;' : '';
    my $assistant = $setup{tools} ? 'helper' : 'asst_demo';
    my $described = $setup{tools} ? $self->assistant_with_tools($emulator_port) : '';
    my $zone = join ' ', 'zone=jobs:256m', $setup{zone} // ();
    my ($http, $server) = map { $setup{$_} // '' } qw(http server);
    my $edgerun = $self->start_nginx($name, $port, "load_module $self->{program}{module};", <<"END", %setup);
    edgerun_job_zone $zone;
    edgerun_provider emu {
        api        $api;
        base_url   http://127.0.0.1:$emulator_port/v1;
        api_key    sk-emulator;
        model      gpt-4o;
        assistant  $assistant;
        $transfers
    }
$described$http    server {
        listen 127.0.0.1:$port backlog=4096;
        edgerun_auth_jwt_secret $user_secret;
$server        location /simulations {
            edgerun_auth_jwt        "bench";
            edgerun_require_role    clinician;
            edgerun_require_module  simulation;
            edgerun_jobs            zone=jobs provider=emu;
        }
    }
END
    $edgerun->{emulator} = "http://127.0.0.1:$emulator_port/";
    return $edgerun;
}

sub assistant_with_tools {
    my ($self, $port) = @_;
    my $file = "$self->{dir}/lookup.json";
    write_file($file, encode_json({ name => 'lookup', parameters => { type => 'object' } }));
    return <<"END";
    edgerun_assistant helper {
        instructions "Look it up.";
        tool function $file uri=http://127.0.0.1:$port/tools/lookup;
    }
END
}

# NGINX without the module, answering the same requests with $bytes of body.
sub start_stock {
    my ($self, $bytes) = @_;
    my $port = free_port();
    my $body = 'x' x $bytes;
    return $self->start_nginx('stock', $port, '', <<"END");
    server {
        listen 127.0.0.1:$port backlog=4096;
        location /simulations {
            default_type application/json;
            return 200 "$body";
        }
    }
END
}

# NGINX with the module and these locations over the files of $dir/www, and more text in http {}:
# { root, worker, master, ... }, as start_again() takes it. Tokens are those of token_file().
sub start_static {
    my ($self, $name, $locations, $http) = @_;
    $http //= '';
    my $port  = free_port();
    my $setup = $self->start_nginx($name, $port, "load_module $self->{program}{module};", <<"END");
$http    server {
        listen 127.0.0.1:$port backlog=4096;
        root $self->{dir}/www;
$locations    }
END
    return { %$setup, root => "http://127.0.0.1:$port" };
}

sub stop_all {
    my ($self) = @_;
    my @pids = keys %{ $self->{started} };
    kill TERM => @pids;
    $self->reap($_) for @pids;
}

sub stop {
    my ($self, $pid) = @_;
    kill TERM => $pid;
    $self->reap($pid);
}

sub reap {
    my ($self, $pid) = @_;
    my $deadline = time + 10;
    while (waitpid($pid, WNOHANG) == 0) {
        kill KILL => $pid if time > $deadline;
        sleep 0.02;
    }
    $self->check_log(delete $self->{started}{$pid});
}

# Lines in error.log that a benchmark means to cause.
sub tolerate {
    my ($self, $pattern) = @_;
    $self->{tolerated} = $pattern;
}

sub DESTROY {
    my ($self) = @_;
    local ($?, $@);
    $self->stop_all;
}

sub start_nginx {
    my ($self, $name, $port, $main, $http, %setup) = @_;
    my $dir     = $self->{dir};
    my $workers = $setup{workers} // 1;
    write_file("$dir/$name.conf", <<"END");
$main
daemon off;
worker_processes $workers;
worker_rlimit_nofile 16384;
pid $dir/$name.pid;
error_log $dir/$name.log;
events { worker_connections 4096; }
http {
    access_log off;
    keepalive_requests 100000000;
    keepalive_timeout 600s;
    client_body_temp_path $dir/body;
    proxy_temp_path $dir/proxy;
    fastcgi_temp_path $dir/fastcgi;
    uwsgi_temp_path $dir/uwsgi;
    scgi_temp_path $dir/scgi;
$http}
END
    return $self->start_again({ name => $name, port => $port, count => $workers,
            environment => $setup{environment} // {}, url => "http://127.0.0.1:$port/simulations" });
}

# Directives by which a location lets the owner of token_file() in.
sub gate { return qq(edgerun_auth_jwt "bench"; edgerun_auth_jwt_secret $user_secret;) }

# What that owner is answered, as data; undef without a 200.
sub get_json {
    my ($self, $nginx, $path) = @_;
    my $socket = IO::Socket::INET->new(PeerAddr => '127.0.0.1', PeerPort => $nginx->{port}) or return;
    my $token = read_file($self->token_file);
    print $socket "GET $path HTTP/1.0\r\nHost: bench\r\nAuthorization: Bearer $token\r\n\r\n";
    my $answer = do { local $/; readline $socket } // '';
    return $answer =~ m{^HTTP/1\.1 200 .*?\r\n\r\n(.*)}s ? decode_json($1) : undef;
}

# How long nginx -t takes for its configuration: { test_s, test_cpu_s }.
sub test_again {
    my ($self, $nginx) = @_;
    my @command = (on_core(0), $self->{program}{nginx}, '-t', '-p', $self->{dir},
        '-c', "$self->{dir}/$nginx->{name}.conf", '-e', "$self->{dir}/$nginx->{name}.log");
    my ($start, $cpu) = (time, cpu_of_children());
    my ($exit, $output) = Edgerun::Process::capture({ %ENV, %{ $nginx->{environment} } }, @command);
    push @{ $self->{problems} }, "$nginx->{name}: nginx -t: $output" if $exit;
    return { test_s => time - $start, test_cpu_s => cpu_of_children() - $cpu };
}

sub cpu_of_children { my @times = times; return $times[2] + $times[3] }

# The environment of an NGINX on whose disk a flush in this directory takes longer.
sub slow_disk {
    my ($self, $directory, $milliseconds) = @_;
    return {
        LD_PRELOAD            => $self->{program}{disk},
        EDGERUN_DISK_DIR      => $directory,
        EDGERUN_DISK_DELAY_MS => $milliseconds,
    };
}

# What start_edgerun() or start_again() gave, after stop(): the same NGINX in other processes.
sub start_again {
    my ($self, $nginx) = @_;
    my ($dir, $name) = ($self->{dir}, $nginx->{name});
    local %ENV = (%ENV, %{ $nginx->{environment} });
    my $master = $self->start($name, 0, $nginx->{port}, $self->{program}{nginx}, '-p', $dir,
        '-c', "$dir/$name.conf", '-e', "$dir/$name.log");
    my @workers = wait_for_workers($name, $master, $nginx->{count});
    return { %$nginx, master => $master, workers => \@workers, worker => $workers[0] };
}

# The master listens before it has workers.
sub wait_for_workers {
    my ($name, $master, $count) = @_;
    my $deadline = time + 10;
    while (1) {
        my @workers = split ' ', read_file("/proc/$master/task/$master/children");
        return @workers if @workers == $count;
        die "$name has no workers\n" if time > $deadline;
        sleep 0.01;
    }
}

# Starts a server and waits until it listens; returns its process id.
sub start {
    my ($self, $name, $core, $port, @command) = @_;
    my $out = "$self->{dir}/$name.out";
    my $pid = fork // die "fork: $!\n";
    if ($pid == 0) {
        open STDOUT, '>', $out;
        open STDERR, '>&', \*STDOUT;
        exec on_core($core), @command or POSIX::_exit(127);
    }
    $self->{started}{$pid} = $name;
    my $deadline = time + 10;
    until (IO::Socket::INET->new(PeerAddr => '127.0.0.1', PeerPort => $port)) {
        if (waitpid($pid, WNOHANG) != 0 || time > $deadline) {
            die "$name did not start:\n", read_file($out);
        }
        sleep 0.02;
    }
    return $pid;
}

sub check_log {
    my ($self, $name) = @_;
    my $log = "$self->{dir}/$name.log";
    return if !-e $log;
    my @bad = grep { /\[(?:alert|emerg|crit)\]/ } split /^/, read_file($log);
    @bad = grep { !/$self->{tolerated}/ } @bad if $self->{tolerated};
    return if !@bad;
    chomp $bad[0];
    push @{ $self->{problems} }, sprintf '%s: bad lines in error.log: %d, first: %s', $name,
        scalar @bad, $bad[0];
}

sub token {
    my (%claims) = @_;
    my $json = JSON::PP->new->canonical;
    my $signed = join '.',
        map { encode_base64url($json->encode($_)) } { alg => 'HS256', typ => 'JWT' }, \%claims;
    return $signed . '.' . encode_base64url(hmac_sha256($signed, $user_secret));
}

sub free_port {
    my $socket = IO::Socket::INET->new(Listen => 1, LocalAddr => '127.0.0.1') or die "$!\n";
    return $socket->sockport;
}

# Command words that pin to the first (0) or second (1) of cores().
sub on_core {
    my ($core) = @_;
    return ('taskset', '-c', (cores())[$core]);
}

# Two cores that this process may use; the same one twice when there is no second.
sub cores {
    my ($list) = read_file('/proc/self/status') =~ /^Cpus_allowed_list:\s*(\S+)/m;
    my @all = map { /(\d+)-(\d+)/ ? $1 .. $2 : $_ } split /,/, $list;
    return @all[0, @all > 1 ? 1 : 0];
}

sub read_file {
    my ($path) = @_;
    open my $in, '<', $path or die "$path: $!\n";
    local $/;
    return scalar(<$in>) // '';
}

sub write_file {
    my ($path, $text) = @_;
    open my $out, '>', $path or die "$path: $!\n";
    print $out $text;
    close $out or die "$path: $!\n";
}

1;
