#!/usr/bin/env perl
# The provider emulator is a strict HTTP/1.1 server, also over TLS.
use strict;
use warnings;

use File::Temp qw(tempdir);
use FindBin;
use JSON::PP;
use Test::More;

use lib "$FindBin::Bin/lib";
use Edgerun::EmulatorClient;

my $dir = tempdir(CLEANUP => 1);
start_default();

subtest 'HTTP' => sub {
    my $socket = connect_raw();
    my $head = request_head();
    print $socket "GET /v1/assistants/asst_demo HTTP/1.1\r\n$head\r\n" x 2
        . "GET /v1/threads/thread_x HTTP/1.1\r\n${head}Connection: close\r\n\r\n";
    my $all = do { local $/; <$socket> };
    is(join(' ', $all =~ m{HTTP/1\.1 (\d+)}g), '200 200 404', 'pipelined requests keep their order');
    like($all, qr/Connection: close\r\n/, 'and the last one closes the connection');

    my $body = "5\r\n{\"met\r\n9;x=y\r\nadata\":{}\r\n1\r\n}\r\n0\r\nTrailer: x\r\n\r\n";
    like(raw_request('POST /v1/threads HTTP/1.1', $body,
            "Transfer-Encoding: chunked\r\nConnection: close\r\n"),
        qr/\AHTTP\/1\.1 200 OK\r\n.*"object":"thread"/s, 'a chunked body is read');
    like(raw_request('POST /v1/threads HTTP/1.1', '{}',
            "Content-Length: 2\r\nTransfer-Encoding: chunked\r\n"),
        qr/\AHTTP\/1\.1 400 /, 'two lengths of a body are refused');
    like(raw_request('POST /v1/threads HTTP/1.1', '', "Content-Length: 8388609\r\n"),
        qr/\AHTTP\/1\.1 413 /, 'a body above 8 MiB is refused');
    like(raw_request('nonsense', ''), qr/\AHTTP\/1\.1 400 /, 'nonsense is refused');
    my $reply = post('/threads', {});
    like($reply->{headers}{'x-request-id'}, qr/\Areq_/, 'an answer has a request id');
    is($reply->{headers}{'openai-version'}, '2020-10-01', 'and a version');
};

subtest 'TLS' => sub {
    my $made = system("openssl req -x509 -newkey rsa:2048 -nodes -subj /CN=localhost -days 1"
            . " -keyout $dir/key.pem -out $dir/cert.pem >$dir/openssl.out 2>&1") == 0;
    plan skip_all => 'no openssl command' if !$made;
    my $tls = start_emulator('--tls-cert', "$dir/cert.pem", '--tls-key', "$dir/key.pem");
    my $head = request_head();
    my $body = encode_json({ metadata => { map { $_ => 'x' x 500 } 1 .. 16 } });
    open my $file, '>', "$dir/request" or die $!;
    print $file "POST /v1/threads HTTP/1.1\r\n${head}Content-Length: " . length($body)
        . "\r\n\r\n$body" . "GET /v1/assistants/asst_demo HTTP/1.1\r\n${head}Connection: close\r\n\r\n";
    close $file;
    my $answer = `openssl s_client -quiet -CAfile $dir/cert.pem -connect 127.0.0.1:$tls->{port} <$dir/request 2>$dir/openssl.out`;
    is(join(' ', $answer =~ m{HTTP/1\.1 (\d+)}g), '200 200', 'it speaks HTTP over TLS');
};

subtest 'It ends when asked to' => sub {
    my $other = start_emulator();
    is(stop_emulator($other), 0, 'it leaves without an error');
    is(system("$Edgerun::Emulator::BINARY --nonsense 2>$dir/usage"), 2 << 8, 'it refuses options that it does not know');
};

done_testing();
