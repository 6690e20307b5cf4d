#include "contract/scribe.hpp"

#include <algorithm>
#include <set>

namespace poolscaler::contract {
namespace {

std::string text_of(const json& value) {
  return value.is_string() ? value.get<std::string>() : value.dump();
}

// The parts of a Status that mean the same everywhere. The message is fixed for these reasons
// alone.
std::string describe_status(const json& status) {
  std::string text = " " + status.value("status", "?");
  const auto reason = status.value("reason", "");
  if (!reason.empty()) text += " reason=" + reason;
  const auto details = status.value("details", json::object());
  for (const char* key : {"name", "group", "kind", "retryAfterSeconds"})
    if (details.contains(key)) text += std::string(" ") + key + "=" + text_of(details[key]);
  std::set<std::string> causes;
  for (const auto& cause : details.value("causes", json::array()))
    causes.insert(cause.value("reason", "") + "@" + cause.value("field", ""));
  for (const auto& cause : causes) text += " cause=" + cause;
  if (reason == "NotFound" || reason == "AlreadyExists" || reason == "MethodNotAllowed")
    text += " message=" + status.value("message", "");
  return text;
}

std::string describe(const json& object, const std::vector<std::string>& fields) {
  if (!object.is_object()) return " (no JSON object)";
  std::string text = " " + object.value("apiVersion", "?") + " " + object.value("kind", "?");
  if (object.value("kind", "") == "Status") return text + describe_status(object);
  const auto metadata = object.value("metadata", json::object());
  if (metadata.contains("name")) text += " name=" + text_of(metadata["name"]);
  for (const auto& field : fields) {
    const json::json_pointer pointer(field);
    text +=
        "\n    " + field + " = " + (object.contains(pointer) ? object[pointer].dump() : "(absent)");
  }
  return text;
}

}  // namespace

Scribe::Scribe(Server server, std::string case_name)
    : server_(std::move(server)), ns_("contract-" + std::move(case_name)) {
  quietly({.method = "POST",
           .target = "/api/v1/namespaces",
           .body = {{"apiVersion", "v1"}, {"kind", "Namespace"}, {"metadata", {{"name", ns_}}}}});
}

rig::RawResponse Scribe::send(const Ask& ask) {
  rig::RawRequest request{
      .method = ask.method,
      .target = ask.target,
      .headers = {{"Authorization", "Bearer " + (ask.token.empty() ? server_.token : ask.token)},
                  {"Accept", std::string(ask.accept)}},
      .body = ask.text};
  if (!ask.body.is_null()) request.body = ask.body.dump();
  if (!request.body.empty()) request.headers["Content-Type"] = ask.type;
  return rig::exchange(server_.endpoint, request);
}

json Scribe::tell(const std::string& title, const Ask& ask,
                  const std::vector<std::string>& fields) {
  const auto answer = send(ask);
  json object = json::parse(answer.body, nullptr, false);
  note(title + ": " + ask.method + " -> " + std::to_string(answer.status) +
       (object.is_discarded() ? " text" : describe(object, fields)));
  return object.is_object() ? object : json::object();
}

json Scribe::quietly(const Ask& ask) {
  json object = json::parse(send(ask).body, nullptr, false);
  return object.is_object() ? object : json::object();
}

void Scribe::fact(const std::string& title, bool holds) {
  note(title + ": " + (holds ? "yes" : "no"));
}

void Scribe::note(const std::string& line) { transcript_ += line + "\n"; }

rig::RawStream Scribe::watch(const std::string& target) {
  return {
      server_.endpoint,
      {.target = target,
       .headers = {{"Authorization", "Bearer " + server_.token}, {"Accept", "application/json"}}}};
}

void Scribe::tell_events(rig::RawStream& stream, int count, const std::vector<std::string>& fields,
                         bool with_bookmarks) {
  while (count > 0) {
    const auto line = stream.next_line(rig::Ms{8000});
    if (!line) {
      note(stream.ended() ? "  (the stream has ended)" : "  (nothing comes)");
      return;
    }
    const auto event = json::parse(*line, nullptr, false);
    if (event.is_discarded()) {
      note("  (a line that is no JSON)");
      return;
    }
    const auto type = event.value("type", "?");
    if (type == "BOOKMARK" && !with_bookmarks) continue;
    note("  " + type + describe(event.value("object", json()), fields));
    --count;
  }
}

std::string Scribe::deployments(const std::string& name) const {
  return "/apis/apps/v1/namespaces/" + ns_ + "/deployments" + (name.empty() ? "" : "/" + name);
}

std::string Scribe::configmaps(const std::string& name) const {
  return "/api/v1/namespaces/" + ns_ + "/configmaps" + (name.empty() ? "" : "/" + name);
}

std::string Scribe::policies(const std::string& name) const {
  return "/apis/poolscaler.dev/v1alpha1/namespaces/" + ns_ + "/scalingpolicies" +
         (name.empty() ? "" : "/" + name);
}

void tell_table(Scribe& scribe, const std::string& title, const std::string& target) {
  const auto table = scribe.tell(title, {.target = target, .accept = accept_table});
  std::size_t age = 0;
  const auto columns = table.value("columnDefinitions", json::array());
  for (std::size_t i = 0; i < columns.size(); ++i) {
    scribe.note("  column " + columns[i].value("name", "") + " " + columns[i].value("type", "") +
                " priority " + std::to_string(columns[i].value("priority", 0)));
    if (columns[i].value("name", "") == "Age") age = i;
  }
  for (const auto& row : table.value("rows", json::array())) {
    auto cells = row["cells"];
    if (age != 0 && cells.size() > age) cells[age] = "(age)";
    scribe.note("  row " + cells.dump() + " of " + row["object"].value("kind", ""));
  }
}

json deployment(const std::string& name, int replicas) {
  return {{"apiVersion", "apps/v1"},
          {"kind", "Deployment"},
          {"metadata", {{"name", name}, {"labels", {{"app", name}}}}},
          {"spec",
           {{"replicas", replicas},
            {"selector", {{"matchLabels", {{"app", name}}}}},
            {"template",
             {{"metadata", {{"labels", {{"app", name}}}}},
              {"spec", {{"containers", {{{"name", "main"}, {"image", "model:1"}}}}}}}}}}};
}

json configmap(const std::string& name, const std::string& value) {
  return {{"apiVersion", "v1"},
          {"kind", "ConfigMap"},
          {"metadata", {{"name", name}}},
          {"data", {{"value", value}}}};
}

std::string text_at(const json& object, const std::string& pointer) {
  const auto value = object.value(json::json_pointer(pointer), json());
  return value.is_string() ? value.get<std::string>() : "";
}

std::string version_of(const json& object) { return text_at(object, "/metadata/resourceVersion"); }

std::string uid_of(const json& object) { return text_at(object, "/metadata/uid"); }

}  // namespace poolscaler::contract
