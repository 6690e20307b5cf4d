// The one HTTP listener of this program (metrics and health, the sandbox's servers), on
// libmicrohttpd with a thread per connection.
//
// Invariant: a client cannot hold a thread or memory without bound. A connection that does not
// finish its request head, does not send its body, or does not take what it is sent within the idle
// limit is closed, however slowly it trickles; larger bodies get 413; connections over the limit
// are closed. It speaks plain HTTP only: TLS and authentication stand in front of it where they are
// needed.
#pragma once

#include <memory>

#include "poolscaler/base/result.hpp"
#include "poolscaler/ports/http_server.hpp"

namespace poolscaler::adapters {

/// Listens and serves until the result is destroyed. `handler` is called from many threads at once;
/// what it throws becomes 500. Errors: InvalidInput (address), Unavailable (port taken).
[[nodiscard]] Result<std::unique_ptr<HttpServer>> start_http_server(HttpServerOptions options,
                                                                    HttpHandler handler);

}  // namespace poolscaler::adapters
