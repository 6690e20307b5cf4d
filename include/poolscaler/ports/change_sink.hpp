// ChangeSink: where the objects of one watched collection go. The watcher (kube room) lists,
// watches and recovers; the sink keeps what it needs of each object and nothing more.
#pragma once

#include <nlohmann/json_fwd.hpp>

#include "poolscaler/base/result.hpp"

namespace poolscaler {

/// Called from one thread at a time. Must not block.
class ChangeSink {
 public:
  virtual ~ChangeSink() = default;
  /// A list begins: items follow, page by page. Nothing that is served may change before
  /// replace_end(), which swaps atomically: what was there and is not in the list has been deleted.
  virtual void replace_begin() = 0;
  virtual void replace_item(const nlohmann::json& object) = 0;
  virtual void replace_end() = 0;
  /// ADDED or MODIFIED; idempotent.
  virtual void upsert(const nlohmann::json& object) = 0;
  virtual void remove(const nlohmann::json& last_known) = 0;
  /// The collection cannot be watched now (CRD not installed, forbidden, unreachable); what is
  /// stored stays. Called once per change of the error; nullptr when it works again.
  virtual void failing(const Error* error) = 0;
};

}  // namespace poolscaler
