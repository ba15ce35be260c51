package Edgerun::QuotaStorm;

# Many clients of one user, who all submit until the quota is spent, and go on trying; each
# request has a key, and comes again until it is answered. The rest is Edgerun::Storm's.

use strict;
use warnings;

use parent 'Edgerun::Storm';

use Time::HiRes qw(sleep);

use Edgerun::History qw(read_events);
use Edgerun::Jobs ();
use Edgerun::Quotas;
use Edgerun::Wait qw(wait_until);

my $PAUSE = 0.2;    # of a client that was refused

# new(T, OPTIONS): as of Edgerun::Storm.
sub new {
    my ($class, $t, %options) = @_;
    my $self = $class->SUPER::new($t, clients => 64, pause => 0, shares => { submit => 100 }, %options);
    $_ = Edgerun::Jobs::token_of($t, 'alice') for values %{ $self->{token} };
    $self->{highest} = 0;
    return $self;
}

# await_used(NUMBER): until so much of the quota is used.
sub await_used {
    my ($self, $number) = @_;
    wait_until { $self->used >= $number } 120 or die "$number are never used: " . $self->used . "\n";
    return;
}

# As GET /usage says now; 0 without an answer.
sub used {
    my ($self) = @_;
    my $use = use_of($self->{t}) or return 0;
    $self->{highest} = $use->{used} if $use->{used} > $self->{highest};
    return $use->{used};
}

# The most that was ever seen.
sub highest { return $_[0]{highest} }

# The answers to submissions that ended, by outcome; jobs { id => 1 }.
sub answers {
    my ($self) = @_;
    my %answers = (jobs => {});
    for my $event (grep { $_->{op} eq 'submit' } @{ read_events($self->{history}) }) {
        $answers{ $event->{outcome} }++;
        $answers{jobs}{ $event->{id} } = 1 if $event->{outcome} eq 'ok';
    }
    return \%answers;
}

# Some of the accepted ones come once more.
sub _submit {
    my ($self) = @_;
    my $submit = shift @{ $self->{again} } // $self->_new_submit;
    my $event = $self->_request(
        { op => 'submit', key => $submit->{key} },
        'POST', '/jobs',
        json    => { query => $submit->{query} },
        headers => [ 'Idempotency-Key' => qq("$submit->{key}") ],
    );
    my $outcome = $event->{outcome};
    push @{ $self->{again} }, $submit if $outcome eq 'info' || $outcome eq 'ok' && rand() < 0.1;
    sleep $PAUSE if $outcome ne 'ok';
    return;
}

sub _new_submit {
    my ($self) = @_;
    my $number = ++$self->{count};
    return { query => "$self->{query} $number", key => "$self->{user}-$$-$number" };
}

sub _judge {
    my ($self, $event, $answer) = @_;
    $self->SUPER::_judge($event, $answer);
    $event->{outcome} = 'spent' if ($event->{http} // 0) == 429;
    return;
}

1;
