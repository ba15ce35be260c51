#include "edgerun/nginx/operator_file.h"

namespace edgerun::nginx {

std::variant<OperatorFile, text::FileProblem> readOperatorFile(ngx_conf_t* cf,
                                                               std::string_view path,
                                                               std::size_t maxBytes) {
    ngx_str_t name = loop::asNgx(path);
    if (path.empty() || ngx_conf_full_name(cf->cycle, &name, 1) != NGX_OK) {
        return text::FileProblem{"names no usable file"};
    }
    OperatorFile file{std::string(loop::view(name)), {}};
    auto read = text::readFile(file.path, maxBytes);
    if (auto* problem = std::get_if<text::FileProblem>(&read)) {
        return std::move(*problem);
    }
    file.text = std::move(std::get<text::FileText>(read));
    return file;
}

}  // namespace edgerun::nginx
