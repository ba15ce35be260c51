# One benchmark run: its servers, the load tool, and what went wrong.
package Bench::Session;
use strict;
use warnings;

use JSON::PP;

use Bench::Servers qw(on_core);

# %option: load (the tool's path), verbose, and what Bench::Servers takes.
sub new {
    my ($class, %option) = @_;
    my ($load, $verbose) = delete @option{qw(load verbose)};
    return bless { load => $load, verbose => $verbose, servers => Bench::Servers->new(%option), problems => [] },
        $class;
}

sub servers { $_[0]{servers} }
sub dir     { $_[0]{servers}->dir }

sub problem {
    my ($self, $text) = @_;
    push @{ $self->{problems} }, $text;
    return;
}

sub problems {
    my ($self) = @_;
    return @{ $self->{problems} }, $self->{servers}->problems;
}

# One sub-command of the load tool; its answer is one line of JSON.
sub load {
    my ($self, @load) = @_;
    return $self->finish_load($self->start_load(@load));
}

sub start_load {
    my ($self, $command, %argument) = @_;
    $argument{'token-file'} //= $self->servers->token_file if !$argument{'key-file'};
    my @line = (on_core(1), $self->{load}, $command,
        map { ("--$_", $argument{$_}) } sort keys %argument);
    print "# @line\n" if $self->{verbose};
    open my $out, '-|', @line or die "$self->{load}: $!\n";
    return { out => $out, command => $command };
}

sub finish_load {
    my ($self, $load) = @_;
    my $json = do { local $/; readline $load->{out} };
    close $load->{out};
    print "# $json" if $self->{verbose} && $json;
    die "jobload $load->{command} gave no result\n" if !$json;
    return decode_json($json);
}

sub expect {
    my ($self, $what, $got, %expected) = @_;
    for my $name (sort keys %expected) {
        my $value = $got->{$name} // 'missing';
        next if $value eq $expected{$name};
        $self->problem("$what: $name is $value, expected $expected{$name}");
    }
    return;
}

# Warmed up by some jobs and at rest again; %setup as of Bench::Servers.
sub start_edgerun {
    my ($self, $name, %setup) = @_;
    my $edgerun = $self->servers->start_edgerun($name, %setup);
    my $warm    = $self->load('submit', url => $edgerun->{url}, count => 100, duration => 100);
    $self->expect("$name: warm-up", $warm, completed => 100);
    sleep 1;
    return $edgerun;
}

# Finished jobs whose ids are in ids_file() then.
sub finish_jobs {
    my ($self, $edgerun, $count) = @_;
    $self->expect('jobs to poll', $self->load('submit', url => $edgerun->{url}, count => $count,
            duration => 100, connections => 16, ids => $self->servers->ids_file), completed => $count);
    return;
}

sub poll {
    my ($self, $what, $server, @arguments) = @_;
    my $poll = $self->load('poll', url => $server->{url}, worker => $server->{worker},
        ids => $self->servers->ids_file, @arguments);
    $self->expect($what, $poll, errors => 0);
    return $poll;
}

1;
