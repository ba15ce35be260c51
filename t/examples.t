#!/usr/bin/env perl
# Every file of conf/examples starts as it is; only its ports and its provider
# are this test's own.
use FindBin;
use lib "$FindBin::Bin/lib";
use Edgerun::Test;

for my $path (sort glob "$Edgerun::Test::TOP/conf/examples/*.conf") {
    my ($name) = $path =~ m{([^/]+)$};
    my $t = Edgerun::Test->new;
    $t->start_emulator;
    $t->write_example($name);

    my ($exit, $output) = $t->test_config($name);
    is $exit, 0, "nginx -t accepts $name" or diag $output;
    unlike $output, qr/\[warn\]/, "without a warning";

    $t->run(conf => $name);
    ok wait_until { scalar $t->worker_pids }, "$name starts";
}

done_testing;
