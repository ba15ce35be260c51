package Edgerun::Certificates;

# Certificates for tests of TLS, in one folder: NAME.key and NAME.pem.

use strict;
use warnings;

use Carp qw(croak);
use Edgerun::Process;
use IO::File;

my @NEW_KEY = qw(-newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes);
my @VALID   = qw(-days 2);

sub new {
    my ($class, $dir) = @_;
    return bless { dir => $dir }, $class;
}

# Signed by itself: an authority, or with names ("IP:127.0.0.1,DNS:a.test") a
# server. The subject is /CN=NAME unless told.
sub self_signed {
    my ($self, $name, %options) = @_;
    return _openssl('req', '-x509', @NEW_KEY, @VALID, '-subj', $options{subject} // "/CN=$name",
        ($options{names} ? ('-addext', "subjectAltName=$options{names}") : ()),
        '-keyout', $self->_path("$name.key"), '-out', $self->_path("$name.pem"));
}

# Signed by an authority of the same folder.
sub signed {
    my ($self, $name, $authority, %options) = @_;
    my @extensions;
    if ($options{names}) {
        my $file = IO::File->new($self->_path("$name.ext"), 'w') or croak "$name.ext: $!";
        print $file "subjectAltName=$options{names}\n";
        $file->close;
        @extensions = ('-extfile', $self->_path("$name.ext"));
    }
    _openssl('req', '-new', @NEW_KEY, '-subj', $options{subject} // "/CN=$name",
        '-keyout', $self->_path("$name.key"), '-out', $self->_path("$name.csr"));
    return _openssl('x509', '-req', @VALID, '-in', $self->_path("$name.csr"),
        '-CA', $self->_path("$authority.pem"), '-CAkey', $self->_path("$authority.key"),
        '-CAcreateserial', @extensions, '-out', $self->_path("$name.pem"));
}

sub _path { return "$_[0]{dir}/$_[1]" }

sub _openssl {
    my (@arguments) = @_;
    my ($exit, $output) = Edgerun::Process::capture({ PATH => $ENV{PATH} }, 'openssl', @arguments);
    croak "openssl @arguments: $output" if $exit;
    return;
}

1;
