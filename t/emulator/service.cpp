#include "service.h"

#include <random>

#include "clock.h"

namespace emulator {

namespace {

std::string_view callName(const Route& route) {
    return route.row == nullptr ? std::string_view("unknown") : route.row->name;
}

bool isAnswered(const Delivery& delivery) {
    return delivery.manner != Delivery::Manner::kCut && delivery.manner != Delivery::Manner::kHeld;
}

}  // namespace

Service::Service(const Options& options, SslContext tls)
    : firstSettings_(options.settings),
      settings_(options.settings),
      world_(std::random_device()()),
      server_([this](Request&& request) { return serve(std::move(request)); },
              [this](int status, std::string_view text) { return refuseMalformed(status, text); },
              std::move(tls)) {}

Delivery Service::serve(Request&& request) {
    if (!isControlPath(request.path)) {
        return serveApi(std::move(request));
    }
    Delivery delivery;
    delivery.reply = serveControl(
        {settings_, firstSettings_, world_, faults_, log_, statistics_, server_}, request);
    return delivery;
}

Delivery Service::serveApi(Request&& request) {
    const Route route = findRoute(settings_, request.method, request.path);
    const std::string_view call = callName(route);
    const auto fault = faults_.take(call, request);
    Delivery delivery;
    if (fault) {
        delivery = serveSpoiled(*fault, request, route);
    } else {
        delivery.reply = perform(request, route);
    }
    delivery.isChunked = delivery.isChunked || settings_.isChunked;
    delivery.delayMs += settings_.delayMs;
    if (delivery.manner != Delivery::Manner::kHeld) {
        delivery.delayMs += delivery.reply.holdMs;
    }
    note(request, call, isAnswered(delivery) ? delivery.reply.status : 0,
         fault ? fault->actionName : std::string_view());
    addProviderHeaders(delivery.reply);
    return delivery;
}

Delivery Service::serveSpoiled(const Fault& fault, Request& request, const Route& route) {
    if (fault.action == FaultAction::kLate) {
        carryOutLater(fault.ms, request, route);
    }
    return spoil(fault, isCarriedOutAtOnce(fault) ? perform(request, route) : Reply{});
}

// The provider works on a request although its connection is gone.
void Service::carryOutLater(std::int64_t delayMs, const Request& request, const Route& route) {
    server_.timers().at(nowMs() + delayMs, [this, request = Request(request), route]() mutable {
        request.receivedMs = nowMs();
        const Reply reply = perform(request, route);
        note(request, callName(route), reply.status, "late_landing");
    });
}

Reply Service::perform(const Request& request, const Route& route) {
    return performCall(world_, settings_, request, route);
}

Reply Service::refuseMalformed(int status, std::string_view text) {
    Request request;
    request.receivedMs = nowMs();
    note(request, "malformed", status, "");
    Reply reply = errorReply({status, std::string(text), "", ""});
    addProviderHeaders(reply);
    return reply;
}

void Service::addProviderHeaders(Reply& reply) {
    reply.headers.emplace_back("x-request-id", world_.newId("req_"));
    reply.headers.emplace_back("openai-processing-ms", "1");
    reply.headers.emplace_back("openai-version", "2020-10-01");
}

void Service::note(const Request& request, std::string_view call, int status,
                   std::string_view fault) {
    statistics_.count(call, status);
    if (settings_.keepsLog) {
        log_.add(request, call, status, fault);
    }
}

}  // namespace emulator
