#!/usr/bin/env perl
# A query longer than edgerun_max_query is cut at a character, the job says so,
# and the provider gets exactly what was kept.
use FindBin;
use lib "$FindBin::Bin/lib";
use Edgerun::Test;
use Edgerun::Dialects;
use Edgerun::Jobs;

my $t = Edgerun::Test->new;
$t->start_emulator(duration => 50);

$t->write_conf(<<'END');
    edgerun_auth_jwt "site";
    edgerun_auth_jwt_secret env:EDGERUN_JWT_SECRET;

    edgerun_provider main {
        %%DIALECT%% base_url %%EMULATOR%%; api_key env:OPENAI_API_KEY;
        poll_interval 100ms;
    }
    edgerun_job_zone zone=jobs:16m;
    edgerun_max_query 10;

    server {
        listen 127.0.0.1:%%PORT_0%%;
        location /ten { edgerun_jobs zone=jobs provider=main; }
        location /one { edgerun_max_query 1; edgerun_jobs zone=jobs provider=main; }
        location /if { if ($arg_a) { access_log off; } edgerun_max_query 5; edgerun_jobs zone=jobs provider=main; }
    }
    server {
        listen 127.0.0.1:%%PORT_1%%;
        edgerun_max_query 12000;
        location /jobs { edgerun_jobs zone=jobs provider=main; }
    }
END
$t->run;

my $token = $t->token({ sub => 'alice' });

# Submits characters; (the job when it is final, the characters that the
# provider got).
sub ask {
    my ($uri, $query, $port) = @_;
    my %options = (token => $token, port => $port);
    my $answer = $t->post($uri, %options, json => { query => $query });
    is $answer->{status}, 202, 'the query is accepted' or return ({}, '');
    my $shown = $answer->{json}{queryTruncated};
    my $job = $t->wait_for_job($answer->{headers}{location}, %options)->{json};
    is $shown, $job->{queryTruncated}, 'the job says the same from its beginning to its end';
    return ($job, (queries_sent($t))[-1]);
}

sub is_cut {
    my ($uri, $query, $kept, $what, $port) = @_;
    my ($job, $sent) = ask($uri, $query, $port);
    is $sent, $kept, "$what: the provider gets what is kept";
    my $is_cut = $kept ne $query;
    is $job->{queryTruncated} ? 1 : 0, $is_cut ? 1 : 0, "$what: the job says so" if $is_cut;
    ok !exists $job->{queryTruncated}, "$what: the job says nothing of it" if !$is_cut;
    return;
}

# Characters of one, two, three and four bytes.
for my $character ('a', "\x{e4}", "\x{20ac}", "\x{1f41f}") {
    my $what = sprintf 'U+%04X', ord $character;
    is_cut('/ten', $character x 9,  $character x 9,  "$what, fewer");
    is_cut('/ten', $character x 10, $character x 10, "$what, just as many");
    is_cut('/ten', $character x 11, $character x 10, "$what, one too many");
    is_cut('/one', $character x 3,  $character,      "$what, one allowed");
}
is_cut('/ten', "a\x{e4}\x{20ac}\x{1f41f}" x 5, "a\x{e4}\x{20ac}\x{1f41f}" x 2 . "a\x{e4}", 'a mixture');
is_cut('/ten', '123456789e' . "\x{301}", '123456789e', 'a combining character');
is_cut('/ten', "a\n\t\"\\b\x{7f}cd!and more", "a\n\t\"\\b\x{7f}cd!", 'what JSON escapes counts once');
is_cut('/if?a=1', '1234567', '12345', 'a limit around "if"');

is_cut('/jobs', 'x' x 12_000, 'x' x 12_000, 'twelve thousand', 1);
is_cut('/jobs', 'x' x 12_001, 'x' x 12_000, 'one more', 1);

done_testing;
