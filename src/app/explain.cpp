// Tells one decision: of a policy in the cluster, from its status, or of files, by deciding.

#include <iostream>
#include <ostream>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "cluster_access.hpp"
#include "cluster_link.hpp"
#include "poolscaler/explain/live.hpp"
#include "poolscaler/explain/observation_file.hpp"
#include "poolscaler/kube/credentials.hpp"
#include "poolscaler/kube/request.hpp"
#include "verbs.hpp"

namespace poolscaler::app {
namespace {

/// Lines for people; which of them, and the exit code, are the verb's.
struct Problem {
  int code;
  std::vector<std::string> lines;
};
template <class T>
using Explained = tl::expected<T, Problem>;

tl::unexpected<Problem> wrong(std::string line) {
  return tl::unexpected(Problem{.code = 2, .lines = {std::move(line)}});
}

tl::unexpected<Problem> failed(const Error& error) {
  const bool asked_wrongly =
      error.kind == ErrorKind::InvalidInput || error.kind == ErrorKind::NotFound;
  return tl::unexpected(Problem{.code = asked_wrongly ? 2 : 1, .lines = {error.message}});
}

tl::unexpected<Problem> wrong_file(const std::string& path,
                                   const std::vector<explain::FileError>& errors) {
  Problem problem{.code = 2, .lines = {}};
  for (const auto& error : errors)
    problem.lines.push_back(error.line == 0
                                ? fmt::format("{}: {}", path, error.text)
                                : fmt::format("{}:{}: {}", path, error.line, error.text));
  return tl::unexpected(std::move(problem));
}

std::vector<Trend> directions_of(const ExplainOptions& options) {
  if (options.why_not == "none") return {};
  if (options.why_not == "up") return {Trend::Up};
  if (options.why_not == "down") return {Trend::Down};
  return {Trend::Up, Trend::Down};
}

Explained<explain::Account> account_of_files(const ExplainOptions& options) {
  const auto manifest = kube::read_small_file(options.file, api::yaml_bytes_max);
  if (!manifest) return failed(manifest.error());
  const auto file = explain::read_policy_file(*manifest);
  if (!file) return wrong_file(options.file, file.error());
  const auto text = kube::read_small_file(options.observation, api::yaml_bytes_max);
  if (!text) return failed(text.error());
  const auto situation = explain::read_observation_file(*text, file->policy);
  if (!situation) return wrong_file(options.observation, situation.error());
  auto account = explain::account_of(*situation, situation->decide().decision);
  account.policy = ObjectKey{.ns = file->ns, .name = file->name}.text();
  for (const auto direction : directions_of(options))
    account.why_nots.push_back(explain::why_not(*situation, direction));
  return account;
}

/// "namespace/name", or a name in the namespace of the context.
ObjectKey key_of(const std::string& text, const std::string& context_namespace) {
  const auto slash = text.find('/');
  if (slash != std::string::npos)
    return {.ns = text.substr(0, slash), .name = text.substr(slash + 1)};
  return {.ns = context_namespace.empty() ? "default" : context_namespace, .name = text};
}

Explained<explain::Account> account_of_cluster(const ExplainOptions& options) {
  const auto access = cluster_access(options.cluster);
  if (!access) return failed(access.error());
  const auto key = key_of(options.policies.front(), access->ns);
  if (key.ns.empty() || key.name.empty() || key.name.find('/') != std::string::npos)
    return wrong(fmt::format("'{}' must be NAMESPACE/NAME", options.policies.front()));
  const auto link = ClusterLink::open(*access, system_clock(), {});
  if (!link) return failed(link.error());
  const auto object =
      (*link)->reads().call(kube::get_request(kube::scaling_policies(), key), std::stop_token());
  if (!object) return failed(object.error().context(fmt::format("policy '{}'", key.text())));
  auto account = explain::account_of_object(*object, directions_of(options));
  if (!account) return failed(account.error().context(fmt::format("policy '{}'", key.text())));
  return std::move(*account);
}

Explained<explain::Account> account_of(const ExplainOptions& options) {
  const bool offline = !options.file.empty() || !options.observation.empty();
  if (!offline && options.policies.size() != 1)
    return wrong("needs the NAMESPACE/NAME of one policy, or -f FILE and --observation FILE");
  if (!offline) return account_of_cluster(options);
  if (!options.policies.empty())
    return wrong("takes a policy of the cluster or files, not both: leave one out");
  if (options.file.empty() || options.observation.empty())
    return wrong("needs -f and --observation together: the policy, and what it is to see");
  return account_of_files(options);
}

}  // namespace

int explain(const ExplainOptions& options, std::ostream& out) {
  const auto account = account_of(options);
  if (!account) {
    for (const auto& line : account.error().lines) std::cerr << "poolscaler: " << line << "\n";
    return account.error().code;
  }
  out << (options.output == OutputFormat::Json ? explain::json_of(*account)
                                               : explain::text_of(*account));
  return out.good() ? 0 : 1;
}

}  // namespace poolscaler::app
