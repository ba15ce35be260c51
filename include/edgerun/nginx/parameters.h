#pragma once

#include <array>
#include <cstddef>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "edgerun/nginx/arguments.h"

namespace edgerun::nginx {

/// The names of what one line was given, each of which it takes once.
class GivenNames {
public:
    /// `takes "limit" once` if it was given before, or nothing.
    std::string add(std::string_view name);
    bool has(std::string_view name) const;
    /// In their order.
    const std::vector<std::string_view>& all() const { return names_; }

private:
    std::vector<std::string_view> names_;
};

/// One name=value of a directive.
template <typename Draft>
struct Parameter {
    std::string_view name;
    /// Returns what is wrong and what to write instead, or nothing.
    std::string (*read)(ngx_conf_t* cf, std::string_view value, Draft& draft);
};

/// Reads the parameters of one directive by a table.
class Parameters {
public:
    /// What is wrong begins with `subject`, for example "\"edgerun_jobs\" "; empty where the caller
    /// says it. `use` is all that the directive takes.
    Parameters(std::string_view subject, std::string_view use) : subject_(subject), use_(use) {}

    /// `draft` must outlive this.
    template <typename Draft, std::size_t N>
    void take(const std::array<Parameter<Draft>, N>& table, Draft& draft) {
        for (const Parameter<Draft>& row : table) {
            rows_.push_back(
                {row.name, true, [&draft, read = row.read](ngx_conf_t* cf, std::string_view value) {
                     return read(cf, value, draft);
                 }});
        }
    }
    /// A name that has no value.
    void takeFlag(std::string_view name, bool& flag);

    /// The arguments from `first` on. Returns what is wrong and what to write instead, or nothing.
    std::string read(ngx_conf_t* cf, const Arguments& arguments, std::size_t first = 0);
    const GivenNames& given() const { return given_; }

private:
    struct Row {
        std::string_view name;
        bool hasValue;
        std::function<std::string(ngx_conf_t* cf, std::string_view value)> read;
    };

    std::string readOne(ngx_conf_t* cf, std::string_view argument);
    const Row* rowOf(const NamedValue& named) const;
    std::string unknown(std::string_view argument) const;

    std::string_view subject_;
    std::string_view use_;
    std::vector<Row> rows_;
    GivenNames given_;
};

}  // namespace edgerun::nginx
