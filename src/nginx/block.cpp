#include "edgerun/nginx/block.h"

#include "edgerun/nginx/contain.h"

namespace edgerun::nginx {

char* Block::read(ngx_conf_t* cf) {
    const ngx_conf_t saved = *cf;
    cf->handler = onLine;
    cf->handler_conf = this;
    char* result = ngx_conf_parse(cf, nullptr);
    *cf = saved;
    return result;
}

char* Block::onLine(ngx_conf_t* cf, ngx_command_t*, void* self) noexcept {
    return contain(cf->log, confFailure(), [&]() -> char* {
        static_cast<Block*>(self)->readLine(cf);
        return NGX_CONF_OK;
    });
}

void Block::readLine(ngx_conf_t* cf) {
    const std::string_view name = loop::view(*static_cast<ngx_str_t*>(cf->args->elts));
    const Kind* kind = kindNamed(name);
    if (kind == nullptr) {
        problems_.add(cf, unknownName(name));
        return;
    }
    const Arguments arguments = argumentsOf(cf);
    if (arguments.size() < kind->least || arguments.size() > kind->most) {
        problems_.add(cf, "invalid number of arguments in " + quoted(name));
        return;
    }
    if (placeOf(name) != nullptr && !kind->isRepeatable) {
        problems_.add(cf, quoted(name) + " is duplicate");
        return;
    }
    lines_.push_back({kind->name, nginx::placeOf(cf)});
    const std::string fault = kind->read(cf, arguments);
    if (!fault.empty()) {
        problems_.add(cf, quoted(name) + " " + fault);
    }
}

const Block::Kind* Block::kindNamed(std::string_view name) const {
    for (const Kind& kind : kinds_) {
        if (kind.name == name) {
            return &kind;
        }
    }
    return nullptr;
}

std::string Block::unknownName(std::string_view name) const {
    std::vector<std::string_view> names;
    names.reserve(kinds_.size());
    for (const Kind& kind : kinds_) {
        names.push_back(kind.name);
    }
    const auto near = nearest(name, names);
    return "unknown directive " + quoted(name) + " in " + quoted(directive_) +
           (near.empty() ? "" : "; did you mean " + quoted(near) + "?");
}

const Place* Block::placeOf(std::string_view name) const {
    for (const Line& line : lines_) {
        if (line.name == name) {
            return &line.place;
        }
    }
    return nullptr;
}

}  // namespace edgerun::nginx
