#!/usr/bin/env perl
# The disk that tests put under a journal: what is not flushed does not survive a
# power cut, and failures come as ordered.
use FindBin;
use lib "$FindBin::Bin/lib";
use Edgerun::Test;
use Edgerun::Disk;

my $t = Edgerun::Test->new;
my $directory = $t->dir . '/journal';
mkdir $directory;
my $disk = Edgerun::Disk->new($t, 'journal');

# Perl code in a process of its own that has this disk; what it prints.
sub on_disk {
    my ($code) = @_;
    my $begin = 'use Fcntl; use IO::Handle; $| = 1; chdir shift;'
        . 'sub file { sysopen my $f, $_[0], O_RDWR | O_CREAT or die; $f }'
        . 'sub put { my ($f, $text) = @_; defined syswrite $f, $text or print "$!\n" }'
        . 'sub flush { $_[0]->sync or print "$!\n" }'
        . 'sub flush_names { open my $d, "<", "." or die; flush($d) }';
    my ($exit, $output) =
        Edgerun::Process::capture({ PATH => $ENV{PATH}, %{ $disk->environment } },
        $^X, '-e', "$begin $code", $directory);
    return $output;
}

sub content { return Edgerun::Process::slurp("$directory/$_[0]") }
sub names { return join ' ', sort map { m{([^/]+)$} } glob "$directory/*" }

on_disk('$f = file("flushed"); put($f, "one "); flush($f); flush_names(); put($f, "two");'
        . '$g = file("named"); put($g, "x"); flush_names(); $h = file("unnamed"); put($h, "y"); flush($h);');
is content('flushed'), 'one two', 'as long as there is power, all is there';
$disk->cut_power;
is names(), 'flushed named', 'a name needs a flush of the directory';
is content('flushed'), 'one ', 'content needs a flush of the file';
is content('named'), '', 'a name alone has no content';

on_disk('$f = file("flushed"); sysseek $f, 0, 2; put($f, "three"); flush($f);');
$disk->cut_power;
is content('flushed'), 'one three', 'what is flushed after a cut survives the next';

on_disk('rename "flushed", "moved"; unlink "named"; $f = file("new"); put($f, "z"); flush($f)');
is names(), 'moved new', 'a file is renamed, another removed';
$disk->cut_power;
is names(), 'flushed named', 'without a flush of the directory they come back';
is content('flushed'), 'one three', 'with what they held';
on_disk('rename "flushed", "moved"; unlink "named"; flush_names()');
$disk->cut_power;
is names(), 'moved', 'with a flush of the directory they do not';

on_disk('$f = file("moved"); truncate $f, 3; $g = file("moved"); flush($g);');
$disk->cut_power;
is content('moved'), 'one', 'a file is cut by a flush';

$disk->set(failFlushes => 1);
is on_disk('$f = file("moved"); put($f, "TWO"); flush($f); flush($f); print "ended"'),
    "Input/output error\nended", 'one flush fails, the next succeeds';
is $disk->number('failedFlushes'), 1, 'that can be seen';
$disk->cut_power;
is content('moved'), 'one', 'and what the failed one should have kept is lost';

$disk->set(failWrites => 2);
is on_disk('$f = file("moved"); put($f, "1"), put($f, "2"); put($f, "3"); flush($f)'),
    "No space left on device\n" x 2, 'two writes fail, the third succeeds';
$disk->cut_power;
is content('moved'), '3ne', 'at the same place';

$disk->set(isFull => 1);
is on_disk('$f = file("moved"); put($f, "12"); $g = file("full"); put($g, "x")'),
    "No space left on device\n", 'a full disk takes what stands in the place of something';
is on_disk('exec "fallocate", "-l", "1M", "moved"') =~ tr/\n//dr,
    'fallocate: fallocate failed: No space left on device', 'but gives no space';
$disk->set(isFull => 0);

# 64 pages, of which the first is flushed.
on_disk('$f = file("pages"); put($f, "a" x 4096); flush($f); flush_names(); put($f, "b" x 4096) for 1 .. 63');
$disk->cut_power(torn => 1);
my $pages = content('pages');
is substr($pages, 0, 4096), 'a' x 4096, 'torn pages: what was flushed is there';
is length $pages, 64 * 4096, 'the file may have its size';
my %kinds = map { substr($pages, 4096 * $_, 4096) => 1 } 1 .. 63;
is_deeply \%kinds, { 'b' x 4096 => 1, "\0" x 4096 => 1 }, 'some pages of the rest are there, others not';

done_testing;
