#include "service.h"

#include <random>

namespace emulator {

Service::Service(const Options& options, SslContext tls)
    : settings_(options.settings),
      world_(std::random_device()()),
      server_([this](Request&& request) { return serve(std::move(request)); },
              [](int status, std::string_view text) {
                  return errorReply({status, std::string(text), "", ""});
              },
              std::move(tls)) {}

Delivery Service::serve(Request&& request) {
    Delivery delivery;
    const Route route = findRoute(request.method, request.path);
    delivery.reply = performCall(world_, settings_, request, route);
    delivery.reply.headers.emplace_back("x-request-id", world_.newId("req_"));
    delivery.reply.headers.emplace_back("openai-processing-ms", "1");
    delivery.reply.headers.emplace_back("openai-version", "2020-10-01");
    delivery.delayMs = settings_.delayMs;
    delivery.isChunked = settings_.isChunked;
    return delivery;
}

}  // namespace emulator
