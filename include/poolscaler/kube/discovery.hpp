// Discovery: which collection serves a kind, and whether it can be scaled. The answer is cached per
// group and version for ten minutes; a kind that is not in the cached answer is asked for again, at
// most once in 10 s per group and version (a CRD may just have been installed).
#pragma once

#include <cstddef>
#include <map>
#include <mutex>
#include <stop_token>
#include <string>
#include <string_view>

#include "poolscaler/base/clock.hpp"
#include "poolscaler/kube/client.hpp"
#include "poolscaler/kube/request.hpp"

namespace poolscaler::kube {

struct KindInfo {
  Resource resource;
  bool has_scale = false;
  bool has_status = false;
};

/// Thread-safe; a look-up that must ask the server blocks the other look-ups meanwhile.
class Discovery {
 public:
  Discovery(const Client& client, const Clock& clock);

  /// Errors: NotFound (the server does not serve this kind: says what it looked for), InvalidInput
  /// (malformed apiVersion), and those of Client::call; after such an error an old answer is used.
  [[nodiscard]] Result<KindInfo> find(std::string_view api_version, std::string_view kind,
                                      std::stop_token stop);
  /// As find(), and InvalidInput when the kind neither has a scale subresource nor is suspendable.
  [[nodiscard]] Result<Resource> find_scalable(std::string_view api_version, std::string_view kind,
                                               std::stop_token stop);

 private:
  struct GroupVersion {
    std::map<std::string, KindInfo, std::less<>> kinds{};
    Millis asked{0};
    std::optional<Error> error{};  // of the last question
    bool answered = false;
  };
  void refresh(const std::string& api_version, GroupVersion& cached, std::stop_token stop);

  const Client& client_;
  const Clock& clock_;
  std::mutex mutex_;
  std::map<std::string, GroupVersion, std::less<>> cache_;
};

}  // namespace poolscaler::kube
