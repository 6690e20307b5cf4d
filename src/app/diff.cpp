// What applying manifests would change in effect: against other files, or against a cluster.
#include <iostream>
#include <map>
#include <ostream>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "cluster_access.hpp"
#include "cluster_link.hpp"
#include "manifest_files.hpp"
#include "poolscaler/base/text.hpp"
#include "poolscaler/kube/credentials.hpp"
#include "poolscaler/kube/request.hpp"
#include "present_effect.hpp"
#include "verbs.hpp"

namespace poolscaler::app {
namespace {

using nlohmann::json;

struct Identity {
  api::Kind kind;
  ObjectKey key;
  auto operator<=>(const Identity&) const = default;
};

std::string title_of(const Identity& object) {
  return fmt::format("{} '{}'", api::names_of(object.kind).kind, object.key.text());
}

struct Entry {
  json object;
  std::string place;
};
using Objects = std::map<Identity, Entry>;

enum class Change { None, Create, Update, Delete };
constexpr std::string_view words[] = {"None", "Create", "Update", "Delete"};

/// Of one object: what would happen to it, and what would come of it.
struct Difference {
  Identity object;
  std::string place;
  Change change = Change::None;
  std::vector<api::FieldChange> fields{};
  std::optional<Effect> effect{};
  std::string effect_unknown{};
};

/// The valid objects of ours in these files. Everything else is reported.
Result<Objects> objects_in(const std::vector<std::string>& paths, const std::string& default_ns,
                           std::ostream& problems) {
  const auto files = read_manifest_files(paths);
  std::size_t bad = files.problems.size();
  for (const auto& problem : files.problems)
    problems << fmt::format("{}: {}\n", place(problem.file, problem.line), problem.message);
  Objects objects;
  for (const auto& from : files.manifests) {
    const auto& object = from.manifest.object;
    const auto at = place(from.file, from.manifest.line_of(""));
    const auto errors = manifest_errors(object);
    if (!errors) {
      problems << fmt::format("{}: {} is of another kind and not looked at\n", at,
                              app::title_of(object));
      continue;
    }
    bad += errors->size();
    for (const auto& error : *errors)
      problems << fmt::format("{}: {}: {}\n", place(from.file, from.manifest.line_of(error.path)),
                              app::title_of(object), error.text());
    if (!errors->empty()) continue;
    const auto kind = *own_kind_of(object);
    auto ns = short_text_at(object, {"metadata", "namespace"});
    if (ns.empty()) ns = default_ns;
    if (!api::names_of(kind).namespaced) ns.clear();
    const Identity identity{kind, {.ns = ns, .name = short_text_at(object, {"metadata", "name"})}};
    if (!objects.emplace(identity, Entry{object, at}).second) {
      ++bad;
      problems << fmt::format("{}: {} is given twice: leave one out\n", at, title_of(identity));
    }
  }
  if (bad > 0) return fail(ErrorKind::InvalidInput, "the manifests have errors");
  return objects;
}

Difference difference_of(const Identity& object, const Entry& before, const Entry& after) {
  Difference difference{.object = object, .place = after.place};
  difference.fields = api::changes_between(object.kind, before.object, after.object);
  if (difference.fields.empty()) return difference;
  difference.change = Change::Update;
  if (object.kind != api::Kind::ScalingPolicy) return difference;
  auto effect = effect_of(before.object, after.object, difference.fields);
  if (effect) {
    difference.effect = *std::move(effect);
  } else {
    difference.effect_unknown = effect.error().message;
  }
  return difference;
}

/// First sentence of a field's text.
std::string_view first_sentence(std::string_view doc) {
  const auto end = doc.find(". ");
  return end == std::string_view::npos ? doc : doc.substr(0, end + 1);
}

void print_text(const Difference& difference, std::ostream& out) {
  switch (difference.change) {
    case Change::None: return;
    case Change::Create:
      out << fmt::format("+ {} would be created ({})\n", title_of(difference.object),
                         difference.place);
      return;
    case Change::Delete:
      out << fmt::format("- {} is not there any more\n", title_of(difference.object));
      return;
    case Change::Update: break;
  }
  out << fmt::format("~ {} ({})\n", title_of(difference.object), difference.place);
  for (const auto& field : difference.fields)
    out << fmt::format("    {}: {} -> {}  # {}\n", field.path,
                       field.before.empty() ? "not set" : field.before,
                       field.after.empty() ? "not set" : field.after, first_sentence(field.doc));
  if (const auto& effect = difference.effect) {
    if (effect->before == effect->after)
      out << fmt::format("    effect now: desired stays {}: {}\n", effect->before, effect->why);
    else
      out << fmt::format("    effect now: desired {} -> {}, because {}: {}\n", effect->before,
                         effect->after, effect->causes, effect->why);
  } else if (!difference.effect_unknown.empty()) {
    out << fmt::format("    effect now: unknown: {}\n", difference.effect_unknown);
  }
}

json as_json(const Difference& difference) {
  json fields = json::array();
  for (const auto& field : difference.fields)
    fields.push_back({{"field", field.path},
                      {"before", field.before},
                      {"after", field.after},
                      {"meaning", first_sentence(field.doc)}});
  json out{{"kind", api::names_of(difference.object.kind).kind},
           {"namespace", difference.object.key.ns},
           {"name", difference.object.key.name},
           {"place", difference.place},
           {"change", words[static_cast<std::size_t>(difference.change)]},
           {"fields", std::move(fields)}};
  if (const auto& effect = difference.effect)
    out["effect"] = {{"desiredBefore", effect->before},
                     {"desiredAfter", effect->after},
                     {"because", effect->causes},
                     {"explanation", effect->why}};
  if (!difference.effect_unknown.empty()) out["effectUnknown"] = difference.effect_unknown;
  return out;
}

int report(const std::vector<Difference>& differences, OutputFormat format, std::ostream& out) {
  std::size_t changed = 0;
  json list = json::array();
  for (const auto& difference : differences) {
    if (difference.change != Change::None) ++changed;
    if (format == OutputFormat::Json) list.push_back(as_json(difference));
    else print_text(difference, out);
  }
  if (format == OutputFormat::Json)
    out << json{{"objects", std::move(list)}, {"different", changed}}.dump(
               2, ' ', false, json::error_handler_t::replace)
        << "\n";
  else
    out << fmt::format("{} of {} differ\n", changed, differences.size());
  return changed == 0 ? 0 : 1;
}

Result<std::vector<Difference>> between_files(const DiffOptions& options) {
  if (options.files.size() != 2)
    return fail(ErrorKind::InvalidInput,
                "without --kubeconfig two files or folders are compared: diff OLD NEW");
  const auto before = objects_in({options.files[0]}, "default", std::cerr);
  const auto after = objects_in({options.files[1]}, "default", std::cerr);
  if (!before) return fail(before.error());
  if (!after) return fail(after.error());
  std::vector<Difference> differences;
  for (const auto& [identity, entry] : *after) {
    const auto old = before->find(identity);
    differences.push_back(
        old == before->end()
            ? Difference{.object = identity, .place = entry.place, .change = Change::Create}
            : difference_of(identity, old->second, entry));
  }
  for (const auto& [identity, entry] : *before)
    if (!after->contains(identity))
      differences.push_back({.object = identity, .place = entry.place, .change = Change::Delete});
  return differences;
}

Result<std::vector<Difference>> against_cluster(const DiffOptions& options) {
  auto access = kube::read_kubeconfig({.path = options.kubeconfig,
                                       .context = options.context,
                                       .allow_insecure = options.allow_insecure_kubeconfig});
  if (!access) return fail(access.error());
  const auto wanted =
      objects_in(options.files, access->ns.empty() ? "default" : access->ns, std::cerr);
  if (!wanted) return fail(wanted.error());
  const auto link = ClusterLink::open(*access, system_clock(), {});
  if (!link) return fail(link.error());
  std::vector<Difference> differences;
  for (const auto& [identity, entry] : *wanted) {
    auto live =
        (*link)->reads().call(kube::get_request(resource_of(identity.kind), identity.key), {});
    if (live) {
      differences.push_back(difference_of(identity, {*std::move(live), ""}, entry));
    } else if (live.error().kind == ErrorKind::NotFound) {
      differences.push_back(
          {.object = identity, .place = entry.place, .change = Change::Create});
    } else {
      return fail(live.error().context("reading " + title_of(identity)));
    }
  }
  return differences;
}

}  // namespace

int diff(const DiffOptions& options, std::ostream& out) {
  auto differences = options.kubeconfig.empty() ? between_files(options) : against_cluster(options);
  if (differences && differences->empty())
    differences = fail(ErrorKind::InvalidInput,
                       "nothing was compared: the files hold no object of poolscaler.dev");
  if (differences) return report(*differences, options.output, out);
  std::cerr << fmt::format("poolscaler diff: {}\n", differences.error().message);
  return 2;
}

}  // namespace poolscaler::app
