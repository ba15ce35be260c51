#!/usr/bin/env perl
# nginx -t accepts every configuration that README.md and docs show.
use FindBin;
use lib "$FindBin::Bin/lib";
use Edgerun::Test;

use Edgerun::Keys;

my $ONLY_IN_HTTP = qr/^(?:edgerun_(?:provider|assistant|job_zone|quota_zone|knowledge_base|users)|limit_req_zone|map|server|upstream)\b/;

# What the examples take for granted, unless they have it themselves.
my %AROUND = (
    http => <<'EOF_CONF',
        resolver 127.0.0.1:%%PORT_1%%;
        upstream app { server 127.0.0.1:%%PORT_1%%; }
EOF_CONF
    provider => 'edgerun_provider main { api assistants; api_key env:LLM_API_KEY; assistant asst_demo; }',
    fallback => 'edgerun_provider spare { api chat; base_url http://127.0.0.1:%%PORT_1%%; api_key off; model local; }',
    zone     => 'edgerun_job_zone zone=jobs:8m;',
    quotas   => 'edgerun_quota_zone zone=quotas:1m;',
    base     => 'edgerun_knowledge_base handbook knowledge.json;',
    server   => <<'EOF_CONF',
        edgerun_auth_jwt "outside";
        edgerun_auth_jwt_secret env:JWT_SECRET;
        edgerun_auth_jwt_key_file idp.jwks.json;
EOF_CONF
);

my $t = Edgerun::Test->new(env => { JWT_SECRET => $Edgerun::Test::SECRET, LLM_API_KEY => 'sk-none' });
write_files_named_in_examples();

for my $path ("$Edgerun::Test::TOP/README.md", sort glob "$Edgerun::Test::TOP/docs/*.md") {
    my ($file) = $path =~ m{([^/]+)$};
    my @examples = grep { is_configuration($_) } blocks_of($path);
    for my $example (@examples) {
        $t->write_conf(whole_configuration($example), main => join "\n", $example =~ /^\s*(thread_pool .*)$/mg);
        my ($exit, $output) = $t->test_config;
        is $exit, 0, "$file: " . ($example =~ /^\s*(.*)/)[0] or diag "$output\n$example";
    }
}
cmp_ok(Test::More->builder->current_test, '>', 20, 'the examples were found');

done_testing;

sub write_files_named_in_examples {
    my $key = Edgerun::Keys->new('RS256');
    $t->write_file('idp.jwks.json', Edgerun::Keys::set($key));
    $t->write_file('partner.pem', $key->pem);
    $t->write_file('jwt.secret', $Edgerun::Test::SECRET);
    $t->write_file($_, '') for qw(api-keys.jsonl users.jsonl);
    $t->write_file($_, Edgerun::Process::slurp("$Edgerun::Test::TOP/conf/examples/$_"))
        for qw(exchange_rate.json pick_account.json knowledge.json);
    $t->write_file('answers.json', grep { /"minimumLength"/ } blocks_of("$Edgerun::Test::TOP/docs/directives.md"));
    return;
}

# The indented blocks of a Markdown file.
sub blocks_of {
    my ($path) = @_;
    return Edgerun::Process::slurp($path) =~ /(?:^|(?<=\n)\n)((?:    .*\n|\n(?=    ))+)/g;
}

sub is_configuration {
    my ($block) = @_;
    return $block =~ /^\s*[a-z_]+ .*[;{]$/m && $block =~ /[;}]\s*$/ && $block !~ /^\s*(?:syntax:|\{|\$)/;
}

sub whole_configuration {
    my ($example) = @_;
    $example =~ s/^\s*\.\.\.$//mg;
    $example =~ s{/etc/nginx/}{}g;
    $example =~ s{/var/lib/nginx/}{%%TESTDIR%%/}g;
    $example =~ s/listen (?:443 ssl|127\.0\.0\.1:\d+);/listen 127.0.0.1:%%PORT_0%%;/g;
    my @statements = grep { !/^(?:load_module|thread_pool|events)/ } statements_of($example);
    @statements = map { /^http \{(.*)\}$/s ? statements_of($1) : $_ } @statements;

    my (@http, @server, @location);
    for my $statement (@statements) {
        push @{ $statement =~ $ONLY_IN_HTTP ? \@http : $statement =~ /^location/ ? \@server : \@location },
            $statement;
    }
    push @http, $AROUND{provider} if !grep { /^edgerun_provider main/ } @http;
    push @http, $AROUND{fallback};
    push @http, $AROUND{quotas} if !grep { /^edgerun_quota_zone/ } @http;
    push @http, $AROUND{base} if !grep { /^edgerun_knowledge_base/ } @http;
    push @http, $AROUND{zone} if !grep { /^edgerun_job_zone/ } @http;
    return join "\n", $AROUND{http}, @http, 'server {', 'listen 127.0.0.1:%%PORT_0%%;', $AROUND{server}, @server,
        'location /example {', @location, '}', '}';
}

# Directives with their blocks, as they follow one another.
sub statements_of {
    my ($text) = @_;
    my $block;
    $block = qr/\{(?:[^{}]|(??{ $block }))*\}/;
    return $text =~ /\G\s*([^{};]+(?:;|$block))/g;
}
