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

our @EXPORT_OK = qw(cores on_core read_file write_file);

my $user_secret = 'bench-secret-bench-secret-bench-secret';

# %program: paths of module, emulator and nginx.
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

# NGINX with the module and an emulator of its own: { url, worker, emulator }.
sub start_edgerun {
    my ($self, $name) = @_;
    my ($emulator_port, $port) = (free_port(), free_port());
    $self->start('emulator', 1, $emulator_port, $self->{program}{emulator},
        '--port', $emulator_port, '--no-log');
    my $setup = $self->start_nginx($name, $port, "load_module $self->{program}{module};", <<"END");
    edgerun_job_zone zone=jobs:256m;
    edgerun_provider emu {
        api        assistants;
        base_url   http://127.0.0.1:$emulator_port/v1;
        api_key    sk-emulator;
        assistant  asst_demo;
    }
    server {
        listen 127.0.0.1:$port backlog=4096;
        location /simulations {
            edgerun_auth_jwt        "bench";
            edgerun_auth_jwt_secret $user_secret;
            edgerun_require_role    clinician;
            edgerun_require_module  simulation;
            edgerun_jobs            zone=jobs provider=emu;
        }
    }
END
    return { %$setup, emulator => "http://127.0.0.1:$emulator_port/" };
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

# NGINX with the module and these locations over the files of $dir/www: { root, worker }.
sub start_static {
    my ($self, $name, $locations) = @_;
    my $port  = free_port();
    my $setup = $self->start_nginx($name, $port, "load_module $self->{program}{module};", <<"END");
    server {
        listen 127.0.0.1:$port backlog=4096;
        root $self->{dir}/www;
$locations    }
END
    return { worker => $setup->{worker}, root => "http://127.0.0.1:$port" };
}

sub stop_all {
    my ($self) = @_;
    my @pids = keys %{ $self->{started} };
    kill TERM => @pids;
    for my $pid (@pids) {
        my $deadline = time + 10;
        while (waitpid($pid, WNOHANG) == 0) {
            kill KILL => $pid if time > $deadline;
            sleep 0.02;
        }
        $self->check_log(delete $self->{started}{$pid});
    }
}

sub DESTROY {
    my ($self) = @_;
    local ($?, $@);
    $self->stop_all;
}

sub start_nginx {
    my ($self, $name, $port, $main, $http) = @_;
    my $dir = $self->{dir};
    write_file("$dir/$name.conf", <<"END");
$main
daemon off;
worker_processes 1;
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
    my $master = $self->start($name, 0, $port, $self->{program}{nginx}, '-p', $dir,
        '-c', "$dir/$name.conf", '-e', "$dir/$name.log");
    # The master listens before it has a worker.
    my ($worker, $deadline) = (undef, time + 10);
    until ($worker) {
        ($worker) = split ' ', read_file("/proc/$master/task/$master/children");
        die "$name has no worker\n" if time > $deadline;
        sleep 0.01 if !$worker;
    }
    return { url => "http://127.0.0.1:$port/simulations", worker => $worker };
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
