// Paths to values within objects: "spec.scalingConfig.desiredSize". After a name may stand, in
// brackets, the number of an entry "[0]", an entry by one of its members "[type=Ready]", or a
// member whose name has dots "metadata.annotations[cluster.x-k8s.io/paused]".
#pragma once

#include <cstddef>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "poolscaler/base/result.hpp"

namespace poolscaler::kube {

class FieldPath {
 public:
  /// Errors: InvalidInput (an empty step, a bracket without its end, more than 16 steps).
  [[nodiscard]] static Result<FieldPath> parse(std::string_view text);

  /// The value there, or null.
  [[nodiscard]] const nlohmann::json* find(const nlohmann::json& object) const;
  /// RFC 6901. Errors: InvalidInput (an entry by its member has no pointer).
  [[nodiscard]] Result<std::string> pointer() const;

 private:
  enum class Step { Member, Entry, EntryWith };
  struct Part {
    Step step;
    std::string name{};
    std::string value{};
    std::size_t index = 0;
  };
  [[nodiscard]] static Result<Part> bracketed(std::string_view inner);
  std::string text_{};
  std::vector<Part> parts_{};
};

/// The value at a path that is known to be well-formed, or null; null too for an empty path.
[[nodiscard]] const nlohmann::json* value_at(const nlohmann::json& object, std::string_view path);

}  // namespace poolscaler::kube
