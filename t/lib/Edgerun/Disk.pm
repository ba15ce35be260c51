package Edgerun::Disk;

# The disk under one directory of a test's NGINX: it loses in a power cut what was
# not flushed, and is slow, full or failing when told so (t/faults/disk.h). In short:
#
#     my $disk = Edgerun::Disk->new($t, 'journal');    # before $t->run
#     $disk->set(failFlushes => 1);
#     $t->kill_all;
#     $disk->cut_power;
#     $t->run;

use strict;
use warnings;

use Carp qw(croak);
use Cwd qw(abs_path);
use File::Basename qw(dirname);
use File::Copy qw(copy);

use Edgerun::Process;

my $TOP = abs_path(dirname(__FILE__) . '/../../..');

our $SHIM = $ENV{TEST_NGINX_DISK} // "$TOP/build/bin/disk.so";

use constant PAGE => 4096;

# Control of t/faults/disk.h.
my @MEMBERS = qw(delayMs failFlushes failWrites isFull flushes failedFlushes writes failedWrites);
my %AT = map { $MEMBERS[$_] => 8 * $_ } 0 .. $#MEMBERS;

sub new {
    my ($class, $t, $name) = @_;
    my $top = abs_path($t->dir);
    my $self = bless { directory => "$top/$name", shadow => "$top/shadow" }, $class;
    for my $folder ($self->{shadow}, "$self->{shadow}/inodes", "$self->{shadow}/pins") {
        mkdir $folder or croak "$folder: $!";
        chmod 0777, $folder;    # workers write there
    }
    $self->{control} = "$self->{shadow}/control";
    open my $file, '>', $self->{control} or croak "$self->{control}: $!";
    print $file pack 'q<*', (0) x @MEMBERS;
    close $file or croak "$self->{control}: $!";
    chmod 0666, $self->{control};
    $t->set_environment(%{ $self->environment });
    return $self;
}

# For a program that is to have this disk.
sub environment {
    my ($self) = @_;
    return {
        LD_PRELOAD           => $SHIM,
        EDGERUN_DISK_DIR     => $self->{directory},
        EDGERUN_DISK_SHADOW  => $self->{shadow},
        EDGERUN_DISK_CONTROL => $self->{control},
    };
}

# set(NAME => NUMBER, ...): delayMs, or what is to fail from now on: failFlushes,
# failWrites (so many; -1: all), isFull (0 or 1).
sub set {
    my ($self, %numbers) = @_;
    open my $file, '+<', $self->{control} or croak "$self->{control}: $!";
    for my $name (sort keys %numbers) {
        sysseek $file, $AT{$name} // croak("no such thing: $name"), 0;
        syswrite $file, pack 'q<', $numbers{$name};
    }
    return;
}

# One of them, or of what has happened: flushes, failedFlushes, writes, failedWrites.
sub number {
    my ($self, $name) = @_;
    my $at = $AT{$name} // croak "no such thing: $name";
    return unpack 'q<', substr Edgerun::Process::slurp($self->{control}), $at, 8;
}

# cut_power(OPTIONS): when nobody uses the directory any more; it holds what was
# flushed, and nothing else. OPTIONS:
#   torn => 1  of what was not flushed, each page may be there or not
sub cut_power {
    my ($self, %options) = @_;
    my @left = $self->_left;
    my %content = map { $_->{inode} => $self->_content($_->{inode}, %options) } @left;
    my $directory = $self->{directory};
    unlink glob "$directory/*";
    for my $file (@left) {
        _write("$directory/$file->{name}", $content{ $file->{inode} });
        chown $file->{uid}, $file->{gid}, "$directory/$file->{name}";
        chmod $file->{mode}, "$directory/$file->{name}";
    }
    $self->_settle(@left);
    return;
}

sub _left {
    my ($self) = @_;
    my @left;
    for my $line (split /\n/, Edgerun::Process::slurp("$self->{shadow}/names")) {
        my ($inode, $mode, $uid, $gid, $name) = split / /, $line, 5;
        next if !defined $name;
        push @left, { inode => $inode, mode => oct $mode, uid => $uid, gid => $gid, name => $name };
    }
    return @left;
}

sub _content {
    my ($self, $inode, %options) = @_;
    my $flushed = Edgerun::Process::slurp("$self->{shadow}/inodes/$inode");
    return $flushed if !$options{torn};

    my $written = Edgerun::Process::slurp("$self->{shadow}/pins/$inode");
    $flushed .= "\0" x (length($written) - length $flushed) if length $written > length $flushed;
    for (my $at = 0; $at < length $written; $at += PAGE) {
        my $page = substr $written, $at, PAGE;
        next if $page eq substr($flushed, $at, PAGE) || rand() < 0.5;
        substr $flushed, $at, length $page, $page;
    }
    return $flushed;
}

# With holes for zeros: segments are mostly empty.
sub _write {
    my ($path, $bytes) = @_;
    open my $out, '>:raw', $path or croak "$path: $!";
    my $zeros = "\0" x PAGE;
    for (my $at = 0; $at < length $bytes; $at += PAGE) {
        my $page = substr $bytes, $at, PAGE;
        next if $page eq substr $zeros, 0, length $page;
        sysseek $out, $at, 0;
        syswrite($out, $page) // croak "$path: $!";
    }
    truncate $out, length $bytes;
    close $out or croak "$path: $!";
    return;
}

# The files are new ones now: what the directory holds is what is flushed.
sub _settle {
    my ($self, @left) = @_;
    my ($directory, $shadow) = @$self{qw(directory shadow)};
    unlink glob "$shadow/inodes/* $shadow/pins/*";
    my $names = '';
    for my $file (@left) {
        my $path = "$directory/$file->{name}";
        my $inode = (stat $path)[1];
        _write("$shadow/inodes/$inode", Edgerun::Process::slurp($path));
        chown $file->{uid}, $file->{gid}, "$shadow/inodes/$inode";
        link $path, "$shadow/pins/$inode" or croak "$shadow/pins/$inode: $!";
        $names .= sprintf "%d %o %d %d %s\n", $inode, @$file{qw(mode uid gid name)};
    }
    unlink "$shadow/names";
    _write("$shadow/names", $names);
    chmod 0666, "$shadow/names";
    return;
}

1;
