# A big knowledge base: what it costs to start with it, and to search it.
package Bench::Knowledge;
use strict;
use warnings;

use Exporter qw(import);
use JSON::PP;
use Time::HiRes qw(sleep time);

use Bench::Servers qw(write_file);

our @EXPORT_OK = qw(measure_knowledge);

my %base = (keywords => 10_000, articles => 5000);
my $rate = 2000;

# { start => { with, without => [{ test_s, test_cpu_s, start_s }] }, closed, open => { edgerun, stock => [results
# of jobload poll] }, body_bytes, base => { keywords, articles, mib } }
sub measure_knowledge {
    my ($session, %size) = @_;
    my $servers = $session->servers;
    my $file    = $session->dir . '/knowledge.json';
    my %runs    = (base => make_base($file));
    for my $turn (1 .. $size{repeat}) {
        push @{ $runs{start}{without} }, start_times($session, "knowledge-without-$turn");
        push @{ $runs{start}{with} },    start_times($session, "knowledge-with-$turn", $file);
    }

    my $edgerun = searched($session, 'knowledge', $file);
    write_file($servers->ids_file, join "\n", map { "search?q=$_" } queries());
    $runs{body_bytes} = $session->poll('size of what is found', $edgerun, seconds => 0.5)->{body_bytes};
    my %server = (edgerun => $edgerun, stock => $servers->start_stock($runs{body_bytes}));
    for my $turn (1 .. $size{repeat}) {
        for my $name (qw(stock edgerun)) {
            my @target = ("$name searches, turn $turn", $server{$name}, seconds => $size{seconds});
            push @{ $runs{closed}{$name} }, $session->poll(@target);
            push @{ $runs{open}{$name} },   $session->poll(@target, rate => $rate);
        }
    }
    $servers->stop_all;
    return \%runs;
}

# NGINX with this base, or without one: as of Bench::Servers, with the `url` of what is searched.
sub searched {
    my ($session, $name, $file) = @_;
    my $gate = $session->servers->gate;
    my $answer = $file ? 'edgerun_knowledge_search guide;' : 'return 200 "{}";';
    my $nginx = $session->servers->start_static($name, <<"END", $file ? "    edgerun_knowledge_base guide $file;\n" : '');
        location /knowledge/search {
            default_type application/json;
            $gate
            $answer
        }
END
    return { %$nginx, url => "$nginx->{root}/knowledge" };
}

# Seconds that nginx -t takes, and those from a start until a search is answered.
sub start_times {
    my ($session, $name, $file) = @_;
    my $servers = $session->servers;
    my $nginx   = searched($session, $name, $file);
    $servers->stop($nginx->{master});
    my $test  = $servers->test_again($nginx);
    my $start = time;
    $nginx = $servers->start_again($nginx);
    until ($servers->get_json($nginx, '/knowledge/search?q=word')) {
        die "$name: no search is answered\n" if time > $start + 30;
        sleep 0.002;
    }
    my $seconds = time - $start;
    $servers->stop_all;
    return { %$test, start_s => $seconds };
}

# ------------------------------------------------------------- the base itself

# Words as those of a language: some are frequent, most are rare.
sub word { my ($number) = @_; return join '', map { (qw(ka lo mi ne ru sa to vi))[ ($number >> 3 * $_) & 7 ] } 0 .. 4 }

sub keyword { my ($number) = @_; return word($number) . ' ' . word($number * 7 + 3) }

sub make_base {
    my ($path) = @_;
    srand 17;
    my @articles = map { article($_) } 0 .. $base{articles} - 1;
    my %keywords = map {
        (keyword($_) => [ map { "article-$_" } ($_ % $base{articles}, ($_ * 13 + 1) % $base{articles})[0 .. $_ % 2] ])
    } 0 .. $base{keywords} - 1;
    my $json = JSON::PP->new->canonical->encode({ keywords => \%keywords, articles => \@articles });
    write_file($path, $json);
    return { keywords => scalar keys %keywords, articles => scalar @articles, mib => length($json) / (1 << 20) };
}

sub article {
    my ($number) = @_;
    return {
        id       => "article-$number",
        title    => ucfirst join(' ', map { word(int rand 32_768) } 1 .. 4),
        category => word($number % 40),
        tags     => [ map { word(($number * 31 + $_) % 500) } 1 .. 3 ],
        text     => ucfirst join(' ', map { word(int rand 32_768) } 1 .. 200) . '.',
    };
}

# One keyword, a sentence with two, and a word that may stand in a title, in turn.
sub queries {
    my @queries;
    for my $number (0 .. 332) {
        my ($one, $other) = map { keyword($_ % $base{keywords}) } $number * 29, $number * 31 + 5;
        push @queries, $one, "what is the $one and why is the $other so often meant by it", word($number * 97 % 32_768);
    }
    return map { s/ /%20/gr } @queries;
}

1;
