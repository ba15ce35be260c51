# What it costs a submission to be counted, in memory and with a journal.
package Bench::Quota;
use strict;
use warnings;

use Exporter qw(import);

our @EXPORT_OK = qw(measure_quota);

# Name, and which journals there are; a zone of quotas where `quotas` is.
my @setups = (
    ['none'],
    ['quota',           quotas => ''],
    ['journal',         quotas => 'journal'],
    ['durable',         jobs   => 'journal'],
    ['durable, quota',  jobs   => 'journal', quotas => 'journal'],
);

# { NAME => [results of jobload accept] }, in turn.
sub measure_quota {
    my ($session, %size) = @_;
    my %runs;
    for my $turn (1 .. $size{repeat}) {
        for my $setup (@setups) {
            my ($name, %journals) = @$setup;
            push @{ $runs{$name} }, accept_jobs($session, $name, "quota-$turn-" . ($name =~ s/\W+/-/r), $size{jobs}, %journals);
        }
    }
    return \%runs;
}

sub accept_jobs {
    my ($session, $what, $name, $jobs, %journals) = @_;
    my $edgerun = $session->start_edgerun($name, counted($session, $name, %journals));
    my $before  = defined $journals{quotas} ? used($session, $edgerun) : 0;
    my $run = $session->load('accept', url => $edgerun->{url}, worker => $edgerun->{worker},
        count => $jobs, duration => 2000, settle => 90);
    $run->{used} = used($session, $edgerun) - $before if defined $journals{quotas};
    $session->servers->stop_all;
    $session->expect("quota, $what", $run, accepted => $jobs, completed => $jobs,
        defined $journals{quotas} ? (used => $jobs) : ());
    return $run;
}

# What Bench::Servers is to start.
sub counted {
    my ($session, $name, %journals) = @_;
    my $directory = $session->dir . "/$name";
    my %setup = $journals{jobs} ? (zone => "journal=$directory-jobs sync=always") : ();
    return %setup if !defined $journals{quotas};
    my $journal = $journals{quotas} && "journal=$directory-quotas";
    return (
        %setup,
        http   => "    edgerun_quota_zone zone=quotas:8m $journal;\n",
        server => <<'END');
        edgerun_quota zone=quotas limit=1000000 period=month;
        location /usage {
            edgerun_auth_jwt "bench";
            edgerun_usage;
        }
END
}

sub used {
    my ($session, $edgerun) = @_;
    my $usage = $session->servers->get_json($edgerun, '/usage');
    return $usage ? $usage->{quotas}[0]{used} : $session->problem("$edgerun->{name}: no usage") && 0;
}

1;
