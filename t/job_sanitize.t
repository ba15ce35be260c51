#!/usr/bin/env perl
# edgerun_sanitize: what clients read of an answer. The same in every dialect.
use FindBin;
use lib "$FindBin::Bin/lib";
use utf8;
use Edgerun::Test;
use Edgerun::Dialects;
use Edgerun::Jobs;
use Edgerun::Tools;
use JSON::PP;

binmode Test::More->builder->$_, ':utf8' for qw(output failure_output);

my $t = Edgerun::Test->new(workers => 1);
$t->start_emulator(duration => 50);

sub rules { my ($name, $rules) = @_; return $t->write_file($name, JSON::PP->new->utf8->encode($rules)) }
rules('rules.json', {
    headings      => ['Zusammenfassung'],
    labels        => ['Antwort'],
    blocks        => ['Hinweis'],
    regexes       => ['\bgr(ü|ue)n\b ?'],
    minimumLength => 12,
    fallback      => 'Dazu ist nichts zu sagen.',
});
rules('explode.json', { headings => ['Summary'], regexes => ['(?:x+x+)+[yz]'] });

my $jobs = 'edgerun_jobs zone=jobs provider=main';
my $locations = "
    edgerun_auth_jwt jobs;
    edgerun_auth_jwt_secret env:EDGERUN_JWT_SECRET;
    location /off { $jobs; edgerun_sanitize off; }
    location /none { $jobs; }
    location /sync { $jobs mode=sync; edgerun_sanitize default; }
    location /file { $jobs; edgerun_sanitize rules.json; }
    location /explode { $jobs; edgerun_sanitize explode.json; }
    location /small { edgerun_jobs zone=small provider=main; edgerun_sanitize default; }
    location /tools { $jobs assistant=helper; edgerun_sanitize default; }";
sub write_conf {
    my ($more) = @_;
    $t->write_conf(
        jobs_conf(
            provider => { keep_threads => 'on', max_response => '16m', run_timeout => '10m' },
            zone     => 'zone=jobs:64m max_answer=2m',
            http     => 'edgerun_job_zone zone=small:4m max_answer=1k;'
                . assistant_block('helper', 'model gpt-4o', function_tool($t, 'rates', 'uri=' . $t->emulator->tool_url('rates'))),
            server   => $locations . $more,
            location => 'edgerun_sanitize default;',
        )
    );
    return;
}
write_conf("location /left { $jobs; edgerun_sanitize rules.json; }");
$t->run;

my %alice = (token => $t->token({ sub => 'alice' }));

# The job of a run that answers so. OPTIONS: path, with => more markers, threadId.
sub answered {
    my ($text, %options) = @_;
    my $markers = $options{with} // '';
    my %more = map { $_ => $options{$_} } grep { $options{$_} } qw(path threadId);
    return (finish($t, [ submit($t, "Tell me. [[answer=$text]]$markers", %more) ]))[0];
}

sub answer { return answered(@_)->{answer} }

# ----------------------------------------------------------------- the default

my $raw = <<'END';
## 1. Executive Summary

Prices rise by 5 % — and sales fall by 3 %.



**What It Means:**
Revenue grows all the same.

Note on Risk: this is no advice.
It may be wrong.

Executive Summary: the rest is silence.

### Follow-up Questions

END
my $clean = <<'END' =~ s/\n\z//r;
Prices rise by 5 % — and sales fall by 3 %.

Revenue grows all the same.

the rest is silence.
END

is answer($raw), $clean, 'headings, labels, blocks and spare blank lines are gone';
my $plain = "An answer that needs no cleaning stays,\n\nas long as it is: 100 % of it, **bold** and # all.";
is answer($plain), $plain, 'what needs no cleaning stays as it is';
my $fallback = answer('Executive Summary');
cmp_ok length $fallback, '>=', 40, 'what is left with too little becomes a sentence';
is answer("What to Watch\n\nShort."), $fallback, 'always the same';
is answer("Short."), 'Short.', 'an answer that is short by itself stays';
is answered($raw, path => $_)->{answer} =~ s/\n\z//r, $raw =~ s/\n\z//r, "$_: answers stay as they are" for '/off', '/none';

# ---------------------------------------------------------------------- a file

is answer("# Zusammenfassung\n\nAntwort: Das grüne Haus ist grün gestrichen.\n\nHinweis: Farben\ntäuschen.\n\nExecutive Summary", path => '/file'),
    "Das grüne Haus ist gestrichen.\n\nExecutive Summary", 'rules of a file take the place of the default ones';
is answer('Zusammenfassung', path => '/file'), 'Dazu ist nichts zu sagen.', 'with their own sentence';

# --------------------------------------------------------------- where it shows

my $sync = $t->post('/sync', json => { query => "Tell me. [[answer=$raw]]" }, %alice);
is "$sync->{status} $sync->{json}{answer}", "200 $clean", 'mode=sync answers so';
my $held = $t->post('/jobs', json => { query => "Tell me. [[answer=$raw]]" }, headers => { Prefer => 'wait=30' }, %alice);
is "$held->{status} $held->{json}{answer}", "200 $clean", 'so does a request that waits';
my $incomplete = answered($raw, with => '[[status=incomplete]]');
ok $incomplete->{incompleteReason}, 'an answer that ends early';
is $incomplete->{answer}, $clean, 'is cleaned as well';
my $part = 'One part of what is to be said.';
is answer("Executive Summary\n\n$part", with => '[[messages=2]]'), "$part\n\n$part", 'several messages are one answer'
    if dialect() ne 'chat';
my $small = answered("Beginning, " . "x" x 40 . "\n" x 2000 . "and end.", path => '/small');
is $small->{answer}, "Beginning, " . "x" x 40 . "\n\nand end.", 'it is cleaned before it is cut';
ok !exists $small->{answerTruncated}, 'so it need not be';

# --------------------------------------------------------------- what stays

my $job = (finish($t, [ submit($t,
    question("Tell me. [[answer=$raw]]", ['rates'], arguments => { text => $raw }), path => '/tools') ]))[0];
is $job->{answer}, $clean, 'after calls of functions an answer is cleaned';
my ($step) = grep { $_->{type} eq 'function' } @{ $t->get("/tools/$job->{id}?include=steps", %alice)->{json}{steps} };
is $step->{output}, $raw, 'what the functions said stays, in the steps';

my %failed = map { $_ => run_job($t, 'Fail. [[error=invalid_prompt:Note on Risk]]', path => $_) } '/jobs', '/off';
is $failed{'/jobs'}{status}, 'FAILED', 'a job that fails';
ok !exists $failed{'/jobs'}{answer}, 'has no sentence for an answer';
is error_of($failed{'/jobs'}), error_of($failed{'/off'}), 'and its error as it is';

if (!call('thread')) {
    my $first = answered($raw);
    answered('Yes, and what else there is to say of it.', threadId => $first->{threadId});
    my $told = JSON::PP->new->decode($t->emulator->log(call => 'create_completion')->[-1]{body})->{messages}[1];
    is "$told->{role}: $told->{content}", "assistant: $raw", 'in a thread the model finds its own words';
}

# ------------------------------------------------------------- hostile answers

# What is not linear takes minutes and days for them, in which the only worker answers nobody.

my $waits = submit($t, 'Wait. [[duration=600000]]');
await_run($t, $waits);
my %HOSTILE = (
    newlines         => "\n",
    'number signs'   => '#',
    'heading marks'  => "# **\n",
    labels           => 'Executive Summary: ',
    headings         => "Executive Summary\n",
    blocks           => "Note on Risk\n",
    'blanks'         => " \t",
    'wide letters'   => "\x{1f41f}\n",
);
for my $name (sort keys %HOSTILE) {
    my $hostile = submit($t, "Tell me. [[answer=$HOSTILE{$name}]][[answer_size=1048576]]");
    wait_until { my ($run) = runs_of($t, $hostile->{json}); $run && $run->{final_at_ms} };
    my $other = job_of($t, $waits) // {};
    is $other->{status}, 'RUNNING', "a megabyte of $name: other jobs can be read all the while";
    ok wait_until { status_of($hostile) eq 'COMPLETED' }, "a megabyte of $name: it completes";
}

# As a list says it, without a megabyte of answer.
sub status_of {
    my ($answer) = @_;
    my ($job) = grep { $_->{id} eq $answer->{json}{id} } @{ $t->get('/jobs?limit=2', %alice)->{json}{jobs} };
    return $job->{status};
}
$t->post("/jobs/$waits->{json}{id}/cancel", %alice);

# ----------------------------------------------------------- what cannot be done

my $long = "Summary\n" . 'x' x 5000 . '!';
my $from = length $t->error_log;
my $exploded = answered($long, path => '/explode');
is "$exploded->{status} $exploded->{answer}", "COMPLETED $long", 'where a regex reaches its limits, the answer stays as it is';
my @told = substr($t->error_log, $from) =~ /^(.*\Q$exploded->{id}\E.*edgerun_sanitize \S*explode\.json.*)$/mg;
is scalar @told, 1, 'and one line in the error log says so';
is answer("Summary\nshort enough for it to be cleaned, and left", path => '/explode'),
    'short enough for it to be cleaned, and left', 'others are cleaned as ever';

if (dialect('runs_on')) {
    my $begun = submit($t, "Tell me. [[answer=$raw]][[duration=60000]]", path => '/left');
    await_run($t, $begun);
    $locations =~ s/rules\.json/default/;
    write_conf("location /left { $jobs; edgerun_sanitize default; }");
    ok $t->reload, 'a reload without the file of rules';
    $t->emulator->finish;
    my ($left) = finish($t, [$begun]);
    is $left->{answer} =~ s/\n\z//r, $raw =~ s/\n\z//r, 'a job of before keeps its answer as it is';
    like $t->error_log, qr/\Q$left->{id}\E stays as it is/, 'and the error log says so';
}

done_testing;
