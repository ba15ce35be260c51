package Edgerun::Tools;

# Assistants with function tools, in front of the emulator.

use strict;
use warnings;

use Exporter qw(import);
use JSON::PP;

use Edgerun::Dialects;
use Edgerun::Jobs;

our @EXPORT = qw(provider_of function_tool assistant_block tools_conf give_outputs calls_of
    tool_calls outputs_told question);

my $JSON = JSON::PP->new->canonical;    # of characters, as in the emulator's log

# The directives of a provider whose assistant is "helper".
sub provider_of {
    my (%more) = @_;
    return { assistant => 'helper', model => 'gpt-4o', %more };
}

# function_tool(T, NAME, PARAMETERS): the directive of a function, whose file is written.
sub function_tool {
    my ($t, $name, $parameters) = @_;
    $t->write_file("$name.json", $JSON->encode({
        name        => $name,
        description => "Does $name.",
        parameters  => { type => 'object', properties => {} },
    }));
    return join ' ', "tool function $name.json", $parameters // ();
}

# assistant_block(NAME, DIRECTIVES...): text for http {}.
sub assistant_block {
    my ($name, @directives) = @_;
    return join '', "    edgerun_assistant $name {\n", (map { "        $_;\n" } @directives), "    }\n";
}

# tools_conf([DIRECTIVES of the assistant "helper"], OPTIONS): as of jobs_conf().
sub tools_conf {
    my ($directives, %options) = @_;
    my $block = assistant_block('helper', @$directives);
    return jobs_conf(
        %options,
        provider => provider_of(%{ $options{provider} // {} }),
        http     => $block . ($options{http} // ''),
    );
}

# question(TEXT, FUNCTIONS, OPTIONS): has the model call these. OPTIONS: arguments (data, or
# text as it is), rounds.
sub question {
    my ($text, $functions, %options) = @_;
    my $given = $options{arguments} // {};
    my $arguments = ref $given ? $JSON->encode($given) : $given;
    my $rounds = $options{rounds} // 1;
    return "$text [[tools=" . join(',', @$functions) . "]][[tool_arguments=$arguments]][[tool_rounds=$rounds]]";
}

# The calls that a job shows: { NAME => ID }.
sub calls_of {
    my ($job) = @_;
    return { map { $_->{name} => $_->{id} } @{ $job->{requiredAction}{toolCalls} // [] } };
}

# give_outputs(T, JOB, { ID => OUTPUT }, OPTIONS): the answer. OPTIONS: user, on.
sub give_outputs {
    my ($t, $job, $outputs, %options) = @_;
    my @list = map { { toolCallId => $_, output => $outputs->{$_} } } sort keys %$outputs;
    my $from = $options{on} // $t;
    return $from->post(
        "/jobs/$job->{id}/tool_outputs",
        json  => { toolOutputs => \@list },
        token => Edgerun::Jobs::token_of($t, $options{user} // 'alice'),
    );
}

# What the operator's endpoint was asked, oldest first: the log's entries, with `told`.
sub tool_calls {
    my ($t) = @_;
    return map { { %$_, told => $JSON->decode($_->{body}) } } @{ $t->emulator->log(call => 'tool') };
}

# outputs_told(T): { CALL => OUTPUT } that the provider was told, in all rounds.
sub outputs_told {
    my ($t) = @_;
    my %told;
    for my $entry (@{ $t->emulator->log }) {
        my $body = $entry->{body} ? eval { $JSON->decode($entry->{body}) } : undef;
        next if ref $body ne 'HASH';
        my @items = dialect() eq 'assistants' ? @{ $body->{tool_outputs} // [] }
            : dialect() eq 'responses' ? grep { $_->{type} eq 'function_call_output' } _list($body->{input})
            :                       grep { $_->{role} eq 'tool' } _list($body->{messages});
        $told{ $_->{tool_call_id} // $_->{call_id} } = $_->{output} // $_->{content} for @items;
    }
    return \%told;
}

sub _list { my ($value) = @_; return ref $value eq 'ARRAY' ? grep { ref eq 'HASH' } @$value : () }

1;
