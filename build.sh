#!/usr/bin/env bash
set -euo pipefail
cd "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")"

readonly root=$PWD
readonly build=$root/build
readonly module=$build/ngx_http_edgerun_module.so
readonly debianNginx=/usr/share/nginx/src # of package nginx-dev: headers and configure
readonly jobs=$(nproc)

help() {
    cat <<'END'
usage: ./build.sh COMMAND [ARGUMENTS]

  deps              install the Debian packages that are missing
  build [module]    build/ngx_http_edgerun_module.so, and with it the tests,
                    benchmarks and the provider emulator (not with "module")
  demo [app]        start NGINX and an emulated provider, run one job, stay up; with
                    "app" show a whole application: knowledge, clean answers, roles
                    and quotas. Uses a real provider if OPENAI_API_KEY (and perhaps
                    OPENAI_MODEL, OPENAI_BASE_URL) is set
  test [t/NAME.t]   lint, unit tests, all t/*.t, or only the files named; what must
                    be the same for all providers once for each dialect, or only
                    for EDGERUN_DIALECT (assistants, responses or chat)
  lint              rooms, formatting, clang-tidy
  sanitize [t/..]   the tests on an NGINX built with ASan and UBSan
  fuzz [SECONDS] [NAME...]
                    hostile input for what reads tokens, files, answers and
                    journals, with ASan and UBSan; 600 seconds if none are said
  bench [...]       benchmarks; arguments go to t/bench/run, "--quick" for instance
  clean             remove build/
  help              this text

"test", "lint", "sanitize" and "fuzz" end with one line "N passed, N failed".
END
}

main() {
    local command=${1:-help}
    case $command in
        deps | build | demo | test | lint | sanitize | fuzz | bench | clean | help) ;;
        -h | --help) command=help ;;
        *)
            echo "./build.sh: unknown command \"$command\"" >&2
            help >&2
            exit 2
            ;;
    esac
    [[ $root != *[[:space:]]* ]] || die "NGINX's configure cannot work in a path with spaces: $root"
    "$command" "${@:2}"
}

die() {
    echo "./build.sh: $*" >&2
    exit 1
}

say() {
    printf '== %(%T)T %s\n' -1 "$*"
}

# ---------------------------------------------------------------- packages

packagesOf() {
    case $1 in
        module) echo g++ make nginx nginx-dev libcurl4-openssl-dev libjansson-dev libssl-dev libpcre2-dev libicu-dev libcctz-dev tzdata zlib1g-dev ;;
        tests) echo cmake libgtest-dev libbenchmark-dev perl libcrypt-jwt-perl ;;
        demo) echo cmake libgtest-dev libbenchmark-dev curl openssl perl ca-certificates ;;
        lint) echo clang-format clang-tidy perl ;;
        sanitize) echo dpkg-dev ca-certificates ;;
        fuzz) echo cmake clang libclang-rt-14-dev libjansson-dev libssl-dev libpcre2-dev libicu-dev libcctz-dev tzdata zlib1g-dev ;;
        bench) echo wrk procps ;;
        openai) hasNode || echo nodejs npm ;;
    esac
}

hasNode() {
    command -v node >/dev/null && command -v npm >/dev/null
}

deps() {
    needPackages module tests demo lint sanitize fuzz bench
    say "all packages are installed"
}

needPackages() {
    local group package
    local -a missing=()
    for group in "$@"; do
        for package in $(packagesOf "$group"); do
            isInstalled "$package" || [[ " ${missing[*]} " == *" $package "* ]] || missing+=("$package")
        done
    done
    (( ${#missing[@]} == 0 )) || installPackages "${missing[@]}"
}

isInstalled() {
    [[ $(dpkg-query -W -f='${db:Status-Status}' "$1" 2>/dev/null) == installed ]]
}

installPackages() {
    local -a asRoot=(env DEBIAN_FRONTEND=noninteractive)
    say "missing packages: $*"
    if (( EUID != 0 )); then
        if sudo -n true 2>/dev/null; then
            asRoot=(sudo -n "${asRoot[@]}")
        elif command -v sudo >/dev/null && [[ -t 0 && -z ${CI:-} ]]; then
            asRoot=(sudo "${asRoot[@]}")
        else
            die "run as root: apt-get update && apt-get install -y --no-install-recommends $*"
        fi
    fi
    # A machine that only builds must not suddenly serve on port 80.
    (
        trap '[[ -z ${policy:-} ]] || "${asRoot[@]}" rm -f "$policy"' EXIT
        if [[ " $* " == *" nginx "* && ! -e /usr/sbin/policy-rc.d ]]; then
            policy=/usr/sbin/policy-rc.d
            printf '#!/bin/sh\nexit 101\n' | "${asRoot[@]}" tee "$policy" >/dev/null
            "${asRoot[@]}" chmod 755 "$policy"
        fi
        compgen -G '/var/lib/apt/lists/*_Packages*' >/dev/null || "${asRoot[@]}" apt-get update
        "${asRoot[@]}" apt-get install -y --no-install-recommends "$@" </dev/null || {
            "${asRoot[@]}" apt-get update
            "${asRoot[@]}" apt-get install -y --no-install-recommends "$@" </dev/null
        }
    ) || die "these packages could not be installed: $*"
}

# ------------------------------------------------------------------- build

build() {
    case ${1:-all} in
        module) needPackages module ;;
        all) needPackages module tests ${CI:+openai} ;;
        *) die "build what? \"$1\" is not known; say \"module\" or nothing" ;;
    esac
    locked buildModule
    [[ ${1:-all} == module ]] || locked buildForTests
}

# One build at a time in this directory; from the start if the project was moved,
# for makefiles hold its path.
locked() {
    mkdir -p "$build"
    (
        flock 9
        [[ ! -f $build/.root || $(<"$build/.root") == "$root" ]] || rm -rf "${build:?}"/*
        echo "$root" >"$build/.root"
        "$@" 9>&-
    ) 9>"$build/.lock"
}

buildModule() {
    local tree=$build/nginx
    say "module for Debian's nginx $(nginxVersion)"
    if [[ ! -f $tree/.version || $(<"$tree/.version") != $(nginxVersion) ]]; then
        rm -rf "$tree"
        cp -rL "$debianNginx" "$tree"
        nginxVersion >"$tree/.version"
    fi
    configureNginx "$tree" --add-dynamic-module="$root" \
        --with-cc-opt='-g -O2 -fstack-protector-strong -D_FORTIFY_SOURCE=2 -Wall -Wextra -Werror' \
        --with-ld-opt='-Wl,-z,relro -Wl,-z,now'
    make -s -C "$tree" -f objs/Makefile -j "$jobs" modules
    installModule "$tree" "$module"
    say "${module#"$root"/}"
}

# A new file, never new bytes in a file that a running NGINX has mapped.
installModule() {
    local built=$1/objs/${module##*/} to=$2
    cmp -s "$built" "$to" || { install -m 644 "$built" "$to.new" && mv "$to.new" "$to"; }
}

buildForTests() {
    buildCrashing
    buildTests all
    installFromNpm
}

# What t/openai_*.t need; without npm or its registry they are skipped, but in CI.
installFromNpm() {
    local to=$build/openai
    hasNode && ! cmp -s t/openai/package-lock.json "$to/.installed" || return 0
    say "packages from npm"
    mkdir -p "$to"
    rm -f "$to/.installed"
    cp t/openai/package.json t/openai/package-lock.json "$to"
    if npm ci --prefix "$to" --ignore-scripts --no-audit --no-fund --fetch-retry-mintimeout=1000 \
        --fetch-retry-maxtimeout=5000 --fetch-timeout=60000 </dev/null >"$build/npm.log" 2>&1; then
        cp t/openai/package-lock.json "$to/.installed"
    else
        say "not to be had, see ${build#"$root"/}/npm.log: t/openai_*.t have nothing to work with"
    fi
}

# The module once more, with the points at which a test may kill a worker: only
# what names them is compiled again.
buildCrashing() {
    local plain=$build/nginx tree=$build/crash/nginx names='crash_point\.h' object
    say "module with crash points"
    if ! cmp -s "$plain/.configured" "$tree/.configured"; then
        rm -rf "$tree"
        mkdir -p "${tree%/*}"
        cp -a "$plain" "$tree"
        grep -l "$names" "$tree"/objs/addon/*/*.d | sed 's/d$/o/' | xargs -r rm -f
        rm -f "$tree"/objs/*.so
    fi
    for object in $(grep -L "$names" "$plain"/objs/addon/*/*.d); do
        object=${object%.d}
        cp -pu "$object".[do] "$tree/objs/addon/$(basename "${object%/*}")"
    done
    make -s -C "$tree" -f objs/Makefile -j "$jobs" CC='cc -DEDGERUN_CRASH_POINTS' modules
    installModule "$tree" "$build/crash/${module##*/}"
}

nginxVersion() {
    dpkg-query -W -f='${Version}' nginx-dev
}

# configureNginx TREE OPTION...: only when an input of configure has changed.
configureNginx() {
    local tree=$1 wanted header
    shift
    wanted=$(
        cd "$root"
        { echo "$tree $*" && cat "$debianNginx/conf_flags" config config.make edgerun.map \
            && find src -name '*.cpp' | sort; } | sha256sum
    )
    [[ ! -f $tree/.configured || $(<"$tree/.configured") != "$wanted" ]] || return 0
    rm -f "$tree/.configured" "$tree/objs/nginx" "$tree"/objs/*.so

    # Everything depends on the two generated headers: equal ones keep their times.
    local kept=$tree/.kept
    mkdir -p "$kept"
    cp -p "$tree"/objs/ngx_auto_*.h "$kept" 2>/dev/null || true
    (
        source "$debianNginx/conf_flags"
        cd "$tree"
        ./configure "${NGX_CONF_FLAGS[@]}" "$@" >configure.log 2>&1 || {
            tail -20 configure.log >&2
            die "NGINX's configure failed; see ${tree#"$root"/}/configure.log"
        }
    )
    for header in "$kept"/*.h; do
        [[ ! -f $header ]] || ! cmp -s "$header" "$tree/objs/${header##*/}" \
            || cp -p "$header" "$tree/objs"
    done
    echo "$wanted" >"$tree/.configured"
}

buildTests() {
    say "tests: $*"
    cmake -S t -B "$build/t" -DEDGERUN_BIN="$build/bin" -DEDGERUN_NGINX="$build/nginx" >"$build/cmake.log" \
        || { tail -20 "$build/cmake.log" >&2; die "cmake failed"; }
    ln -sfn build/t/compile_commands.json compile_commands.json
    cmake --build "$build/t" --parallel "$jobs" --target "$@"
}

# ------------------------------------------------------------ run and check

demo() {
    needPackages module demo
    locked buildModule
    locked buildTests emulator
    exec t/demo/run "$@"
}

bench() {
    needPackages module tests bench
    locked buildModule
    locked buildTests all
    exec t/bench/run "$@"
}

passed=0
failed=0

# Every door that ends with the closing line comes through here.
closing() {
    echo "$passed passed, $failed failed"
    (( failed == 0 && passed > 0 ))
    exit
}

# check NAME COMMAND...: one command that is one test.
check() {
    say "$1"
    if "${@:2}"; then
        passed=$((passed + 1))
    else
        failed=$((failed + 1))
        echo "FAILED: $1"
    fi
}

# counted COMMAND...: a command that leaves "PASSED FAILED" in the file $EDGERUN_TALLY.
counted() {
    local tally=$build/.tally.$$ p=0 f=1
    rm -f "$tally"
    EDGERUN_TALLY=$tally "$@" || true
    [[ ! -s $tally ]] || read -r p f <"$tally"
    rm -f "$tally"
    passed=$((passed + p))
    failed=$((failed + f))
}

lint() {
    needPackages module tests lint
    checkBuild build
    lintChecks
    closing
}

lintChecks() {
    check "rooms include only what they may" t/lint/rooms
    check "clang-format" t/lint/format
    check "clang-tidy" t/lint/tidy
}

# A command of this script in its own process: one failed check, not the end.
checkBuild() {
    check "$*" "$root/build.sh" "$@"
    (( failed == 0 )) || closing
}

test() {
    needPackages module tests demo lint
    checkBuild build
    if (( $# > 0 )); then
        counted t/lib/suite "$@"
        closing
    fi
    lintChecks
    say "unit tests"
    counted t/lib/unit "$build/bin/unit_tests"
    say "seeds of the fuzz targets"
    local seeds
    for seeds in t/fuzz/corpus/*; do
        check "${seeds##*/}" "$build/bin/${seeds##*/}_replay" "$seeds"
    done
    say "t/*.t"
    counted t/lib/suite t/*.t
    closing
}

clean() {
    rm -rf "$build" compile_commands.json
}

# --------------------------------------------------------------- sanitizers

sanitize() {
    needPackages module tests demo sanitize
    checkBuild build
    locked fetchNginxSource
    locked buildSanitized
    source t/lib/sanitizers
    if (( $# == 0 )); then
        say "unit tests with sanitizers"
        counted t/lib/unit "$build/sanitize/bin/unit_tests"
        set -- t/*.t
    fi
    say "t/*.t with sanitizers"
    TEST_NGINX_BINARY=$build/sanitize/nginx/objs/nginx TEST_NGINX_MODULE=static \
        TEST_NGINX_SANITIZED=1 counted t/lib/suite "$@"
    closing
}

# The source of the installed nginx, or of the release's newest that the mirror
# still has. The machine's own package lists stay as they are.
fetchNginxSource() {
    local tree=$build/sanitize/nginx apt=$build/sanitize/apt suite version
    [[ ! -f $tree/.version || $(<"$tree/.version") != $(nginxVersion) ]] || return 0
    say "source of nginx $(nginxVersion)"
    suite=$(. /etc/os-release && echo "$VERSION_CODENAME")
    rm -rf "$tree" "$apt"
    mkdir -p "$apt/lists/partial" "$apt/cache/archives/partial"
    printf 'deb-src %s main\n' "http://deb.debian.org/debian $suite" \
        "http://deb.debian.org/debian-security $suite-security" >"$apt/sources.list"
    (
        cd "$apt"
        options=(-q -o Dir::Etc::SourceList="$apt/sources.list" -o Dir::Etc::SourceParts=/dev/null
            -o Dir::State::Lists="$apt/lists" -o Dir::Cache="$apt/cache"
            -o APT::Sandbox::User="$(id -un)")
        apt-get "${options[@]}" update
        for version in "$(nginxVersion)" \
            $(apt-cache "${options[@]}" showsrc nginx | sed -n 's/^Version: //p' | sort -rV); do
            ! apt-get "${options[@]}" source "nginx=$version" || exit 0
            rm -rf nginx-*/
        done
        exit 1
    ) >"$build/sanitize/fetch.log" 2>&1 || {
        tail -20 "$build/sanitize/fetch.log" >&2
        die "the source of nginx could not be fetched"
    }
    mv "$apt"/nginx-*/ "$tree"
    nginxVersion >"$tree/.version"
}

buildSanitized() {
    local tree=$build/sanitize/nginx sanitizers='-fsanitize=address,undefined'
    say "nginx and unit tests with sanitizers"
    local options=$build/sanitize/ubsan_options.o
    cc -c -o "$options" -DUBSAN_SUPPRESSIONS="\"$root/t/lib/ubsan.supp\"" t/lib/ubsan_options.c
    configureNginx "$tree" --add-module="$root" \
        --with-cc-opt="-O1 -g $sanitizers -fno-omit-frame-pointer -DNGX_DEBUG_PALLOC=1 -DEDGERUN_CRASH_POINTS -Wall -Wextra -Werror" \
        --with-ld-opt="$sanitizers $options"
    make -s -C "$tree" -f objs/Makefile -j "$jobs" binary
    cmake -S t -B "$build/sanitize/t" -DEDGERUN_BIN="$build/sanitize/bin" -DEDGERUN_SANITIZE=ON >/dev/null
    cmake --build "$build/sanitize/t" --parallel "$jobs" --target unit_tests
}

# --------------------------------------------------------------------- fuzz

fuzz() {
    local seconds=600
    if [[ ${1:-} =~ ^[0-9]+$ ]]; then
        seconds=$1
        shift
    fi
    needPackages fuzz
    locked buildFuzzers || { failed=1; closing; }
    say "fuzz for $seconds seconds"
    counted t/fuzz/run "$seconds" "$@"
    closing
}

buildFuzzers() {
    local tree=$build/fuzz
    say "fuzz targets"
    CXX=clang++ cmake -S t/fuzz -B "$tree/t" -DCMAKE_RUNTIME_OUTPUT_DIRECTORY="$tree/bin" >/dev/null \
        && cmake --build "$tree/t" --parallel "$jobs"
}

main "$@"
