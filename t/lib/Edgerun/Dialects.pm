package Edgerun::Dialects;

# The dialect in which a test's provider speaks: assistants, unless the variable
# EDGERUN_DIALECT says another. A test of what is the same in all of them has the line
#
#     use Edgerun::Dialects;
#
# and is run once for each (t/lib/suite); with names behind it, only for those. All that
# differs is in the table below.

use strict;
use warnings;

use Carp qw(croak);
use parent qw(Exporter);
use Test::More ();

our @EXPORT = qw(dialect call purpose);

my $MODEL = { model => 'gpt-4.1' };

# provider     what edgerun_provider needs
# calls        the emulator's names for what a job asks for; what is missing there is never asked
# runs_on      a run goes on upstream without a connection; else it ends with its call
# names_jobs   runs carry the id and the metadata of their job
# carried_on   how a job may end whose worker died: its status, error and number of runs
# lost_run     what becomes of a run whose start got lost, when its job ends
# ends_as      how a run may end upstream, besides completed
# failure      the error of a job whose run fails for good ([[error=invalid_prompt:TEXT]])
# reason       why an answer ends early, unless told
# thread, run  ids that the job shows; no thread: there is none unless it is kept
# kept_thread  the same of one that is kept
# path         of a job's run
# texts        what the user says in the body of the call `query`
# outputs      the outputs of tools in the body of the call `outputs`: id, output, ...
# first        what a job wants first, as errors have it
my %TABLE = (
    assistants => {
        provider    => { api => 'assistants', assistant => 'asst_demo' },
        calls       => {
            thread  => 'create_thread',
            query   => 'add_message',
            start   => 'create_run',
            find    => 'list_runs',
            poll    => 'poll_run',
            cancel  => 'cancel_run',
            answer  => 'list_messages',
            forget  => 'delete_thread',
            outputs => 'submit_tool_outputs',
        },
        runs_on     => 1,
        names_jobs  => 1,
        carried_on  => qr/^COMPLETED  1$/,
        lost_run    => 'cancelled',
        ends_as     => { map { $_ => 1 } qw(failed incomplete expired cancelled) },
        failure     => 'RunFailed',
        first       => 'create a thread',
        thread      => qr/^thread_\w+$/,
        kept_thread => qr/^thread_\w+$/,
        run         => qr/^run_\w+$/,
        path        => sub { "/v1/threads/$_[0]{threadId}/runs/$_[0]{runId}" },
        reason      => 'max_completion_tokens',
        texts       => sub { $_[0]{content} },
        outputs     => sub { map { @$_{qw(tool_call_id output)} } @{ $_[0]{tool_outputs} } },
    },
    responses => {
        provider    => { api => 'responses', %$MODEL },
        calls       => {
            thread  => 'create_conversation',
            query   => 'create_response',
            start   => 'create_response',
            find    => 'list_items',
            poll    => 'poll_response',
            cancel  => 'cancel_response',
            forget  => 'delete_conversation',
            outputs => 'create_response',
        },
        runs_on     => 1,
        names_jobs  => 1,
        carried_on  => qr/^COMPLETED  1$/,
        lost_run    => 'in_progress',
        ends_as     => { map { $_ => 1 } qw(failed incomplete cancelled) },
        failure     => 'RunFailed',
        first       => 'create a thread',
        thread      => qr/^conv_\w+$/,
        kept_thread => qr/^conv_\w+$/,
        run         => qr/^resp_\w+$/,
        path        => sub { "/v1/responses/$_[0]{runId}" },
        reason      => 'max_output_tokens',
        texts       => sub { map { $_->{content} // () } @{ $_[0]{input} } },
        outputs     => sub { map { @$_{qw(call_id output)} } grep { $_->{call_id} } @{ $_[0]{input} } },
    },
    chat => {
        provider    => { api => 'chat', %$MODEL },
        calls       => { map { $_ => 'create_completion' } qw(query start outputs) },
        carried_on  => qr/^(?:COMPLETED  1|FAILED StartOutcomeUnknown [01])$/,
        lost_run    => 'cancelled',
        ends_as     => { map { $_ => 1 } qw(incomplete) },
        failure     => 'ProviderError',
        first       => 'start the run',
        kept_thread => qr/^thread_[\w-]+$/,
        run         => qr/^chatcmpl-\w+$/,
        reason      => 'max_completion_tokens',
        texts      => sub { $_[0]{messages}[-1]{content} },
        outputs    => sub { map { @$_{qw(tool_call_id content)} } grep { $_->{tool_call_id} } @{ $_[0]{messages} } },
    },
);

my $current = 'assistants';

sub import {
    my ($class, @only) = @_;
    my $wanted = $ENV{EDGERUN_DIALECT} || $only[0] || 'assistants';
    croak "EDGERUN_DIALECT: $wanted is none of " . join ', ', sort keys %TABLE if !$TABLE{$wanted};
    Test::More::plan(skip_all => "not for $wanted") if @only && !grep { $_ eq $wanted } @only;
    $current = $wanted;
    return $class->export_to_level(1);
}

# dialect(): its name; dialect(FIELD): what the table says.
sub dialect {
    my ($field) = @_;
    return defined $field ? $TABLE{$current}{$field} : $current;
}

# call(WHAT): the emulator's name of the call; undef if this dialect has none.
sub call { return $TABLE{$current}{calls}{ $_[0] } }

# purpose(NAME): what that call of the emulator is for; undef if this dialect has no use for it.
sub purpose {
    my ($name) = @_;
    my %purposes = reverse %{ $TABLE{$current}{calls} };
    return $name eq call('start') ? 'start' : $purposes{$name};
}

# As text for edgerun_provider.
sub directives {
    my $provider = dialect('provider');
    return join ' ', map { "$_ $provider->{$_};" } sort keys %$provider;
}

1;
