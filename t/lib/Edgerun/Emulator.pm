package Edgerun::Emulator;

# The provider emulator (t/emulator), as one test's own process.

use strict;
use warnings;

use Carp qw(croak);

use Edgerun::Http;
use Edgerun::Process;
use Edgerun::Wait qw(wait_for_socket wait_for_exit);

sub base_url { return "http://127.0.0.1:$_[0]{port}/v1" }
sub port     { return $_[0]{port} }
sub pid      { return $_[0]{pid} }

1;
