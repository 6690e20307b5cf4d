#include <algorithm>
#include <array>
#include <filesystem>
#include <optional>

#include <fmt/format.h>
#include <yaml-cpp/yaml.h>

#include "poolscaler/base/text.hpp"
#include "poolscaler/kube/credentials.hpp"

namespace poolscaler::kube {
namespace {

constexpr std::size_t kubeconfig_bytes_max = 1u << 20;

tl::unexpected<Error> invalid(std::string message) {
  return fail(ErrorKind::InvalidInput, std::move(message));
}

std::optional<std::string> decoded_base64(std::string_view text) {
  std::string out;
  std::uint32_t bits = 0;
  int have = 0;
  for (const char c : text) {
    std::uint32_t value = 0;
    if (c >= 'A' && c <= 'Z') value = static_cast<std::uint32_t>(c - 'A');
    else if (c >= 'a' && c <= 'z') value = static_cast<std::uint32_t>(c - 'a' + 26);
    else if (c >= '0' && c <= '9') value = static_cast<std::uint32_t>(c - '0' + 52);
    else if (c == '+') value = 62;
    else if (c == '/') value = 63;
    else if (c == '=' || c == '\n' || c == '\r' || c == ' ') continue;
    else return std::nullopt;
    bits = (bits << 6) | value;
    have += 6;
    if (have < 8) continue;
    have -= 8;
    out += static_cast<char>((bits >> have) & 0xFFU);
  }
  return out;
}

/// One mapping of the file, with its place in it for messages.
class Section {
 public:
  Section(YAML::Node node, std::string where) : node_(std::move(node)), where_(std::move(where)) {}

  [[nodiscard]] bool has(const char* field) const {
    return node_.IsMap() && node_[field] && !node_[field].IsNull();
  }
  /// Empty when absent.
  [[nodiscard]] Result<std::string> text(const char* field) const {
    if (!has(field)) return std::string();
    const auto value = node_[field];
    if (!value.IsScalar()) return invalid(fmt::format("{} must be a text", place(field)));
    return value.Scalar();
  }
  [[nodiscard]] bool is_true(const char* field) const {
    return has(field) && node_[field].IsScalar() && node_[field].Scalar() == "true";
  }
  [[nodiscard]] Section inner(const char* field) const {
    return {has(field) ? node_[field] : YAML::Node(), place(field)};
  }
  /// The entry of the list `field` whose name is `name`.
  [[nodiscard]] Result<Section> named(const char* field, const std::string& name) const {
    if (has(field) && node_[field].IsSequence())
      for (const auto& entry : node_[field])
        if (entry.IsMap() && entry["name"] && entry["name"].IsScalar() &&
            entry["name"].Scalar() == name)
          return Section(entry, fmt::format("{}[{}]", field, escaped(capped(name, 100))));
    return fail(ErrorKind::NotFound,
                fmt::format("{} has no entry named '{}'", field, escaped(capped(name, 100))));
  }
  [[nodiscard]] std::string place(const char* field) const {
    return where_.empty() ? field : fmt::format("{}.{}", where_, field);
  }

 private:
  YAML::Node node_;
  std::string where_;
};

class Reader {
 public:
  Reader(const KubeconfigChoice& choice, Section root)
      : choice_(choice),
        root_(std::move(root)),
        directory_(std::filesystem::path(choice.path).parent_path().string()) {}

  Result<ClusterAccess> read();

 private:
  Result<void> read_cluster(const Section& cluster);
  Result<void> read_user(const Section& user);
  Result<void> read_material(const Section& section, const std::string& field, std::string& file,
                             std::string& pem) const;
  [[nodiscard]] std::string beside(const std::string& path) const {
    return path.empty() || path.front() == '/' || directory_.empty() ? path
                                                                     : directory_ + "/" + path;
  }

  const KubeconfigChoice& choice_;
  Section root_;
  std::string directory_;
  ClusterAccess access_;
};

/// `field` names a file, `field`-data holds its content; the latter wins, as kubectl has it.
Result<void> Reader::read_material(const Section& section, const std::string& field,
                                   std::string& file, std::string& pem) const {
  const auto data_field = field + "-data";
  const auto data = section.text(data_field.c_str());
  if (!data) return fail(data.error());
  if (!data->empty()) {
    auto text = decoded_base64(*data);
    if (!text) return invalid(fmt::format("{} must be base64", section.place(data_field.c_str())));
    pem = *std::move(text);
    return {};
  }
  const auto path = section.text(field.c_str());
  if (!path) return fail(path.error());
  file = beside(*path);
  return {};
}

Result<void> Reader::read_cluster(const Section& cluster) {
  const auto server = cluster.text("server");
  if (!server) return fail(server.error());
  if (server->empty()) return invalid(fmt::format("{} is required", cluster.place("server")));
  access_.origin = *server;
  const auto name = cluster.text("tls-server-name");
  if (!name) return fail(name.error());
  access_.server_name = *name;
  if (cluster.has("proxy-url"))
    return invalid(fmt::format("{} is not supported: reach the server directly",
                               cluster.place("proxy-url")));
  if (cluster.is_true("insecure-skip-tls-verify")) {
    if (!choice_.allow_insecure)
      return invalid(fmt::format("{} is refused: give the server's certificate-authority instead, "
                                 "or allow it explicitly for development",
                                 cluster.place("insecure-skip-tls-verify")));
    access_.insecure_skip_tls_verify = true;
    return {};
  }
  return read_material(cluster, "certificate-authority", access_.ca_file, access_.ca_pem);
}

Result<void> Reader::read_user(const Section& user) {
  for (const auto* plugin : {"exec", "auth-provider"})
    if (user.has(plugin))
      return invalid(fmt::format("{} is not supported, since it runs a program that this file "
                                 "names: use a token, a tokenFile or a client certificate (for "
                                 "example a service account's token)",
                                 user.place(plugin)));
  for (const auto* field : {"username", "password", "as", "as-uid", "as-groups", "as-user-extra"})
    if (user.has(field))
      return invalid(fmt::format("{} is not supported: use a token, a tokenFile or a client "
                                 "certificate",
                                 user.place(field)));
  const auto token = user.text("token");
  if (!token) return fail(token.error());
  const auto token_file = user.text("tokenFile");
  if (!token_file) return fail(token_file.error());
  if (!token->empty() && !is_token(*token))
    return invalid(fmt::format("{} must be one word without blanks and line breaks",
                               user.place("token")));
  access_.token = *token;
  access_.token_file = beside(*token_file);
  if (!access_.token_file.empty())
    if (const auto held = read_token(access_.token_file); !held)
      return invalid(fmt::format("{}: {}", user.place("tokenFile"), held.error().message));
  if (auto read = read_material(user, "client-certificate", access_.client_certificate_file,
                                access_.client_certificate_pem);
      !read)
    return read;
  return read_material(user, "client-key", access_.client_key_file, access_.client_key_pem);
}

Result<ClusterAccess> Reader::read() {
  auto context_name = root_.text("current-context");
  if (!context_name) return fail(context_name.error());
  if (!choice_.context.empty()) context_name = choice_.context;
  if (context_name->empty())
    return invalid("current-context is not set: name the context to use");
  const auto context = root_.named("contexts", *context_name);
  if (!context) return fail(context.error());
  const auto inner = context->inner("context");
  const auto cluster_name = inner.text("cluster");
  const auto user_name = inner.text("user");
  const auto ns = inner.text("namespace");
  for (const auto* text : {&cluster_name, &user_name, &ns})
    if (!*text) return fail(text->error());
  access_.context = *context_name;
  access_.ns = *ns;
  const auto cluster = root_.named("clusters", *cluster_name);
  if (!cluster) return fail(cluster.error());
  if (auto read = read_cluster(cluster->inner("cluster")); !read) return fail(read.error());
  if (!user_name->empty()) {
    const auto user = root_.named("users", *user_name);
    if (!user) return fail(user.error());
    if (auto read = read_user(user->inner("user")); !read) return fail(read.error());
  }
  return access_;
}

}  // namespace

Result<ClusterAccess> read_kubeconfig(const KubeconfigChoice& choice) {
  const auto where = fmt::format("reading kubeconfig '{}'", escaped(capped(choice.path, 300)));
  const auto text = read_small_file(choice.path, kubeconfig_bytes_max);
  if (!text) return fail(text.error().context("reading kubeconfig"));
  try {
    auto root = YAML::Load(*text);
    if (!root.IsMap()) return invalid(where + ": it must be a YAML mapping");
    auto access = Reader(choice, Section(std::move(root), "")).read();
    if (!access) return fail(access.error().context(where));
    return access;
  } catch (const YAML::Exception& error) {
    // The library's text tells line and column, and nothing of the content.
    return invalid(fmt::format("{}: {}", where, escaped(capped(error.what(), 200))));
  }
}

}  // namespace poolscaler::kube
