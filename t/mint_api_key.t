#!/usr/bin/env perl
# conf/mint-api-key: a key that passes the gate, and a line that NGINX takes.
use FindBin;
use lib "$FindBin::Bin/lib";
use Edgerun::Test;

use Digest::SHA qw(sha256_hex);
use JSON::PP qw(decode_json);

my $t = Edgerun::Test->new;
my $keys = $t->dir . '/keys.jsonl';

# (exit code, stdout, stderr) of the script.
sub mint {
    my (@arguments) = @_;
    my $told = $t->dir . '/stderr';
    my @command = ('sh', '-c', 'told=$1; shift; exec "$@" 2>"$told"', 'sh', $told,
        "$Edgerun::Test::TOP/conf/mint-api-key", @arguments);
    my ($exit, $output) = Edgerun::Process::capture({ PATH => $ENV{PATH} }, @command);
    return ($exit, $output, Edgerun::Process::slurp($told));
}

sub minted {
    my ($exit, $output, $told) = mint(@_, $keys);
    is $exit, 0, 'it mints a key' or diag $told;
    chomp $output;
    return $output;
}

sub lines { return split /\n/, Edgerun::Process::slurp($keys) }

# ------------------------------------------------------------- what it writes

my ($exit, $output, $told) = mint('--user', 'alice', $keys);
is $exit, 0, 'a user and a file are enough';
like $output, qr/\Aerk_[A-Za-z0-9]{43}\n\z/, 'the key, and nothing else, is on stdout';
unlike $told, qr/erk_/, 'the key is not on stderr';
chomp(my $plain = $output);
is_deeply [ map { decode_json($_) } lines() ],
    [ { id => 'k_' . substr(sha256_hex($plain), 0, 12), sha256 => sha256_hex($plain), user => 'alice' } ],
    'the file gets its digest';
is sprintf('%o', (stat $keys)[2] & 07777), '640', 'a new file is not for everybody';

my $full = minted(
    '--user', "Zo\xc3\xab & sons", '--role', 'admin', '--role', 'super user', '--module', 'chat', '--module', 'rag',
    '--limit', 100, '--not-after', '2099-02-28T23:59:59.5+01:00', '--id', 'reports-1', '--prefix', 'acme_live');
like $full, qr/\Aacme_live_[A-Za-z0-9]{43}\z/, 'the prefix is as wanted';
is_deeply decode_json((lines())[1]),
    {
    id        => 'reports-1',
    sha256    => sha256_hex($full),
    user      => "Zo\x{eb} & sons",
    role      => [ 'admin', 'super user' ],
    modules   => [ 'chat', 'rag' ],
    limit     => 100,
    not_after => '2099-02-28T23:59:59.5+01:00',
    },
    'the line says all that was wanted';

open my $file, '>>', $keys or die "$keys: $!";
print $file '# a comment without its end';
close $file;
my $other = minted('--user', 'other');
is scalar(lines()), 4, 'a last line without its end stays a line of its own';
isnt $other, $plain, 'each key is another';

my @at_once = map {
    my $n = $_;
    my $pid = fork // die "fork: $!";
    if (!$pid) {
        exec "$Edgerun::Test::TOP/conf/mint-api-key", '--user', "user $n", ('--role', 'r' x 250) x 200, $keys
            if open(STDOUT, '>', '/dev/null') && open(STDERR, '>&', \*STDOUT);
        require POSIX;
        POSIX::_exit(127);
    }
    $pid;
} 1 .. 4;
waitpid $_, 0 for @at_once;
my @users = map { decode_json($_)->{user} } grep { !/^#/ } lines();
is_deeply [ sort @users[ 3 .. $#users ] ], [ map { "user $_" } 1 .. 4 ], 'those minted at once do not mix';

# ------------------------------------------------------------ what it refuses

my $before = Edgerun::Process::slurp($keys);
for my $case (
    ['no user'                    => ],
    ['no file'                    => '--user', 'u', undef],
    ['two files'                  => '--user', 'u', "$keys.2"],
    ['an unknown option'          => '--user', 'u', '--admin'],
    ['an option without value'    => '--user', 'u', $keys, '--role', undef],
    ['an empty limit'             => '--user', 'u', '--limit', ''],
    ['an empty end'               => '--user', 'u', '--not-after', ''],
    ['an empty user'              => '--user', ''],
    ['a quote in a user'          => '--user', 'a","role":"admin'],
    ['a backslash in a user'      => '--user', 'a\\'],
    ['a newline in a user'        => '--user', "a\nb"],
    ['a tab in a role'            => '--user', 'u', '--role', "a\tb"],
    ['DEL in a role'              => '--user', 'u', '--role', "a\x7f"],
    ['C1 in a role'               => '--user', 'u', '--role', "a\xc2\x85"],
    ['a comma in a role'          => '--user', 'u', '--role', 'user,admin'],
    ['a comma in a module'        => '--user', 'u', '--module', 'a,b'],
    ['a quote in a module'        => '--user', 'u', '--module', 'a"'],
    ['a blank before a user'      => '--user', ' u'],
    ['a blank behind an id'       => '--user', 'u', '--id', 'x '],
    ['what is not UTF-8'          => '--user', "Zo\xeb"],
    ['a user of 257 bytes'        => '--user', 'u' x 257],
    ['a limit below zero'         => '--user', 'u', '--limit', '-1'],
    ['a limit with a zero before' => '--user', 'u', '--limit', '010'],
    ['a huge limit'               => '--user', 'u', '--limit', '9223372036854775808'],
    ['a limit that is no number'  => '--user', 'u', '--limit', '1,"disabled":false'],
    ['31 February'                => '--user', 'u', '--not-after', '2099-02-31T00:00:00Z'],
    ['a day without time'         => '--user', 'u', '--not-after', '2099-02-01'],
    ['a time without offset'      => '--user', 'u', '--not-after', '2099-02-01T00:00:00'],
    ['words for a time'           => '--user', 'u', '--not-after', 'tomorrow'],
    ['a time that is over'        => '--user', 'u', '--not-after', '2020-02-01T00:00:00Z'],
    ['an id that is there'        => '--user', 'u', '--id', 'reports-1'],
    ['a blank in a prefix'        => '--user', 'u', '--prefix', 'a b'],
) {
    my ($name, @arguments) = @$case;
    if   (@arguments && !defined $arguments[-1]) { pop @arguments }
    else                                         { push @arguments, $keys }
    my ($exit, $output, $told) = mint(@arguments);
    ok $exit == 2 && $output eq '' && $told =~ /\Amint-api-key: [^\n]+\n\z/, "it refuses $name, in one line"
        or diag "$exit: $output$told";
}
($exit, $output) = mint('--user', 'u', $t->dir . '/no/such/folder');
ok $exit != 0 && $output eq '', 'it prints no key that no file holds';
is Edgerun::Process::slurp($keys), $before, 'the file is as it was';
ok !-e "$keys.2", 'and there is no other';

# ---------------------------------------------------------- what NGINX makes of it

$t->write_conf(<<'END');
    server {
        listen 127.0.0.1:%%PORT_0%%;
        root %%TESTDIR%%/html;
        edgerun_auth_api_keys keys.jsonl;
        add_header X-User $edgerun_user;
        location / { }
        location /admin/ { edgerun_require_role admin; alias %%TESTDIR%%/html/; }
        location /rag/ { edgerun_require_module rag; alias %%TESTDIR%%/html/; }
    }
END
mkdir $t->dir . '/html';
$t->write_file('html/page', 'inside');
$t->run;

my $inside = $t->get('/page', token => $plain);
is $inside->{status}, 200, 'the key passes';
is $inside->{headers}{'x-user'}, 'alice', 'for its user';
is $t->get('/page', headers => ['x-api-key' => $plain])->{status}, 200, 'in x-api-key too';
is $t->get('/admin/page', token => $plain)->{status}, 403, 'without a role that it was not given';
is $t->get('/admin/page', token => $full)->{status}, 200, 'a role that was given counts';
is $t->get('/rag/page', token => $full)->{status}, 200, 'and so does a module';
is $t->get('/page', token => $other)->{status}, 200, 'the key behind the repaired line passes';
is $t->get('/page', token => "${plain}x")->{status}, 401, 'another key does not';

my $late = minted('--user', 'late');
is $t->get('/page', token => $late)->{status}, 401, 'a new key is not known before a reload';
ok $t->reload, 'NGINX reloads';
is $t->get('/page', token => $late)->{status}, 200, 'and is after it';

my $digest = sha256_hex($late);
my $text = Edgerun::Process::slurp($keys) =~ s/(?="sha256":"$digest")/"disabled":true,/r;
$t->write_file('keys.jsonl', $text);
ok $t->reload, 'NGINX reloads';
is $t->get('/page', token => $late)->{status}, 401, 'a disabled key does not pass any more';
is $t->get('/page', token => $plain)->{status}, 200, 'the others do';

done_testing;
