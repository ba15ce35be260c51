#include "edgerun/nginx/parameters.h"

#include <algorithm>

namespace edgerun::nginx {

std::string GivenNames::add(std::string_view name) {
    if (has(name)) {
        return "takes " + quoted(name) + " once";
    }
    names_.push_back(name);
    return {};
}

bool GivenNames::has(std::string_view name) const {
    return std::find(names_.begin(), names_.end(), name) != names_.end();
}

void Parameters::takeFlag(std::string_view name, bool& flag) {
    rows_.push_back({name, false, [&flag](ngx_conf_t*, std::string_view) {
                         flag = true;
                         return std::string();
                     }});
}

std::string Parameters::read(ngx_conf_t* cf, const Arguments& arguments, std::size_t first) {
    for (std::size_t i = first; i < arguments.size(); i++) {
        std::string fault = readOne(cf, arguments[i]);
        if (!fault.empty()) {
            return fault;
        }
    }
    return {};
}

std::string Parameters::readOne(ngx_conf_t* cf, std::string_view argument) {
    const NamedValue named = splitNamed(argument);
    const Row* row = rowOf(named);
    if (row == nullptr) {
        return std::string(subject_) + unknown(argument);
    }
    const std::string fault = given_.add(row->name);
    return fault.empty() ? row->read(cf, named.value) : std::string(subject_) + fault;
}

const Parameters::Row* Parameters::rowOf(const NamedValue& named) const {
    const auto row = std::find_if(rows_.begin(), rows_.end(), [&](const Row& one) {
        return one.name == named.name && one.hasValue == named.found;
    });
    return row != rows_.end() ? &*row : nullptr;
}

std::string Parameters::unknown(std::string_view argument) const {
    std::vector<std::string_view> names;
    names.reserve(rows_.size());
    for (const Row& row : rows_) {
        names.push_back(row.name);
    }
    const std::string_view name = splitNamed(argument).name;
    const auto near = nearest(name, names);
    // Its own name is near to one that has a value too many, or none.
    const bool isHelpful = !near.empty() && near != name;
    return "has an unknown parameter " + quoted(argument) + "; " +
           (isHelpful ? "did you mean " + quoted(near) + "?" : "it takes " + std::string(use_));
}

}  // namespace edgerun::nginx
