// One HTTP exchange, sent as a load balancer or a user sends it.
#pragma once

#include "hopcheck/http.h"
#include "host/live/system.h"

namespace hopcheck::live {

Answer request(const Request& request, const Deadline& deadline);
/// The same exchange up to `count` times, until one gets no answer.
Answer sample(const Request& one, int count, const Deadline& deadline);

/// The certificates that the server of an https request shows; the request itself is not sent.
Answer handshake(const Request& request, const Deadline& deadline);

}  // namespace hopcheck::live
