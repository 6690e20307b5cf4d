// Scribe: sends the requests of a contract case to one API server and writes down what every
// correct server must answer the same: status code, kind, reason, causes, the fields that the case
// asks for. What differs by nature (UIDs, times, resourceVersions, the wording of most messages) is
// left out; how such values relate to each other is written down as a fact.
#pragma once

#include <functional>
#include <nlohmann/json.hpp>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "support/raw_http.hpp"

namespace poolscaler::contract {

using nlohmann::json;

struct Server {
  rig::Endpoint endpoint;
  std::string token;
  std::function<void()> compact;  // forgets the history of the store
};

inline constexpr std::string_view merge_patch = "application/merge-patch+json";
inline constexpr std::string_view json_patch = "application/json-patch+json";
inline constexpr std::string_view strategic_patch = "application/strategic-merge-patch+json";

inline constexpr std::string_view accept_table =
    "application/json;as=Table;v=v1;g=meta.k8s.io,application/json";

struct Ask {
  std::string method = "GET";
  std::string target;
  json body{};               // null: none
  std::string_view type = "application/json";
  std::string_view accept = "application/json";
  std::string text{};        // a body that is no JSON
  std::string token{};       // instead of the server's
};

class Scribe {
 public:
  Scribe(Server server, std::string case_name);

  /// Sends, and notes the answer under `title` with the values at these JSON pointers. Returns the
  /// answer; an empty object when it was no JSON.
  json tell(const std::string& title, const Ask& ask, const std::vector<std::string>& fields = {});
  /// Sends without noting; a precondition of the case.
  json quietly(const Ask& ask);
  void fact(const std::string& title, bool holds);
  void note(const std::string& line);
  /// A watch as a stream of events; the caller notes them.
  rig::RawStream watch(const std::string& target);
  /// Notes the next `count` events: type, kind, name and the values at these pointers of the
  /// object. Bookmarks are noted only when `with_bookmarks`.
  void tell_events(rig::RawStream& stream, int count, const std::vector<std::string>& fields = {},
                   bool with_bookmarks = false);

  /// "contract-<case>": a namespace of its own, made by the constructor.
  [[nodiscard]] const std::string& ns() const { return ns_; }
  [[nodiscard]] std::string deployments(const std::string& name = {}) const;
  [[nodiscard]] std::string configmaps(const std::string& name = {}) const;
  [[nodiscard]] std::string policies(const std::string& name = {}) const;
  [[nodiscard]] const Server& server() const { return server_; }
  [[nodiscard]] const std::string& transcript() const { return transcript_; }

 private:
  rig::RawResponse send(const Ask& ask);
  Server server_;
  std::string ns_;
  std::string transcript_;
};

/// The list as a Table: its columns and its rows, ages left out.
void tell_table(Scribe& scribe, const std::string& title, const std::string& target);

struct ContractCase {
  std::string_view name;
  void (*play)(Scribe&);
};

[[nodiscard]] std::span<const ContractCase> object_cases();
[[nodiscard]] std::span<const ContractCase> write_cases();
[[nodiscard]] std::span<const ContractCase> watch_cases();
[[nodiscard]] std::span<const ContractCase> own_kind_cases();
[[nodiscard]] std::span<const ContractCase> node_cases();

/// A Deployment, a ConfigMap as the cases use them.
[[nodiscard]] json deployment(const std::string& name, int replicas);
[[nodiscard]] json configmap(const std::string& name, const std::string& value = "1");
/// The text at a pointer, empty when there is none.
[[nodiscard]] std::string text_at(const json& object, const std::string& pointer);
[[nodiscard]] std::string version_of(const json& object);
[[nodiscard]] std::string uid_of(const json& object);

}  // namespace poolscaler::contract
