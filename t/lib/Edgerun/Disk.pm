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
use List::Util qw(min);

use Edgerun::Process;

my $TOP = abs_path(dirname(__FILE__) . '/../../..');

our $SHIM = $ENV{TEST_NGINX_DISK} // "$TOP/build/bin/disk.so";

use constant { PAGE => 4096, STRETCH => 1 << 20 };

# Control of t/faults/disk.h.
my @MEMBERS = qw(delayMs failFlushes failWrites isFull flushes failedFlushes writes failedWrites
    failNameFlushes);
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
# failNameFlushes (of the directory alone), failWrites (so many; -1: all), isFull (0 or 1).
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
    my ($directory, $shadow) = @$self{qw(directory shadow)};
    my @left = $self->_left;
    if ($options{torn}) {
        _tear(map { "$shadow/$_" } "inodes/$_->{inode}", "pins/$_->{inode}") for @left;
    }
    unlink glob "$directory/*";
    for my $file (@left) {
        my $path = "$directory/$file->{name}";
        rename "$shadow/inodes/$file->{inode}", $path or _make_empty($path);
        chown $file->{uid}, $file->{gid}, $path;
        chmod $file->{mode}, $path;
    }
    $self->_settle(@left);
    return;
}

# [{ inode, mode, uid, gid, name }] of what the directory holds then.
sub _left {
    my ($self) = @_;
    my @left;
    for my $line (split /\n/, Edgerun::Process::slurp("$self->{shadow}/names")) {
        my ($inode, $mode, $uid, $gid, $name) = split / /, $line, 5;
        push @left, { inode => $inode, mode => oct $mode, uid => $uid, gid => $gid, name => $name };
    }
    return @left;
}

sub _make_empty {
    my ($path) = @_;
    open my $file, '>', $path or croak "$path: $!";
    close $file;
    return;
}

# Some of the pages that were written since the last flush.
sub _tear {
    my ($flushed, $written) = @_;
    my ($old, $new) = map { Edgerun::Process::slurp($_) } $flushed, $written;
    return if !length $new || !-e $flushed;
    $old .= "\0" x (length($new) - length $old) if length $new > length $old;
    open my $out, '+<', $flushed or croak "$flushed: $!";
    truncate $out, length $old;
    for my $at (_different_pages($new, $old)) {
        next if rand() < 0.5;
        sysseek $out, $at, 0;
        syswrite($out, substr $new, $at, PAGE) // croak "$flushed: $!";
    }
    close $out or croak "$flushed: $!";
    return;
}

# Where pages of the one are not as in the other, which is as long or longer.
sub _different_pages {
    my ($one, $other) = @_;
    my @different;
    for (my $stretch = 0; $stretch < length $one; $stretch += STRETCH) {
        my $size = min(STRETCH, length($one) - $stretch);
        next if substr($one, $stretch, $size) eq substr($other, $stretch, $size);
        push @different, grep { substr($one, $_, PAGE) ne substr($other, $_, min(PAGE, length($one) - $_)) }
            map { $stretch + PAGE * $_ } 0 .. ($size - 1) / PAGE;
    }
    return @different;
}

# The files are new ones now: what the directory holds is what is flushed.
sub _settle {
    my ($self, @left) = @_;
    my ($directory, $shadow) = @$self{qw(directory shadow)};
    unlink glob "$shadow/inodes/* $shadow/pins/*";
    open my $names, '>', "$shadow/names" or croak "$shadow/names: $!";
    chmod 0666, "$shadow/names";
    for my $file (@left) {
        my $path = "$directory/$file->{name}";
        my $inode = (stat $path)[1];
        system('cp', '-p', '--sparse=always', $path, "$shadow/inodes/$inode") == 0
            or croak "$path: cannot be copied";
        link $path, "$shadow/pins/$inode" or croak "$shadow/pins/$inode: $!";
        printf $names "%d %o %d %d %s\n", $inode, @$file{qw(mode uid gid name)};
    }
    close $names or croak "$shadow/names: $!";
    return;
}

1;
