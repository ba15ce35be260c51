package Edgerun::Quotas;

# Quotas on jobs in front of the emulator, and how they stand for a caller.

use strict;
use warnings;

use Exporter qw(import);

use Edgerun::Jobs;
use Edgerun::Wait qw(wait_until);

our @EXPORT = qw(quota_conf job_location usage_of use_of insist all_jobs settled);

my $KEYS = time;    # those of another test are others

# quota_conf([PARAMETERS], OPTIONS): text for http {}: as of jobs_conf(); a zone "quotas", an
# edgerun_quota with each of these parameters for the whole server, and GET /usage. OPTIONS,
# besides those of jobs_conf(): quotas parameters of the zone ("journal=...").
sub quota_conf {
    my ($lines, %options) = @_;
    my $quotas = join '', map { "        edgerun_quota zone=quotas $_;\n" } @$lines;
    my $zone = join ' ', 'zone=quotas:1m', delete $options{quotas} // ();
    return jobs_conf(
        %options,
        http   => "    edgerun_quota_zone $zone;\n" . ($options{http} // ''),
        server => $quotas . location('usage', 'edgerun_usage;') . ($options{server} // ''),
    );
}

# job_location(NAME, TEXT, PARAMETERS): one more for jobs, in server {}.
sub job_location {
    my ($name, $text, $parameters) = @_;
    $parameters //= 'zone=jobs provider=main';
    return location($name, "edgerun_jobs $parameters; " . ($text // ''));
}

sub location {
    my ($name, $text) = @_;
    return "        location /$name { edgerun_auth_jwt \"jobs\";"
        . " edgerun_auth_jwt_secret env:EDGERUN_JWT_SECRET; $text }\n";
}

# usage_of(T, OPTIONS): the quotas as GET /usage shows them, [{ name, limit, used, ... }]; undef
# without an answer. OPTIONS: user ("alice"), path ("/usage"), on => an open connection.
sub usage_of {
    my ($t, %options) = @_;
    my $from = $options{on} // $t;
    my $answer = eval {
        $from->get($options{path} // '/usage', token => Edgerun::Jobs::token_of($t, $options{user} // 'alice'));
    };
    return $answer && $answer->{status} == 200 ? $answer->{json}{quotas} : undef;
}

# use_of(T, OPTIONS): the same of one of them. OPTIONS: also name; the first unless told.
sub use_of {
    my ($t, %options) = @_;
    my $quotas = usage_of($t, %options) // return;
    my ($found) = grep { !defined $options{name} || $_->{name} eq $options{name} } @$quotas;
    return $found;
}

# settled(T, USED, OPTIONS): waits until so much is used and nothing held; how it stands, as
# "USED/RESERVED". OPTIONS: of use_of().
sub settled {
    my ($t, $used, %options) = @_;
    my $now = '';
    wait_until {
        my $use = use_of($t, %options) // return;
        $now = "$use->{used}/$use->{reserved}";
        return $now eq "$used/0";
    };
    return $now;
}

# insist(T, QUERY, OPTIONS): submits with a key until it is accepted or refused for good, through
# broken connections and 503; the answer. OPTIONS: user, path, key, timeout.
sub insist {
    my ($t, $query, %options) = @_;
    my $key = $options{key} // 'insist-' . ++$KEYS;
    my @request = (
        $options{path} // '/jobs',
        json    => { query => $query },
        token   => Edgerun::Jobs::token_of($t, $options{user} // 'alice'),
        headers => [ 'Idempotency-Key' => $key ],
    );
    my $answer;
    wait_until {
        $answer = eval { $t->post(@request, timeout => 3) };
        return $answer && $answer->{status} !~ /^(?:503|409)$/;
    } $options{timeout};
    return $answer;
}

# All jobs of a user, as lists show them.
sub all_jobs {
    my ($t, %options) = @_;
    my $path = $options{path} // '/jobs';
    my @token = (token => Edgerun::Jobs::token_of($t, $options{user} // 'alice'));
    my (@jobs, $page);
    do {
        my $after = @jobs ? "&after=$jobs[-1]{id}" : '';
        $page = $t->get("$path?limit=100$after", @token)->{json};
        push @jobs, @{ $page->{jobs} };
    } while $page->{hasMore};
    return @jobs;
}

1;
