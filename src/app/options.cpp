#include "options.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <deque>
#include <map>

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include "option_info.hpp"
#include "poolscaler/base/text.hpp"
#include "verb_words.hpp"

namespace poolscaler::app {
namespace {

constexpr std::array<std::string_view, 18> printables = {
    "crd",
    "crd-scalingpolicy",
    "crd-metricsource",
    "crd-pricecatalog",
    "crd-acceleratorpool",
    "crd-costbudget",
    "reasons",
    "reference-scalingpolicy",
    "reference-metricsource",
    "reference-pricecatalog",
    "reference-acceleratorpool",
    "reference-costbudget",
    "metrics",
    "flags",
    "presets",
    "presets-page",
    "presets-json",
    "backends"};

Result<void> set_text(std::string& field, const std::string& value) {
  field = value;
  return {};
}

/// As it stands in messages and objects of others.
Result<void> set_identity(std::string& field, const std::string& value) {
  if (value.size() > 253 || escaped(value) != value)
    return fail(ErrorKind::InvalidInput,
                fmt::format("'{}' must be at most 253 characters, none of them a control character",
                            escaped(capped(value, 80))));
  return set_text(field, value);
}

Result<void> set_bool(bool& field, const std::string& value) {
  if (value != "true" && value != "false")
    return fail(ErrorKind::InvalidInput, fmt::format("'{}' must be true or false", value));
  field = value == "true";
  return {};
}

Result<void> set_port(std::uint16_t& field, const std::string& value) {
  const auto parsed = std::from_chars(value.data(), value.data() + value.size(), field);
  if (value.empty() || parsed.ec != std::errc() || parsed.ptr != value.data() + value.size())
    return fail(ErrorKind::InvalidInput, fmt::format("'{}' must be a port from 0 to 65535", value));
  return {};
}

/// A label of DNS, as the API server wants the name of a namespace; or several with dots between.
Result<void> set_name(std::string& field, const std::string& value, bool dots) {
  const auto is_edge = [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); };
  const std::size_t longest = dots ? 253 : 63;
  bool fits = !value.empty() && value.size() <= longest && is_edge(value.back());
  char before = '.';
  for (const char c : value) {
    fits = fits && (is_edge(c) || (c == '-' && before != '.') ||
                    (c == '.' && dots && is_edge(before)));
    before = c;
  }
  if (!fits)
    return fail(ErrorKind::InvalidInput,
                fmt::format("'{}' must be at most {} characters of a to z, 0 to 9 and '-'{}, and "
                            "begin and end with a letter or digit",
                            escaped(capped(value, 80)), longest, dots ? ", or such with '.' "
                            "between" : ""));
  return set_text(field, value);
}

Result<void> set_listen(Choices& choices, const std::string& value) {
  auto address = parse_listen_address(value);
  if (!address) return fail(address.error());
  choices.run.listen = *address;
  return {};
}

Result<void> set_log_level(Choices& choices, const std::string& value) {
  const auto level = telemetry::parse_log_level(value);
  if (!level) return fail(level.error());
  choices.log.level = *level;
  return {};
}

Result<void> set_log_format(Choices& choices, const std::string& value) {
  const auto format = telemetry::parse_log_format(value);
  if (!format) return fail(format.error());
  choices.log.format = *format;
  return {};
}

Result<void> set_credentials_dir(Choices& choices, const std::string& value) {
  if (value.empty() || value.front() != '/')
    return fail(ErrorKind::InvalidInput, fmt::format("'{}' must be an absolute path", value));
  choices.run.credentials_dir = value;
  return {};
}

Result<void> set_printable(Choices& choices, const std::string& value) {
  if (std::ranges::find(printables, value) == printables.end())
    return fail(ErrorKind::InvalidInput,
                fmt::format("'{}' must be one of: {}", value, fmt::join(printables, ", ")));
  return set_text(choices.print.what, value);
}

Result<void> set_output(OutputFormat& field, const std::string& value) {
  if (value != "text" && value != "json")
    return fail(ErrorKind::InvalidInput, fmt::format("'{}' must be text or json", value));
  field = value == "json" ? OutputFormat::Json : OutputFormat::Text;
  return {};
}

const std::array options = {
    OptionInfo{"run", "--kubeconfig", "POOLSCALER_KUBECONFIG", Arity::One, "in-cluster",
               "kubeconfig file; without it the pod's service account is used",
               [](Choices& c, const std::string& v) { return set_text(c.run.kubeconfig, v); }},
    OptionInfo{"run", "--context", "", Arity::One, "current-context", "context of the kubeconfig",
               [](Choices& c, const std::string& v) { return set_text(c.run.context, v); }},
    OptionInfo{"run", "--allow-insecure-kubeconfig", "", Arity::Switch, "off",
               "for development: accept a kubeconfig that skips TLS verification",
               [](Choices& c, const std::string&) {
                 c.run.allow_insecure_kubeconfig = true;
                 return Result<void>();
               }},
    OptionInfo{"run", "--listen-address", "POOLSCALER_LISTEN_ADDRESS", Arity::One, "0.0.0.0:8080",
               "host:port of /metrics, /healthz and /readyz; port 0 takes a free one", set_listen},
    OptionInfo{"run", "--leader-elect", "", Arity::One, "true",
               "true or false; without a lease two operators would both write",
               [](Choices& c, const std::string& v) { return set_bool(c.run.leader_elect, v); }},
    OptionInfo{"run", "--lease-namespace", "POD_NAMESPACE", Arity::One, "the pod's namespace",
               "namespace of the lease", [](Choices& c, const std::string& v) {
                 return set_name(c.run.lease_namespace, v, false);
               }},
    OptionInfo{
        "run", "--lease-name", "", Arity::One, "poolscaler", "name of the lease",
        [](Choices& c, const std::string& v) { return set_name(c.run.lease_name, v, true); }},
    OptionInfo{"run", "--identity", "POD_NAME", Arity::One, "host name and a random suffix",
               "who holds the lease; must differ between operators",
               [](Choices& c, const std::string& v) { return set_identity(c.run.identity, v); }},
    OptionInfo{"run", "--watch-namespace", "", Arity::Many, "all namespaces",
               "a namespace whose policies are served; may be given several times",
               [](Choices& c, const std::string& v) {
                 return set_name(c.run.watch_namespaces.emplace_back(), v, false);
               }},
    OptionInfo{"run", "--credentials-dir", "", Arity::One, "/etc/poolscaler",
               "the folder that the files of a MetricSource must lie in", set_credentials_dir},
    OptionInfo{"sandbox", "--serve", "", Arity::Switch, "off",
               "keep running and print a kubeconfig instead of playing the story",
               [](Choices& c, const std::string&) {
                 c.sandbox.serve = true;
                 return Result<void>();
               }},
    OptionInfo{"sandbox", "--api-port", "", Arity::One, "a free one",
               "port of the API server on 127.0.0.1",
               [](Choices& c, const std::string& v) { return set_port(c.sandbox.api_port, v); }},
    OptionInfo{
        "sandbox", "--metrics-port", "", Arity::One, "a free one",
        "port of the Prometheus API on 127.0.0.1",
        [](Choices& c, const std::string& v) { return set_port(c.sandbox.metrics_port, v); }},
    OptionInfo{"sandbox", "--write-kubeconfig", "", Arity::One, "a temporary file",
               "where it writes its kubeconfig",
               [](Choices& c, const std::string& v) { return set_text(c.sandbox.kubeconfig, v); },
               {.needs = "--serve"}},
    OptionInfo{"run,sandbox", "--log-level", "POOLSCALER_LOG_LEVEL", Arity::One, "info",
               "debug, info, warning or error", set_log_level},
    OptionInfo{"run,sandbox", "--log-format", "POOLSCALER_LOG_FORMAT", Arity::One, "console",
               "console or json", set_log_format},
    OptionInfo{"validate", "files", "", Arity::Many, "",
               "manifests (YAML or JSON, several documents each) or folders of them; '-' is "
               "standard input",
               [](Choices& c, const std::string& v) {
                 c.validate.files.push_back(v);
                 return Result<void>();
               }},
    OptionInfo{"convert", "files", "", Arity::Many, "",
               "HPAs and ScaledObjects (YAML or JSON, several documents each); '-' is standard "
               "input",
               [](Choices& c, const std::string& v) {
                 c.convert.files.push_back(v);
                 return Result<void>();
               }},
    OptionInfo{"convert", "--allow-lossy", "", Arity::Switch, "off",
               "exit with 0 although something is lost or means something else",
               [](Choices& c, const std::string&) {
                 c.convert.allow_lossy = true;
                 return Result<void>();
               }},
    OptionInfo{"convert", "--metric-source", "", Arity::One, "prometheus",
               "name of the MetricSource of metrics whose Prometheus an object does not name",
               [](Choices& c, const std::string& v) {
                 return set_text(c.convert.metric_source, v);
               }},
    OptionInfo{"validate", "-o,--output", "", Arity::One, "text", "text or json",
               [](Choices& c, const std::string& v) { return set_output(c.validate.output, v); }},
    OptionInfo{"diff", "files", "", Arity::Many, "",
               "OLD NEW, or with --kubeconfig what is compared with the cluster; files or folders",
               [](Choices& c, const std::string& v) {
                 c.diff.files.push_back(v);
                 return Result<void>();
               }},
    OptionInfo{"diff", "--kubeconfig", "", Arity::One, "none",
               "compare with the cluster of this kubeconfig file",
               [](Choices& c, const std::string& v) { return set_text(c.diff.kubeconfig, v); }},
    OptionInfo{"diff", "--context", "", Arity::One, "current-context", "context of the kubeconfig",
               [](Choices& c, const std::string& v) { return set_text(c.diff.context, v); },
               {.needs = "--kubeconfig"}},
    OptionInfo{"diff", "--allow-insecure-kubeconfig", "", Arity::Switch, "off",
               "for development: accept a kubeconfig that skips TLS verification",
               [](Choices& c, const std::string&) {
                 c.diff.allow_insecure_kubeconfig = true;
                 return Result<void>();
               },
               {.needs = "--kubeconfig"}},
    OptionInfo{"diff", "-o,--output", "", Arity::One, "text", "text or json",
               [](Choices& c, const std::string& v) { return set_output(c.diff.output, v); }},
    OptionInfo{"print", "what", "", Arity::One, "", "what to print", set_printable},
};

/// Those of this file and those of the verbs that have many.
std::vector<const OptionInfo*> all_options() {
  std::vector<const OptionInfo*> all;
  for (const auto& option : options) all.push_back(&option);
  for (const auto& option : simulate_options()) all.push_back(&option);
  for (const auto& option : explain_options()) all.push_back(&option);
  for (const auto& option : prices_options()) all.push_back(&option);
  return all;
}

/// Whether one of the words, which commas separate, is one of the others.
bool have_common_word(std::string_view words, std::string_view others) {
  while (!words.empty()) {
    const auto comma = std::min(words.find(','), words.size());
    if (fmt::format(",{},", others).find(fmt::format(",{},", words.substr(0, comma))) !=
        std::string::npos)
      return true;
    words.remove_prefix(std::min(comma + 1, words.size()));
  }
  return false;
}

bool belongs_to(const OptionInfo& option, std::string_view verb) {
  return have_common_word(option.verbs, verb);
}

/// What the flag is for, behind the flag without which it is of no use.
std::string meaning_of(const OptionInfo& option) {
  const auto needs = option.company.needs;
  return (needs.empty() ? "" : fmt::format("with {}: ", needs)) + std::string(option.help);
}

std::string help_of(const OptionInfo& option) {
  auto text = meaning_of(option);
  if (!option.default_text.empty()) text += fmt::format(" [{}]", option.default_text);
  if (!option.env.empty()) text += fmt::format(" (env {})", option.env);
  return text;
}

/// One option of one verb, as the parser sees it.
struct Binding {
  const OptionInfo* info;
  CLI::Option* option = nullptr;
  std::vector<std::string> values{};
  bool on = false;
};

void add_options(CLI::App& app, std::string_view verb, std::deque<Binding>& bindings) {
  for (const auto* const option : all_options()) {
    const auto& info = *option;
    if (!belongs_to(info, verb)) continue;
    auto& binding = bindings.emplace_back(Binding{.info = &info});
    const std::string name(info.flag);
    if (info.arity == Arity::Switch) {
      binding.option = app.add_flag(name, binding.on, help_of(info));
    } else {
      binding.option = app.add_option(name, binding.values, help_of(info));
      if (info.arity == Arity::One) binding.option->expected(1);
      // Who adds to a command line wins over who began it.
      if (info.arity == Arity::One && name.starts_with("-")) binding.option->take_last();
      // One value each time the flag is given: what follows may be a positional argument.
      if (name.starts_with("-")) binding.option->allow_extra_args(false);
      if (!name.starts_with("-") && info.arity != Arity::Any) binding.option->required();
    }
  }
}

/// What the flag's environment variable says; empty: nothing.
std::string variable_of(const OptionInfo& info, const Environment& environment) {
  return info.env.empty() ? "" : environment(std::string(info.env)).value_or("");
}

Result<void> apply(const Binding& binding, const Environment& environment, Choices& choices) {
  const auto& info = *binding.info;
  auto values = binding.values;
  std::string origin(info.flag);
  if (binding.option->count() == 0) {
    if (const auto value = variable_of(info, environment); !value.empty()) {
      values = {value};
      origin = info.env;
    }
  }
  if (info.arity == Arity::Switch) return binding.on ? info.set(choices, "true") : Result<void>();
  for (const auto& value : values) {
    const auto set = info.set(choices, value);
    if (!set) return fail(set.error().context(origin));
  }
  return {};
}

/// No flag is given that its company makes silently do nothing.
Result<void> check_company(const std::deque<Binding>& bindings, const Environment& environment) {
  for (const auto& one : bindings) {
    if (one.option->count() == 0) continue;
    const auto& [needs, without] = one.info->company;
    bool has_what_it_needs = needs.empty();
    for (const auto& other : bindings) {
      const bool given = other.option->count() > 0;
      if (have_common_word(other.info->flag, needs))
        has_what_it_needs = given || !variable_of(*other.info, environment).empty();
      if (given && have_common_word(without, other.info->flag))
        return fail(ErrorKind::InvalidInput, fmt::format("{} and {} do not go together: leave one "
                                                         "away",
                                                         one.info->flag, other.info->flag));
    }
    if (!has_what_it_needs)
      return fail(ErrorKind::InvalidInput, fmt::format("{0} needs {1} and does nothing without it: "
                                                       "give {1} too, or leave {0} away",
                                                       one.info->flag, needs));
  }
  return {};
}

Command command_of(std::string_view verb, Choices choices) {
  choices.run.log = choices.log;
  choices.sandbox.log = choices.log;
  choices.explain.cluster = choices.top.cluster = choices.budget.cluster = choices.cluster;
  choices.explain.output = choices.top.output = choices.budget.output = choices.output;
  if (verb == "run") return choices.run;
  if (verb == "sandbox") return choices.sandbox;
  if (verb == "validate") return choices.validate;
  if (verb == "convert") return choices.convert;
  if (verb == "diff") return choices.diff;
  if (verb == "simulate") return choices.simulate;
  if (verb == "explain") return choices.explain;
  if (verb == "top") return choices.top;
  if (verb == "budget") return choices.budget;
  if (verb == "prices import") return choices.prices_import;
  if (verb == "prices show") return choices.prices_show;
  if (verb == "print") return choices.print;
  return VersionOptions{};
}

/// The place of a verb; one of two words lies below the first of them.
CLI::App& add_verb(CLI::App& app, const VerbInfo& verb) {
  const auto space = verb.name.find(' ');
  if (space == std::string_view::npos)
    return *app.add_subcommand(std::string(verb.name), std::string(verb.help));
  const std::string first(verb.name.substr(0, space));
  const auto known =
      app.get_subcommands([&](CLI::App* one) { return one->get_name() == first; });
  auto* above = known.empty() ? app.add_subcommand(first, "knows verbs of its own") : known.front();
  above->require_subcommand(1);
  return *above->add_subcommand(std::string(verb.name.substr(space + 1)), std::string(verb.help));
}

/// The words of the verb that was chosen.
std::string chosen_verb(const CLI::App& app) {
  std::string words;
  for (auto below = app.get_subcommands(); !below.empty();
       below = below.front()->get_subcommands())
    words += (words.empty() ? "" : " ") + below.front()->get_name();
  return words;
}

/// Help is a success; everything else names its remedy.
Result<Command> stopped(const CLI::App& app, std::span<const char* const> arguments,
                        const CLI::ParseError& stop) {
  std::string verb;
  const auto* chosen = &app;
  for (auto below = app.get_subcommands(); !below.empty(); below = chosen->get_subcommands()) {
    chosen = below.front();
    verb += " " + chosen->get_name();
  }
  if (stop.get_name() == "CallForVersion")
    return PrintText{.text = std::string(stop.what()) + "\n", .code = 0};
  if (stop.get_exit_code() == 0) return PrintText{.text = chosen->help(), .code = 0};
  if (const auto wrong = wrong_verb(arguments.subspan(std::min<std::size_t>(1, arguments.size()))))
    return fail(ErrorKind::InvalidInput, *wrong);
  return fail(ErrorKind::InvalidInput,
              fmt::format("{}; 'poolscaler{} --help' lists what there is", stop.what(), verb));
}

}  // namespace

Result<void> set_time(std::optional<Instant>& field, const std::string& value) {
  const auto instant = parse_rfc3339(value.size() == 10 ? value + "T00:00:00Z" : value);
  if (!instant)
    return fail(ErrorKind::InvalidInput,
                fmt::format("'{}' must be a time such as 2026-07-20 or 2026-07-20T13:44:30Z",
                            value));
  field = *instant;
  return {};
}

Result<ListenAddress> parse_listen_address(std::string_view text) {
  const auto bad = [&](std::string_view why) {
    return fail(ErrorKind::InvalidInput,
                fmt::format("'{}' {}; write host:port, such as 0.0.0.0:8080", text, why));
  };
  const auto colon = text.rfind(':');
  if (colon == std::string_view::npos) return bad("has no port");
  ListenAddress address{.host = std::string(text.substr(0, colon)), .port = 0};
  if (!set_port(address.port, std::string(text.substr(colon + 1))))
    return bad("has no port from 0 to 65535");
  if (address.host.starts_with('[') && address.host.ends_with(']'))
    address.host = address.host.substr(1, address.host.size() - 2);
  else if (address.host.find(':') != std::string::npos)
    return bad("has an IPv6 host without brackets");
  if (address.host.empty()) address.host = "0.0.0.0";
  return address;
}

Result<Command> parse_command_line(std::span<const char* const> arguments,
                                   const Environment& environment) {
  CLI::App app("poolscaler scales accelerator workloads, and says why", "poolscaler");
  app.require_subcommand(1);
  app.set_version_flag("--version", "poolscaler " POOLSCALER_VERSION, "prints the version");
  std::map<std::string, std::deque<Binding>, std::less<>> bindings;
  for (const auto& verb : all_verbs()) {
    const std::string name(verb.name);
    add_options(add_verb(app, verb), name, bindings[name]);
  }
  try {
    app.parse(static_cast<int>(arguments.size()), arguments.data());
  } catch (const CLI::ParseError& stop) {
    return stopped(app, arguments, stop);
  }
  const auto verb = chosen_verb(app);
  if (auto fits = check_company(bindings[verb], environment); !fits) return fail(fits.error());
  Choices choices;
  for (const auto& binding : bindings[verb]) {
    const auto applied = apply(binding, environment, choices);
    if (!applied) return fail(applied.error());
  }
  if (verb == "prices show")
    if (auto enough = check_prices_show(choices.prices_show); !enough) return fail(enough.error());
  return command_of(verb, std::move(choices));
}

std::string flags_page() {
  std::string page =
      "# Flags\n\nGenerated by `poolscaler print flags`. A flag wins over its environment variable."
      "\nOf a flag that takes one value the last one given wins.\n";
  for (const auto& verb : all_verbs()) {
    page += fmt::format("\n## poolscaler {}\n{}.\n", verb.name, verb.help);
    bool headed = false;
    for (const auto* const info : all_options()) {
      const auto& option = *info;
      if (!belongs_to(option, verb.name)) continue;
      if (!headed) page += "\n| flag | environment | default | meaning |\n|---|---|---|---|\n";
      headed = true;
      page += fmt::format("| `{}` | {} | {} | {} |\n", option.flag,
                          option.env.empty() ? "" : fmt::format("`{}`", option.env),
                          option.default_text, meaning_of(option));
    }
  }
  page += fmt::format("\n`print` knows: {}.\n", fmt::join(printables, ", "));
  return page;
}

std::span<const std::string_view> printable() { return printables; }

}  // namespace poolscaler::app
