#include "own_writes.hpp"

#include <algorithm>

namespace poolscaler::controllers {
namespace {

bool is_version_number(std::string_view text) {
  return !text.empty() && text.front() != '0' &&
         std::ranges::all_of(text, [](char c) { return c >= '0' && c <= '9'; });
}

}  // namespace

bool is_at_least(std::string_view seen, std::string_view wanted) {
  if (seen == wanted) return true;
  if (!is_version_number(seen) || !is_version_number(wanted)) return false;
  if (seen.size() != wanted.size()) return seen.size() > wanted.size();
  return seen > wanted;
}

void Settlement::wrote(std::string uid, std::string resource_version, std::int32_t replicas,
                       Millis now) {
  awaited_ = {.uid = std::move(uid),
              .version = std::move(resource_version),
              .written = true,
              .replicas = replicas,
              .until = now + patience};
}

void Settlement::refused(std::string uid, std::string stale_version, Millis now) {
  awaited_ = {.uid = std::move(uid),
              .version = std::move(stale_version),
              .written = false,
              .replicas = 0,
              .until = now + patience};
}

bool Settlement::settled(const TargetSeen& seen, Millis now) {
  if (!awaited_) return true;
  const auto& awaited = *awaited_;
  const bool another_object = seen.uid != awaited.uid;
  const bool shown = awaited.written ? is_at_least(seen.resource_version, awaited.version)
                                     : seen.resource_version != awaited.version;
  if (!another_object && !shown && now < awaited.until) return false;
  awaited_.reset();
  return true;
}

bool StoredStatus::saw(const std::string& version) {
  const bool first = version_.empty();
  const bool lost = !refused_.empty() && refused_ != version;
  if (lost) refused_.clear();
  if (first || lost || is_at_least(version, version_)) version_ = version;
  return first || lost;
}

const std::string& StoredStatus::begin() {
  writing_ = true;
  unsaid_ = false;
  bound_ = version_;
  return bound_;
}

void StoredStatus::wrote(const std::string& version) {
  writing_ = false;
  version_ = version;
}

void StoredStatus::failed(bool conflict) {
  writing_ = false;
  unsaid_ = true;
  if (conflict) refused_ = bound_;
}

void FightDetector::wrote(const std::string& uid, const std::string& resource_version,
                          std::int32_t replicas) {
  uid_ = uid;
  version_ = resource_version;
  ours_ = replicas;
}

void FightDetector::unsure() { ours_.reset(); }

bool FightDetector::saw(const TargetSeen& seen, Millis now) {
  if (!ours_) return false;
  if (seen.uid != uid_) {
    ours_.reset();
    resets_.clear();
    return false;
  }
  if (seen.replicas == *ours_ || !is_at_least(seen.resource_version, version_)) return false;
  ours_.reset();  // until we write again, whatever happens is not about us
  std::erase_if(resets_, [&](Millis at) { return now - at > window; });
  resets_.push_back(now);
  if (resets_.size() < resets_max) return true;
  resets_.clear();
  const bool again = last_truce_ != Millis{0} && now - truce_until_ < window;
  last_truce_ = again ? std::min(2 * last_truce_, longest_truce) : first_truce;
  truce_until_ = now + last_truce_;
  return true;
}

}  // namespace poolscaler::controllers
