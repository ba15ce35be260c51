#!/usr/bin/env perl
# Lists of the provider emulator have pages.
use strict;
use warnings;

use FindBin;
use JSON::PP;
use Test::More;

use lib "$FindBin::Bin/lib";
use Edgerun::EmulatorClient;

start_default();

subtest 'Lists' => sub {
    my $thread = new_thread();
    my $path   = "/threads/$thread/messages";
    my @ids    = map { add_message($thread, "Message $_")->{json}{id} } 1 .. 25;
    my $ids_of = sub { join ' ', map { $_->{id} } @{ $_[0]{data} } };
    my $page   = get($path)->{json};
    is($ids_of->($page), join(' ', reverse @ids[5 .. 24]), 'a page has 20 items, newest first');
    is_deeply([ @$page{qw(object first_id last_id has_more)} ],
        [ 'list', $ids[24], $ids[5], JSON::PP::true ], 'and says where it begins and ends');
    $page = get("$path?after=$page->{last_id}")->{json};
    is($ids_of->($page), join(' ', reverse @ids[0 .. 4]), 'the next page follows');
    is($page->{has_more}, JSON::PP::false, 'and is the last one');
    $page = get("$path?order=asc&limit=3&after=$ids[1]")->{json};
    is($ids_of->($page), join(' ', @ids[2 .. 4]), 'a list may be ascending');
    $page = get("$path?order=asc&limit=2&before=$ids[5]")->{json};
    is($ids_of->($page), join(' ', @ids[3 .. 4]), 'and go backwards');
    $page = get("$path?limit=100")->{json};
    is(scalar @{ $page->{data} }, 25, 'a page has up to 100 items');
    $page = get("$path?run_id=run_none")->{json};
    is_deeply([ @$page{qw(data first_id has_more)} ], [ [], undef, JSON::PP::false ],
        'a list may be empty');
    refused(get("$path?limit=0"), 400, 'integer_below_min_value', qr/>= 1/, 'a limit of 0');
    refused(get("$path?limit=101"), 400, 'integer_above_max_value', qr/<= 100/, 'a limit of 101');
    refused(get("$path?limit=ten"), 400, 'invalid_type', qr/'limit'/, 'a limit in words');
    refused(get("$path?order=up"), 400, 'invalid_value', qr/'asc' and 'desc'/, 'an unknown order');
    refused(get("$path?limit=1&limit=2"), 400, 'duplicate_parameter', qr/'limit'/,
        'an argument given twice');
    refused(get("$path?page=2"), 400, 'unknown_parameter', qr/'page'/, 'an unknown argument');
    refused(get("$path?after=msg_gone"), 404, undef, qr/No message found/, 'an unknown place');
    my ($run, $other) = final_run('Hello', 'completed');
    is($ids_of->(get("$other/runs")->{json}), $run->{id}, 'the runs of a thread are a list');
};

done_testing();
