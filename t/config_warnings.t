#!/usr/bin/env perl
# What is allowed but risky is warned of, once, with its line; what is missing
# for the provider is left to the requests. Secrets are never shown.
use FindBin;
use lib "$FindBin::Bin/lib";
use Edgerun::Test;

my $LITERAL = 'literal-secret-of-more-than-32-bytes';
my $FILED   = 'filed-secret-of-more-than-32-bytes---';
my $VARIED  = 'varied-secret-of-more-than-32-bytes--';

my $t = Edgerun::Test->new(env => {
    SECRET => $VARIED,
    API_KEY => 'sk-varied-key',
    NOT_SET => undef,
    SHORT => 'short-secret',
    TWO_LINES => "sk-two\nlines",
});
$t->write_file($_, "$FILED\n") for qw(private open group);
$t->write_file('tool.json', '{"name": "tool"}');
chmod 0600, $t->dir . '/private';
chmod 0644, $t->dir . '/open';
chmod 0640, $t->dir . '/group';

# The warnings of a configuration that is accepted, by line number.
sub warnings_of {
    my ($conf) = @_;
    $t->write_conf($conf);
    my ($exit, $output) = $t->test_config;
    is $exit, 0, 'nginx -t accepts it' or diag $output;
    return $output =~ /^nginx: \[warn\] (.*)$/mg;
}

sub line_of {
    my ($text) = @_;
    my $conf = Edgerun::Process::slurp($t->dir . '/nginx.conf');
    return 1 + (substr($conf, 0, index $conf, $text) =~ tr/\n//);
}

my @quiet = warnings_of(<<'END');
    edgerun_provider main { api assistants; base_url http://127.0.0.1:1; api_key env:API_KEY; assistant asst_demo; }
    edgerun_provider filed { api assistants; base_url http://127.0.0.1:1; api_key file:private; }
    edgerun_provider none { api assistants; base_url http://127.0.0.1:1; }
    edgerun_provider unset { api assistants; base_url http://127.0.0.1:1; api_key env:NOT_SET; }
    edgerun_job_zone zone=jobs:8m;
    edgerun_auth_jwt "realm";
    edgerun_auth_jwt_secret env:SECRET;
    server {
        listen 127.0.0.1:%%PORT_0%%;
        location /1 { edgerun_jobs zone=jobs provider=main; }
        location /2 { edgerun_jobs zone=jobs provider=filed assistant=$arg_assistant; }
        location /3 { edgerun_jobs zone=jobs provider=none; }
        location /4 { edgerun_jobs zone=jobs provider=unset; edgerun_auth_jwt_secret file:private; }
    }
END
is join("\n", @quiet), '', 'secrets in variables and private files, and missing keys, need no warning';

my @loud = warnings_of(<<"END");
    resolver 127.0.0.1;
    edgerun_provider literal { api assistants; base_url http://127.0.0.1:1; api_key $LITERAL; }
    edgerun_provider literal2 { api assistants; api_key sk-$LITERAL; }
    edgerun_provider open { api assistants; base_url http://127.0.0.1:1; api_key file:open; }
    edgerun_job_zone zone=jobs:8m;
    edgerun_assistant helper {
        tool function tool.json uri=http://127.0.0.1:1/;
        header X-Tenant demo;
        header X-Tool-Key env:API_KEY;
        header X-Other-Key $LITERAL;
        header authorization "Bearer $LITERAL";
        header X-Open file:open;
    }
    server {
        listen 127.0.0.1:%%PORT_0%%;
        location /1 { edgerun_auth_jwt_secret $LITERAL; }
        location /2 { edgerun_auth_jwt_secret file:group; }
        location /free { edgerun_jobs zone=jobs provider=open; }
        location /heard { edgerun_auth_identity user=\$http_x_user; }
        location /heard2 { edgerun_auth_identity user=a-\${http_x_user}; }
        location /heard3 { edgerun_auth_identity user=\$uri role=\$ARG_role; }
        location /told { edgerun_auth_identity user=\$proxy_host; }
        location /off { edgerun_auth_jwt off; edgerun_jobs zone=jobs provider=open; }
    }
END
my %expected = (
    "api_key $LITERAL"     => qr/the literal "api_key" of edgerun_provider "literal" can be read by whoever reads the configuration; use env:NAME or file:PATH/,
    "api_key sk-$LITERAL"  => qr/the literal "api_key" of edgerun_provider "literal2"/,
    'api_key file:open'    => qr/"api_key": file "\S+\/open" is open to its group or to everybody; chmod 600 it/,
    "jwt_secret $LITERAL"  => qr/the literal "edgerun_auth_jwt_secret" can be read by whoever/,
    'jwt_secret file:group' => qr/"edgerun_auth_jwt_secret": file "\S+\/group" is open to its group/,
    'header X-Other-Key'   => qr/the literal "header" "X-Other-Key" can be read by whoever reads the configuration; use env:NAME or file:PATH/,
    'header authorization' => qr/the literal "header" "authorization" can be read by whoever/,
    'header X-Open'        => qr/"header": file "\S+\/open" is open to its group or to everybody; chmod 600 it/,
    'location /heard'      => qr/"edgerun_auth_identity" takes "user=\$http_x_user" from whoever sends the request/,
    'location /heard2'     => qr/takes "user=a-\$\{http_x_user\}" from whoever/,
    'location /heard3'     => qr/takes "role=\$ARG_role" from whoever/,
    'location /free'       => qr/"edgerun_jobs" without authentication: all clients are one user/,
    'location /off'        => qr/"edgerun_jobs" without authentication/,
);
for my $text (sort keys %expected) {
    my $number = line_of($text);
    is scalar(grep { /$expected{$text}/ && /in \S+\/nginx\.conf:$number$/ } @loud), 1, "a warning: $text"
        or diag explain \@loud;
}
is scalar @loud, scalar keys %expected, 'and no other one' or diag explain \@loud;

# ------------------------------------------------------------------ secrecy

sub nginx_says {
    my (@options) = @_;
    my (undef, $output) = Edgerun::Process::capture($t->_environment, $t->_command, @options);
    return $output;
}
my $dump = nginx_says('-T');
is scalar(() = $dump =~ /\Q$LITERAL\E/g), 5, 'nginx -T shows the literals that stand there, no more';
unlike $dump, qr/\Q$FILED\E/, 'nor what is in files';
unlike $dump, qr/\Q$VARIED\E/, 'nor in variables';

$t->write_conf(<<"END");
    resolver 127.0.0.1;
    edgerun_provider a { api assistants; base_url http://127.0.0.1:1; api_key env:TWO_LINES; }
    edgerun_provider b { api assistants; api_key pk-$LITERAL; }
    edgerun_provider c { api assistants; api_key "$LITERAL\\n"; }
    edgerun_provider d {
        api assistants; base_url http://me:$LITERAL\@127.0.0.1; api_key_header "X-Key $LITERAL";
        query "key=$LITERAL "; header X-Key "$LITERAL\\n"; api_kye $LITERAL;
    }
    server {
        listen 127.0.0.1:%%PORT_0%%;
        location /1 { edgerun_auth_jwt "a"; edgerun_auth_jwt_secret env:SHORT; }
        location /2 { edgerun_auth_jwt "a"; edgerun_auth_jwt_secret "short-literal"; }
        location /3 { edgerun_auth_jwt_secret env:SHORT; edgerun_auth_jwt_secret $LITERAL; }
    }
END
$t->allow_log(qr/\[emerg\]/);
my $refused = nginx_says('-t');
like $refused, qr/test failed/, 'a configuration with bad secrets is refused';
unlike $refused, qr/$_/, "without showing one" for qr/sk-two/, qr/\Q$LITERAL\E/, qr/short-(?:secret|literal)/;
unlike $t->error_log, qr/sk-two|\Q$LITERAL\E|\Q$FILED\E|\Q$VARIED\E|short-(?:secret|literal)/,
    'nor does error.log show any';

done_testing;
