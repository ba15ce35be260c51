#!/usr/bin/env perl
# The provider emulator fails on demand.
use strict;
use warnings;

use FindBin;
use JSON::PP;
use Test::More;
use Time::HiRes qw(time);

use lib "$FindBin::Bin/lib";
use Edgerun::EmulatorClient;

start_default();

subtest 'Faults' => sub {
    my $count_threads = sub { control('GET', 'stats')->{threads} };
    my $last_call = sub { (control('GET', 'log'))->[-1] };

    faults({ on => 'create_thread', action => 'status', status => 429, times => 2, skip => 1,
            headers => { 'Retry-After' => '1' } });
    my @answers = map { post('/threads', {}) } 1 .. 4;
    is(join(' ', map { $_->{status} } @answers), '200 429 429 200', 'a status comes N times after M');
    is($answers[1]{headers}{'retry-after'}, 1, 'with its headers');
    is($answers[1]{json}{error}{code}, 'rate_limit_exceeded', "and OpenAI's words");
    is_deeply(control('GET', 'faults'), [], 'then the fault is used up');

    my $before = $count_threads->();
    faults({ on => 'create_thread', action => 'status', status => 500, carried_out => JSON::PP::true });
    is(post('/threads', {})->{status}, 500, 'a call may fail');
    is($count_threads->(), $before + 1, 'although it was carried out');

    for my $case ([ cut_before => 0 ], [ cut_after => 1 ]) {
        my ($action, $added) = @$case;
        $before = $count_threads->();
        faults({ on => 'create_thread', action => $action });
        is(post('/threads', {})->{status}, 599, "$action closes the connection");
        is($count_threads->(), $before + $added, "and carries $added calls out");
        my $entry = $last_call->();
        is_deeply([ @$entry{qw(call status fault)} ], [ 'create_thread', undef, $action ],
            'which the log shows');
    }
    faults({ on => 'create_thread', action => 'cut_after', reset => JSON::PP::true });
    is(post('/threads', {})->{status}, 599, 'a connection is reset');

    faults({ on => 'create_thread', action => 'cut_mid_body', bytes => 10 });
    my $raw = raw_request("POST /v1/threads HTTP/1.1", '');
    like($raw, qr/\r\n\r\n\{"id":"thr\z/, 'an answer stops in the middle');

    faults({ on => 'create_thread', action => 'hang', ms => 300 });
    my $start = time;
    is(post('/threads', {})->{status}, 599, 'a call is never answered');
    cmp_ok(time - $start, '>=', 0.25, 'and holds the connection');

    $before = $count_threads->();
    faults({ on => 'create_thread', action => 'late', ms => 60_000 });
    post('/threads', {});
    is($count_threads->(), $before, 'a late call has not happened yet');
    control('POST', 'finish');
    is($count_threads->(), $before + 1, 'but it lands');
    faults({ on => 'create_thread', action => 'late', ms => 100 });
    $start = time;
    post('/threads', {});
    ok(wait_until { $count_threads->() == $before + 2 }, 'all by itself');
    cmp_ok(time - $start, '>=', 0.09, 'when it was told to');
    is($last_call->()->{fault}, 'late_landing', 'which the log shows');

    faults({ on => 'create_thread', action => 'delay', ms => 200 });
    $start = time;
    is(post('/threads', {})->{status}, 200, 'a call is answered late');
    cmp_ok(time - $start, '>=', 0.19, 'by as much as asked for');

    faults({ on => 'create_thread', action => 'slow_body', ms => 20, bytes => 20 });
    $start = time;
    like(post('/threads', {})->{json}{id}, qr/\Athread_/, 'a slow body is whole');
    cmp_ok(time - $start, '>=', 0.1, 'and slow');

    faults({ on => 'create_thread', action => 'garbage' });
    my $answer = post('/threads', {});
    ok($answer->{status} == 200 && !defined $answer->{json}, 'an answer is garbage');
    faults({ on => 'create_thread', action => 'html', status => 502 });
    $answer = post('/threads', {});
    is("$answer->{status} $answer->{headers}{'content-type'}", '502 text/html; charset=utf-8',
        'an answer is a page of a proxy');
    faults({ on => 'create_thread', action => 'huge', bytes => 300_000, chunked => JSON::PP::true });
    $answer = post('/threads', {});
    is(length $answer->{content}, 300_000, 'an answer is huge');
    is($answer->{headers}{'transfer-encoding'}, 'chunked', 'and chunked');
    like($answer->{json}{id}, qr/\Athread_/, 'and otherwise right');

    my (undef, $path, $run) = new_run('[[duration=5000]]');
    faults({ on => 'poll_run', action => 'wrong_id' });
    my $wrong = get($path)->{json};
    ok($wrong->{id} =~ /\Arun_/ && $wrong->{id} ne $run->{id}, 'an answer is about another run');

    faults({ on => 'any', action => 'status', status => 503, times => -1, match => 'asst_demo' });
    is(get('/assistants/asst_demo')->{status}, 503, 'a fault may concern any call with a text');
    is(post('/threads', {})->{status}, 200, 'and no other');
    control('DELETE', 'faults');
    is(get('/assistants/asst_demo')->{status}, 200, 'until it is taken back');
    faults({ on => 'create_thread', action => 'delay', close => JSON::PP::true });
    is(post('/threads', {})->{headers}{connection}, 'close', 'an answer may end the connection');
    refused(post('/_emulator/faults', { on => 'poll', action => 'status' }), 400, 'invalid_value',
        qr/'poll'/, 'a fault on no call');
    refused(post('/_emulator/faults', { on => 'any', action => 'explode' }), 400, 'invalid_value',
        qr/'explode'/, 'an unknown action');
};

done_testing();
