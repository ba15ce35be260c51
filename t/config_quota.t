#!/usr/bin/env perl
# Every mistake in edgerun_quota and edgerun_usage is named by one "nginx -t", with
# what to write instead.
use FindBin;
use lib "$FindBin::Bin/lib";
use Edgerun::Test;
use Edgerun::Problems;

my $t = Edgerun::Test->new;
$t->allow_log(qr/\[emerg\]/);

my $BEFORE = <<'END';
    edgerun_provider main { api assistants; base_url http://127.0.0.1:1; api_key off; assistant asst_demo; }
    edgerun_job_zone zone=jobs:8m;
    edgerun_quota_zone zone=calls:1m;
    edgerun_auth_jwt "site";
    edgerun_auth_jwt_secret env:EDGERUN_JWT_SECRET;
END

problems_are($t, 'parameters of a quota', <<"END");
$BEFORE
    server {
        listen 127.0.0.1:%%PORT_0%%;
        location /1 {
            edgerun_quota zone=calls;                                       #! "edgerun_quota" needs "limit=N", "period=month|day|hour|minute"
            edgerun_quota limit=1 period=month;                             #! "edgerun_quota" needs "zone=NAME"
            edgerun_quota zone= limit=1 period=month;                       #! "zone" must be the name of an edgerun_quota_zone
            edgerun_quota zone=calls limit=many period=month;               #! "limit" must be a number up to 999999999999999, "unlimited", or a variable, for example "limit=\$edgerun_limit", not "many"
            edgerun_quota zone=calls limit=-1 period=month;                 #! "limit" must be a number up to 999999999999999
            edgerun_quota zone=calls limit= period=month;                   #! "limit" must be a number up to 999999999999999
            edgerun_quota zone=calls limit=1k period=month;                 #! not "1k"
            edgerun_quota zone=calls limit=1000000000000000 period=month;   #! not "1000000000000000"
            edgerun_quota zone=calls limit=1 limit=2 period=month;          #! "edgerun_quota" takes "limit" once
            edgerun_quota zone=calls limit=1 period=week;                   #! "period" must be month, day, hour or minute, not "week"
            edgerun_quota zone=calls limit=1 period=month unit=calls;       #! "unit" must be requests or tokens, not "calls"
            edgerun_quota zone=calls limit=1 period=month default=5;        #! "default" is of no use without "limit=\$variable", which it stands in for
            edgerun_quota zone=calls limit=\$edgerun_limit period=month default=some;   #! "default" must be a number up to 999999999999999, or "unlimited", not "some"
            edgerun_quota zone=calls limit=1 period=month reserve=5;        #! "reserve" is of no use without "unit=tokens"
            edgerun_quota zone=calls limit=1 period=month key=org;          #! "key" must be a variable, for example "key=\$edgerun_claim_org", not "org"; without it, each user has a counter
            edgerun_quota zone=calls limit=1 period=month key=;             #! "key" must be a variable
            edgerun_quota zone=calls limit=1 period=month timezone=Berlin;  #! "timezone" must be "UTC" or a name of the system's time zones, for example "timezone=Europe/Berlin", not "Berlin"
            edgerun_quota zone=calls limit=1 perod=month;                   #! "edgerun_quota" has an unknown parameter "perod=month"; did you mean "period"?
            edgerun_quota zone=calls limit=1 period=month frobnicate=1;     #! it takes zone=NAME, limit=N|\$variable, period=month|day|hour|minute, unit=requests|tokens, reserve=N, default=N, key=\$variable, timezone=NAME, dry_run
            edgerun_quota zone=calls limit=1 period=month dryrun;           #! "edgerun_quota" has an unknown parameter "dryrun"; did you mean "dry_run"?
            edgerun_quota zone=calls limit=1 period;                        #! "edgerun_quota" has an unknown parameter "period"; it takes zone=NAME
            edgerun_quota zone=calls limit=1 period=month dry_run=on;       #! "edgerun_quota" has an unknown parameter "dry_run=on"; it takes zone=NAME
            edgerun_quota zone=calls limit=1 period=month dry_run dry_run;  #! "edgerun_quota" takes "dry_run" once
            edgerun_jobs zone=jobs provider=main;
        }
    }
END

problems_are($t, 'quotas of tokens', <<"END");
$BEFORE
    server {
        listen 127.0.0.1:%%PORT_0%%;
        location /1 {
            edgerun_quota zone=calls limit=999 period=month unit=tokens;                #! the limit is smaller than "reserve", 1000 tokens: no job would ever fit; raise the limit, or lower "reserve"
            edgerun_quota zone=calls limit=10 period=day unit=tokens reserve=11;        #! the limit is smaller than "reserve", 11 tokens
            edgerun_quota zone=calls limit=\$edgerun_limit default=10 period=day unit=tokens;       #! the limit is smaller than "reserve", 1000 tokens
            edgerun_quota zone=calls limit=10 period=hour unit=tokens reserve=0;        #! "reserve" must be the number of tokens, 1 to 999999999, that a job holds while it runs, for example "reserve=1000", not "0"
            edgerun_quota zone=calls limit=10 period=hour unit=tokens reserve=1k;       #! not "1k"
            edgerun_quota zone=calls limit=10 period=hour unit=tokens reserve=10;
            edgerun_quota zone=calls limit=unlimited period=minute unit=tokens;
            edgerun_quota zone=calls limit=\$edgerun_limit default=0 period=month unit=tokens;
            edgerun_jobs zone=jobs provider=main;
        }
    }
END

problems_are($t, 'quotas beside one another', <<"END");
$BEFORE
    edgerun_quota_zone zone=tokens:1m;
    server {
        listen 127.0.0.1:%%PORT_0%%;
        location /off {
            edgerun_quota off;
            edgerun_quota off;                                              #! "edgerun_quota" is duplicate
            edgerun_quota zone=calls limit=1 period=month;                  #! "edgerun_quota off" of this level leaves none: remove it, or this
        }
        location /late {
            edgerun_quota zone=calls limit=1 period=month;
            edgerun_quota off;                                              #! "edgerun_quota off" stands alone: remove it, or the other "edgerun_quota" of this level
        }
        location /shared {
            edgerun_quota zone=calls limit=1 period=month;
            edgerun_quota zone=calls limit=2 period=month timezone=UTC;     #! this quota counts the same as that of line
            edgerun_quota zone=calls limit=3 period=month dry_run;          #! this quota counts the same as that of line
            edgerun_quota zone=calls limit=1 period=month key=\$edgerun_claim_org;
            edgerun_quota zone=calls limit=2 period=month key=\$edgerun_claim_org;     #! both would share one counter; give them another period, unit, key or timezone, or remove one
            edgerun_quota zone=calls limit=1 period=day;
            edgerun_quota zone=calls limit=1000 period=day unit=tokens;
            edgerun_quota zone=calls limit=1 period=month timezone=Asia/Tokyo;
            edgerun_quota zone=tokens limit=1 period=month;
            edgerun_jobs zone=jobs provider=main;
        }
        location /zone {
            edgerun_quota zone=cals limit=1 period=month;                   #! there is no edgerun_quota_zone "cals"; did you mean "calls"?
            edgerun_quota zone=budget limit=1 period=month;                 #! there is no edgerun_quota_zone "budget"; add for example "edgerun_quota_zone zone=budget:1m;" to http {}
            edgerun_jobs zone=jobs provider=main;
        }
    }
END

problems_are($t, 'places of edgerun_usage', <<"END");
$BEFORE
    server {
        listen 127.0.0.1:%%PORT_0%%;
        location /none { edgerun_usage; }                                   #! "edgerun_usage" has nothing to show: no "edgerun_quota" is in force here; write the quotas of the jobs at a level that holds both locations, for example server {}
        location /off { edgerun_usage; edgerun_quota off; }                 #! "edgerun_usage" has nothing to show
        location /jobs {
            edgerun_quota zone=calls limit=1 period=month;
            edgerun_jobs zone=jobs provider=main;
            edgerun_usage;                                                  #! "edgerun_usage" needs a location of its own, for example "location = /usage"
            if (\$arg_a) {
                edgerun_usage;                                              #! "edgerun_usage" belongs into a location, not into "if" or "limit_except"
            }
            limit_except GET {
                edgerun_usage;                                              #! "edgerun_usage" belongs into a location, not into "if" or "limit_except"
            }
        }
        location = /twice {
            edgerun_quota zone=calls limit=1 period=month;
            edgerun_usage;
            edgerun_usage;                                                  #! "edgerun_usage" is duplicate
        }
        location /faulty {
            edgerun_quota zone=calls limit=1;                               #! needs "period=
            edgerun_usage;
        }
    }
END

# --- what is no mistake ---

sub warnings_of {
    my ($server) = @_;
    $t->write_conf("$BEFORE server { listen 127.0.0.1:%%PORT_0%%; $server }");
    my ($exit, $output) = $t->test_config;
    is $exit, 0, 'nginx -t accepts it' or diag $output;
    return join "\n", $output =~ /^nginx: \[warn\] (.*)$/mg;
}

is warnings_of(<<'END'), '', 'quotas may stand outside, for jobs and usage in different locations';
    edgerun_quota zone=calls limit=$edgerun_limit default=unlimited period=month timezone=Europe/Berlin;
    edgerun_quota zone=calls limit=unlimited period=hour key=$edgerun_claim_org$edgerun_role dry_run;
    edgerun_quota zone=calls limit=999999999999999 period=day unit=tokens reserve=999999999;
    location /jobs { edgerun_jobs zone=jobs provider=main; }
    location /free { edgerun_quota off; edgerun_jobs zone=jobs provider=main; }
    location = /usage { edgerun_usage; }
    location ~ ^/my/usage$ { edgerun_usage; }
END
like warnings_of(<<'END'), qr/^"edgerun_quota" counts nothing: it is in force in no location with "edgerun_jobs", in .*nginx\.conf:\d+$/,
    location /jobs { edgerun_jobs zone=jobs provider=main; }
    location /app { edgerun_quota zone=calls limit=1 period=month; return 204; }
END
    'a quota where there are no jobs is warned of';

done_testing;
