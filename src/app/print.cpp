#include <functional>
#include <map>
#include <nlohmann/json.hpp>
#include <ostream>

#include "poolscaler/api/objects.hpp"
#include "poolscaler/api/presets.hpp"
#include "poolscaler/domain/reason.hpp"
#include "poolscaler/kube/node_groups.hpp"
#include "poolscaler/telemetry/catalogue.hpp"
#include "verbs.hpp"

namespace poolscaler::app {
namespace {

using api::Kind;

std::string all_crds() {
  std::string text;
  for (const auto kind : api::all_kinds)
    text += (text.empty() ? "" : "---\n") + api::crd_yaml(kind);
  return text;
}

}  // namespace

int print(const PrintOptions& options, std::ostream& out) {
  static const std::map<std::string, std::function<std::string()>> pages = {
      {"crd", all_crds},
      {"crd-scalingpolicy", [] { return api::crd_yaml(Kind::ScalingPolicy); }},
      {"crd-metricsource", [] { return api::crd_yaml(Kind::MetricSource); }},
      {"crd-pricecatalog", [] { return api::crd_yaml(Kind::PriceCatalog); }},
      {"crd-acceleratorpool", [] { return api::crd_yaml(Kind::AcceleratorPool); }},
      {"crd-costbudget", [] { return api::crd_yaml(Kind::CostBudget); }},
      {"reasons", [] { return reasons_page(); }},
      {"metrics", [] { return telemetry::metrics_page(); }},
      {"reference-scalingpolicy", [] { return api::reference_page(Kind::ScalingPolicy); }},
      {"reference-metricsource", [] { return api::reference_page(Kind::MetricSource); }},
      {"reference-pricecatalog", [] { return api::reference_page(Kind::PriceCatalog); }},
      {"reference-acceleratorpool", [] { return api::reference_page(Kind::AcceleratorPool); }},
      {"reference-costbudget", [] { return api::reference_page(Kind::CostBudget); }},
      {"flags", [] { return flags_page(); }},
      {"presets", [] { return api::presets_text(); }},
      {"presets-page", [] { return api::presets_page(); }},
      {"backends", [] { return kube::group_kinds_page(); }},
      {"presets-json", [] { return api::presets_json().dump(2) + "\n"; }},
  };
  out << pages.at(options.what)();
  return out.good() ? 0 : 1;
}

int version(std::ostream& out) {
  out << "poolscaler " << POOLSCALER_VERSION << "\n";
  return 0;
}

}  // namespace poolscaler::app
