#!/usr/bin/env perl
# The provider's certificate is verified unless told otherwise; what goes wrong
# with it stays away from NGINX's own TLS.
use FindBin;
use lib "$FindBin::Bin/lib";
use Edgerun::Test;
use Edgerun::Certificates;
use Edgerun::Jobs;

my $t = Edgerun::Test->new(workers => 1);
make_certificates();
my %emulators = (
    good  => tls_emulator('good'),
    self  => tls_emulator('self'),
    other => tls_emulator('other'),
);
END { $_->stop for grep { $_ } values %emulators }

sub in_dir { return $t->dir . "/$_[0]" }

sub make_certificates {
    my $certificates = Edgerun::Certificates->new($t->dir);
    $certificates->self_signed('ca', subject => '/CN=Test CA');
    $certificates->self_signed('self', subject => '/CN=127.0.0.1', names => 'IP:127.0.0.1');
    $certificates->signed('good',  'ca', names => 'IP:127.0.0.1,DNS:provider.test');
    $certificates->signed('other', 'ca', names => 'DNS:other.test');
    return;
}

sub tls_emulator {
    my ($name) = @_;
    mkdir $_ for in_dir("emulator-$name"), in_dir("emulator-$name/logs");
    return Edgerun::Emulator->start(
        dir      => in_dir("emulator-$name"),
        port     => Edgerun::Ports::reserve(),
        tls_cert => in_dir("$name.pem"),
        tls_key  => in_dir("$name.key"),
        log      => in_dir("$name.log"),
    );
}

my $certificates = 'ca.pem';
my @cases = (
    [ default => good => {}, qr/certificate.*(?:issuer|unable|self)|SSL certificate problem/i ],
    [ self    => self => {}, qr/self.signed certificate/i ],
    [ trusted => good => { ssl_trusted_certificate => $certificates }, '' ],
    [ name    => other => { ssl_trusted_certificate => $certificates }, qr/no alternative certificate subject name|does not match/i ],
    [ named   => other => { ssl_trusted_certificate => $certificates, ssl_name => 'other.test' }, '' ],
    [ misnamed => good => { ssl_trusted_certificate => $certificates, ssl_name => 'other.test' }, qr/no alternative certificate subject name|does not match/i ],
    [ off     => self => { ssl_verify => 'off' }, '' ],
    [ plain   => plain => {}, qr/SSL|TLS|wrong version/i ],
);

$t->start_emulator;
my $plain = $t->emulator->port;
my %common = (
    api           => 'assistants',
    api_key       => 'env:OPENAI_API_KEY',
    assistant     => 'asst_demo',
    poll_interval => '100ms',
    retries       => 0,
);
$t->write_conf(join "\n",
    'edgerun_job_zone zone=jobs:4m;',
    (
        map {
            my ($name, $to, $more) = @$_;
            Edgerun::Jobs::provider_block(
                $name,
                {
                    %common, %$more,
                    base_url => $to eq 'plain' ? "https://127.0.0.1:$plain/v1" : $emulators{$to}->base_url,
                }
            );
        } @cases
    ),
    "ssl_certificate @{[ in_dir('good.pem') ]}; ssl_certificate_key @{[ in_dir('good.key') ]};",
    'server { listen 127.0.0.1:%%PORT_0%%; listen 127.0.0.1:%%PORT_1%% ssl;',
    'edgerun_auth_jwt "jobs"; edgerun_auth_jwt_secret env:EDGERUN_JWT_SECRET;',
    (map { "location /$_->[0] { edgerun_jobs zone=jobs provider=$_->[0]; }" } @cases),
    'location /hello { edgerun_auth_jwt off; return 200 hello; } }');
$t->run;

# A client of NGINX's own TLS listener, all the time.
sub tls_client {
    my (undef, $output) = Edgerun::Process::capture(
        { PATH => $ENV{PATH} },
        'curl', '-sS', '--cacert', in_dir('ca.pem'), 'https://127.0.0.1:' . $t->port(1) . '/hello'
    );
    return $output;
}

is tls_client(), 'hello', 'NGINX speaks TLS itself';
for my $case (@cases) {
    my ($name, undef, undef, $error) = @$case;
    my $answer = submit($t, 'Hello.', path => "/$name");
    my ($job) = finish($t, [$answer]);
    if ($error) {
        like error_of($job),
            qr/^502 ProviderUnavailable: could not create a thread: the provider cannot be reached: /,
            "$name: the provider counts as unreachable";
        like error_of($job), $error, "$name: the reason is told";
    }
    else {
        is "$job->{status} " . error_of($job), 'COMPLETED ', "$name: the job completes";
    }
    is tls_client(), 'hello', "$name: NGINX's own TLS goes on";
}
unlike $t->error_log, qr/stale global SSL error/, 'no error of one is taken for the other\'s';

my %threads = map { $_ => scalar(() = Edgerun::Process::slurp(in_dir("$_.log")) =~ /create_thread/g) }
    keys %emulators;
is_deeply \%threads, { good => 1, self => 1, other => 1 }, 'a refused certificate is sent no request';
like Edgerun::Process::slurp(in_dir('other.log')), qr/"host":\s*"127\.0\.0\.1:\d+"/,
    'ssl_name does not change the Host header';

done_testing;
