// Manifests: any text is refused or read, as YAML and as JSON; what the operator's reader takes has
// no errors, and has none with the API server's defaults filled in either.
#include <nlohmann/json.hpp>

#include "fuzz/target.hpp"
#include "poolscaler/api/budget_status.hpp"
#include "poolscaler/api/pool_status.hpp"

namespace {

using namespace poolscaler;

void check(const nlohmann::json& object) {
  (void)api::read_status(object);
  (void)api::read_pool_status(object);
  (void)api::read_budget_status(object);
  for (const auto kind : api::all_kinds)
    if (api::errors_of(kind, object, api::UnknownFields::Tolerate).empty())
      fuzz::require(api::errors_of(kind, api::with_defaults(kind, object),
                                   api::UnknownFields::Report)
                        .empty(),
                    "what is accepted is accepted with its defaults, too");
  const auto policy = api::read_scaling_policy(object);
  if (!policy) {
    fuzz::require(!policy.error().empty(), "a refusal says why");
    return;
  }
  const auto complete = api::with_defaults(api::Kind::ScalingPolicy, object);
  fuzz::require(api::read_scaling_policy(complete).has_value(), "defaults break nothing");
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto text = fuzz::text_of(data, size);
  if (const auto documents = api::read_yaml(text))
    for (const auto& document : *documents) check(document);
  if (const auto object = nlohmann::json::parse(text, nullptr, false); !object.is_discarded())
    check(object);
  return 0;
}
