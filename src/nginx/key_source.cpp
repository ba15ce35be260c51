#include "edgerun/nginx/key_source.h"

#include <openssl/err.h>
#include <openssl/x509_vfy.h>

#include <array>
#include <utility>

#include "edgerun/auth/key_set.h"
#include "edgerun/engine/stable_hash.h"
#include "edgerun/nginx/arguments.h"
#include "edgerun/nginx/base_url.h"
#include "edgerun/nginx/conf.h"
#include "edgerun/nginx/parameters.h"
#include "edgerun/text/hex.h"

namespace edgerun::nginx {

namespace {

// --- the URL ---

/// Nobody else can answer for these.
bool isThisMachine(const loop::Upstream& upstream) {
    return upstream.host == "localhost" || upstream.host == "::1" ||
           (isLiteralAddress(upstream) && upstream.host.compare(0, 4, "127.") == 0);
}

std::string checkTransport(const loop::Upstream& upstream) {
    if (upstream.scheme == "https" || isThisMachine(upstream)) {
        return {};
    }
    return "must begin with https://: who can change what comes over plain http:// from " +
           quoted(upstream.host) +
           " chooses the keys; where the source speaks no TLS, name a proxy on 127.0.0.1 that "
           "reaches it on a safe way";
}

std::string readUrl(ngx_conf_t* cf, std::string_view url, engine::KeySource& source) {
    loop::Upstream& upstream = source.upstream;
    if (const auto fault = readWholeUrl(cf->temp_pool, url, upstream)) {
        return *fault;
    }
    source.path = std::exchange(upstream.path, {});
    if (const std::string asked = std::exchange(upstream.query, {}); !asked.empty()) {
        source.path += "?" + asked;
    }
    // A query may hold what is for the source alone.
    const auto query = url.find('?');
    source.url =
        std::string(url.substr(0, query)) + (query == std::string_view::npos ? "" : "?...");
    return checkTransport(upstream);
}

// --- parameters ---

struct Interval {
    const char* name;
    const char* least;
    const char* example;
};

std::string readInterval(std::string_view text, const Interval& interval, std::uint64_t& value) {
    const auto time = parseTime(text);
    if (!time || *time < *parseTime(interval.least)) {
        return std::string("takes ") + interval.name + " of " + interval.least +
               " or more, for example \"" + interval.name + "=" + interval.example + "\", not " +
               quoted(text);
    }
    value = *time;
    return {};
}

std::string readRefresh(ngx_conf_t*, std::string_view text, engine::KeySource& source) {
    return readInterval(text, {"refresh", "1s", "10m"}, source.times.refresh);
}

std::string readUnknownKey(ngx_conf_t*, std::string_view text, engine::KeySource& source) {
    return readInterval(text, {"unknown_key", "100ms", "30s"}, source.times.unknownKey);
}

bool holdsCertificates(const std::string& path) {
    X509_STORE* store = X509_STORE_new();
    const bool holds = store != nullptr && X509_STORE_load_file(store, path.c_str()) == 1;
    X509_STORE_free(store);
    ERR_clear_error();
    return holds;
}

std::string readCertificates(ngx_conf_t* cf, std::string_view text, engine::KeySource& source) {
    ngx_str_t file = loop::asNgx(text);
    if (text.empty() || ngx_conf_full_name(cf->cycle, &file, 1) != NGX_OK) {
        return "takes a PEM file of certificates as trusted_certificate, not " + quoted(text);
    }
    const std::string path(loop::view(file));
    if (!holdsCertificates(path)) {
        return "takes a PEM file of certificates as trusted_certificate, and " + quoted(path) +
               " cannot be read as one";
    }
    source.upstream.trustedCertificates = path;
    return {};
}

constexpr std::array<Parameter<engine::KeySource>, 3> kParameters{{
    {"refresh", readRefresh},
    {"unknown_key", readUnknownKey},
    {"trusted_certificate", readCertificates},
}};

std::string readArguments(ngx_conf_t* cf, const Arguments& arguments, engine::KeySource& source) {
    Parameters parameters("", "URL [refresh=TIME] [unknown_key=TIME] [trusted_certificate=FILE]");
    parameters.take(kParameters, source);
    std::string fault = readUrl(cf, arguments[0], source);
    if (fault.empty()) {
        fault = parameters.read(cf, arguments, 1);
    }
    if (fault.empty() && source.upstream.scheme != "https" &&
        !source.upstream.trustedCertificates.empty()) {
        return "has a \"trusted_certificate\", which http:// has no use for; leave it out";
    }
    return fault;
}

// --- sources and their zones ---

/// Two sources of one URL would ask it twice as often as each line says.
bool isSameUrl(const engine::KeySource& one, const engine::KeySource& other) {
    return one.upstream.scheme == other.upstream.scheme &&
           one.upstream.host == other.upstream.host && one.upstream.port == other.upstream.port &&
           one.path == other.path;
}

bool isSame(const engine::KeySource& one, const engine::KeySource& other) {
    return isSameUrl(one, other) && one.times.refresh == other.times.refresh &&
           one.times.unknownKey == other.times.unknownKey &&
           one.upstream.trustedCertificates == other.upstream.trustedCertificates;
}

/// With a former configuration's zone, its set stays in force.
ngx_int_t initZone(ngx_shm_zone_t* zone, void* former) noexcept {
    if (former != nullptr || zone->shm.exists) {
        return NGX_OK;
    }
    ngx_slab_pool_t* pool = poolOf(*zone);
    void* memory = ngx_slab_calloc(pool, store::KeySetPage::bytesFor(auth::kMaxKeySetBytes));
    if (memory == nullptr) {
        return NGX_ERROR;  // NGINX has said why
    }
    store::KeySetPage::format(memory, auth::kMaxKeySetBytes);
    pool->data = memory;
    return NGX_OK;
}

/// Other times are no other source; other certificates are, for keys must not
/// outlive the trust by which they came. URLs in log lines show no query.
std::string zoneNameOf(const engine::KeySource& source) {
    const std::string whole = source.path + '\n' + source.upstream.trustedCertificates;
    return "edgerun_jwks:" + source.url + "#" + text::encodeHexNumber(engine::stableHash(whole));
}

ngx_shm_zone_t* addZone(ngx_conf_t* cf, const engine::KeySource& source) {
    ngx_str_t name = loop::copyTo(cf->pool, zoneNameOf(source));
    if (name.data == nullptr) {
        throw std::bad_alloc();
    }
    const std::size_t size =
        ngx_align(store::KeySetPage::bytesFor(auth::kMaxKeySetBytes), ngx_pagesize) +
        kPagesBesideThePage * ngx_pagesize;
    ngx_shm_zone_t* zone = ngx_shared_memory_add(cf, &name, size, &ngx_http_edgerun_module);
    if (zone == nullptr) {
        throw std::bad_alloc();
    }
    zone->init = initZone;
    return zone;
}

void addSource(ngx_conf_t* cf, MainConf& main, engine::KeySource source) {
    source.upstream.name = source.url;
    source.upstream.connectTimeout = source.times.attempt;
    source.upstream.maxResponse = auth::kMaxKeySetBytes;

    auto conf = std::make_unique<KeySourceConf>();
    conf->source = std::move(source);
    conf->place = placeOf(cf);
    conf->shm = addZone(cf, conf->source);
    conf->shm->data = conf.get();
    main.keySources.push_back(std::move(conf));
}

}  // namespace

std::string readKeySource(ngx_conf_t* cf, MainConf& main, const Arguments& arguments,
                          std::size_t& index) {
    engine::KeySource source;
    std::string fault = readArguments(cf, arguments, source);
    if (!fault.empty()) {
        return fault;
    }
    for (index = 0; index < main.keySources.size(); index++) {
        const KeySourceConf& known = *main.keySources[index];
        if (isSame(known.source, source)) {
            return {};
        }
        if (isSameUrl(known.source, source)) {
            return "names the URL of " + known.place.file + ":" + std::to_string(known.place.line) +
                   " with other parameters; write the same in both places";
        }
    }
    addSource(cf, main, std::move(source));
    return {};
}

void completeKeySource(ngx_conf_t* cf, Problems& problems, KeySourceConf& conf) {
    loop::Upstream& upstream = conf.source.upstream;
    if (!useResolver(cf, upstream) && !resolveHost(cf->temp_pool, upstream)) {
        problems.add(cf, conf.place,
                     "the host " + quoted(upstream.host) +
                         " of \"edgerun_auth_jwt_jwks_uri\" could not be resolved; correct it, or "
                         "add a \"resolver\" to http {} to have it resolved while NGINX runs");
    }
}

KeySourcePage::KeySourcePage(ngx_shm_zone_t& zone)
    : lock_(zone), page_(poolOf(zone)->data, lock_) {}

}  // namespace edgerun::nginx
