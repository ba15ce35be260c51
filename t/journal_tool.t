#!/usr/bin/env perl
# edgerun-journal: what it tells of a directory, of a stopped server's and of a running
# one's, and of files that are spoilt.
use FindBin;
use lib "$FindBin::Bin/lib";
use Edgerun::Test;
use Edgerun::Jobs;
use Edgerun::Process;

use Compress::Zlib qw(crc32);
use Digest::SHA qw(sha256);
use JSON::PP qw(decode_json);

my $t = Edgerun::Test->new(workers => 1);
$t->start_emulator(duration => 1);
my $directory = $t->dir . '/journal';

# (exit code, stdout, stderr)
sub journal {
    my (@arguments) = @_;
    my $told = $t->dir . '/stderr';
    my @command = ('sh', '-c', 'told=$1; shift; exec "$@" 2>"$told"', 'sh', $told,
        "$Edgerun::Test::TOP/build/bin/edgerun-journal", @arguments);
    my ($exit, $output) = Edgerun::Process::capture({ PATH => $ENV{PATH} }, @command);
    return ($exit, $output, Edgerun::Process::slurp($told));
}

# Names, sizes and times of all files.
sub state_of_files {
    return join "\n", map { join ' ', $_, (stat)[7, 9, 10] } sort glob "$directory/*";
}

sub segments { return sort glob "$directory/*.journal" }

sub write_bytes {
    my ($path, $bytes) = @_;
    open my $out, '>:raw', $path or die "$path: $!";
    print $out $bytes;
    close $out or die "$path: $!";
    return;
}

# ------------------------------------------------------------ a running server

$t->write_conf(jobs_conf(zone => "zone=jobs:4m journal=$directory", provider => { run_timeout => '100s' }));
$t->run;
my $ready;
wait_until { ($ready = submit($t, 'Ready?'))->{status} == 202 };
finish($t, [ $ready, submit($t, 'What is "this"?') ]);
my $finished = run_job($t, 'Grüße');
my $shown = $t->get("/jobs/$finished->{id}?include=steps", token => $t->token({ sub => 'alice' }))->{json};
my $running  = run_job($t, 'Slow. [[duration=90000]]', metadata => { a => 'b' }, until => qr/RUNNING/);
my $erased   = run_job($t, 'Not for long.');
is $t->request('DELETE', $erased->{links}{self} // "/jobs/$erased->{id}",
    token => $t->token({ sub => 'alice' }))->{status}, 204, 'a job is erased';

my ($exit, $output, $told) = journal($directory);
is "$exit $told", '0 ', 'a directory in use can be listed';
like $output, qr/^[0-9a-f]{16}  in use /m, 'its writer is in use';
like $output, qr/^COMPLETED +3$/m, 'finished jobs are counted';
like $output, qr/^RUNNING +1$/m, 'and one that runs';
like $output, qr/^erased +1$/m, 'and what was erased';
($exit, $output, $told) = journal($directory, 'verify');
is "$exit $told", '0 ', 'and verified' or diag $output;
ok job_of($t, $finished), 'the server goes on';

# ------------------------------------------------------------ a stopped server

$t->stop;
my $before = state_of_files();
($exit, $output, $told) = journal($directory, 'list');
is "$exit $told", '0 ', 'a stopped server can be listed';
like $output, qr/^[0-9a-f]{16}  free /m, 'its writer has left';
($exit, $output) = journal($directory, 'verify');
like $output, qr/\A1 segments, \d+ records, 4 jobs\n\z/, 'there is nothing to complain of';
is $exit, 0, 'which its exit status says';

my $lines;
($exit, $lines, $told) = journal($directory, 'export');
is "$exit $told", '0 ', 'jobs are exported';
my @jobs = map { decode_json($_) } split /\n/, $lines;
is scalar(@jobs), 4, 'each on a line, without those that were erased';
my ($told_finished) = grep { $_->{id} eq $finished->{id} } @jobs;
is_deeply $told_finished->{body}, $shown, 'with the body that clients see, steps and all';
is $told_finished->{status}, 'COMPLETED', 'its status';
is $told_finished->{owner}, unpack('H32', sha256('alice')), 'its owner\'s digest';
is $told_finished->{createdAt}, $finished->{createdAt}, 'its times';
ok !exists $told_finished->{request}, 'and no request once it is final';
my ($told_running) = grep { $_->{id} eq $running->{id} } @jobs;
is $told_running->{request}{query}, 'Slow. [[duration=90000]]', 'a job that is not has one';
is_deeply $told_running->{request}{metadata}, { a => 'b' }, 'with its metadata';
is $told_running->{runId}, $running->{runId}, 'and its run';
is $jobs[-1]{id}, $running->{id}, 'the youngest stands last';
is state_of_files(), $before, 'nothing in the directory has changed';

# ------------------------------------------------------------- spoilt files

my ($segment) = segments();
my $bytes = Edgerun::Process::slurp($segment);
my ($writer) = $segment =~ m{/([0-9a-f]{16})-};

# A segment of that number; CRC and places as of version 1.
sub segment_bytes {
    my ($number, $records, %other) = @_;
    my ($of_writer, $of_zone) = unpack 'x16 Q< Q<', $bytes;
    my $header = pack 'a8 V V Q< Q< q< x20', 'edgerunJ', $other{format} // 1, $number, $of_writer, $of_zone,
        1_800_000_000_000;
    return $header . pack('V', crc32($header)) . $records;
}

sub frame {
    my ($payload) = @_;
    return pack('V V', length $payload, crc32($payload)) . $payload;
}

my $used = length($bytes =~ s/\0+\z//r);
write_bytes($segment, substr $bytes, 0, $used - 1);
($exit, $output, $told) = journal($directory, 'verify');
is "$exit $told", '0 ', 'a torn end is no problem';
like $output, qr/^"\Q$segment\E" cannot be read from byte \d+ on: a write that never ended$/m, 'but told';

my $next = "$directory/$writer-00000002.journal";
write_bytes($next, segment_bytes(2, ''));
($exit, $output, $told) = journal($directory, 'verify');
is $exit, 1, 'in a file that is not its writer\'s last one it is a problem';
like $told, qr/"\Q$segment\E" cannot be read from byte \d+ on: a write failed there/, 'that says where';

write_bytes($segment, $bytes);
($exit, $output, $told) = journal($directory, 'verify');
is "$exit $told", '0 ', 'a whole one with an empty one behind is well';

for my $case (
    [ 'a later version\'s'     => segment_bytes(2, 'new', format => 2), qr/a later version of edgerun wrote it/ ],
    [ 'a foreign'               => 'x' x 200,                            qr/it is no journal of edgerun/ ],
    [ 'a damaged'               => segment_bytes(2, 'rec') =~ s/\A.{20}\K./?/sr, qr/its header is damaged/ ],
    [ 'a renamed'               => segment_bytes(3, ''),                 qr/its header names another file/ ],
) {
    my ($name, $content, $says) = @$case;
    write_bytes($next, $content);
    for my $command (qw(list verify export)) {
        ($exit, $output, $told) = journal($directory, $command);
        ok $exit == 1 && $told =~ $says, "$command tells of $name segment" or diag "$exit $told";
    }
}

my $stranger = pack 'C a21 V V Q< q<', 2, "\1" x 21, 1, 1, 0, 0;
write_bytes($next, segment_bytes(2, frame($stranger)));
($exit, $output, $told) = journal($directory, 'verify');
is $exit, 1, 'a job without its first record is a problem';
like $told, qr/job AQEB\w+ cannot be put together/, 'that names it';
($exit, $output) = journal($directory, 'export');
is "$exit $output", "1 $lines", 'the others are exported all the same';

my $whole = pack('C a21 V V Q< q<', 1, "\1" x 21, 1, 1, 0, 0) . pack('C C a*', 133, 9, '{"a":"b"}');
write_bytes($next, segment_bytes(2, frame($whole)));
($exit, $output, $told) = journal($directory, 'verify');
like $told, qr/job AQEB\w+ has an id that was not made in this zone/, 'a foreign job is a problem';
like $told, qr/job AQEB\w+ has no request, and is not final/, 'one that nobody can carry on, too';

write_bytes($next, segment_bytes(2, frame($whole . pack 'C C C', 8, 1, 1)));
($exit, $output, $told) = journal($directory, 'export');
is "$exit $output$told", "0 $lines", 'one that is erased, but for its clean-up, is not exported';
unlink $next or die $!;

my $zone = Edgerun::Process::slurp("$directory/zone");
write_bytes("$directory/zone", 'x');
($exit, $output, $told) = journal($directory, 'verify');
ok $exit == 1 && $told =~ m{cannot use "\Q$directory\E/zone"}, 'a spoilt secret is a problem' or diag $told;
unlink "$directory/zone" or die $!;
($exit, $output, $told) = journal($directory, 'verify');
ok $exit == 1 && $told =~ m{"\Q$directory\E/zone" is missing}, 'and so is a lost one' or diag $told;
write_bytes("$directory/zone", $zone);

# ------------------------------------------------------------ the command line

for my $case (
    [ 'no directory'              => ],
    [ 'an unknown command'        => $directory, 'repair' ],
    [ 'two commands'              => $directory, 'list', 'verify' ],
    [ 'an unknown option'         => '--force', $directory ],
    [ 'a directory that is not'   => "$directory/none" ],
    [ 'a file for a directory'    => $segment ],
) {
    my ($name, @arguments) = @$case;
    ($exit, $output, $told) = journal(@arguments);
    ok $exit == 2 && $output eq '' && $told =~ /\Aedgerun-journal: /, "it refuses $name" or diag "$exit $told";
}
for my $option ('--help', '-h') {
    ($exit, $output, $told) = journal($option);
    ok $exit == 0 && $output =~ /\Ausage: edgerun-journal / && $told eq '', "$option helps";
}
($exit) = Edgerun::Process::capture({}, '/bin/sh', '-c',
    "$Edgerun::Test::TOP/build/bin/edgerun-journal $directory export >/dev/full 2>&1");
is $exit, 1, 'what cannot be written is a failure';

done_testing;
