#include "contract/sandbox_server.hpp"
namespace poolscaler::contract {
struct SandboxServer::Parts {};
SandboxServer::SandboxServer() = default;
SandboxServer::~SandboxServer() = default;
Server SandboxServer::server() { return {.endpoint = {.port = 1}, .token = "t", .compact = [] {}}; }
}
