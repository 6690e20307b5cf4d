// NodeNames: a number for each name of a node that pods are on, so that a pod keeps four bytes of
// it. A number is given back with the last pod.
#pragma once

#include <cstdint>
#include <string>
#include <unordered_map>
#include <vector>

namespace poolscaler::controllers {

class NodeNames {
 public:
  /// Of the empty name.
  static constexpr std::uint32_t none = 0;

  NodeNames() : names_(1), uses_(1) {}

  [[nodiscard]] std::uint32_t take(const std::string& name) {
    if (name.empty()) return none;
    const auto [found, added] = numbers_.try_emplace(name, none);
    if (added) {
      if (free_.empty()) {
        free_.push_back(static_cast<std::uint32_t>(names_.size()));
        names_.emplace_back();
        uses_.push_back(0);
      }
      found->second = free_.back();
      free_.pop_back();
      names_[found->second] = name;
    }
    ++uses_[found->second];
    return found->second;
  }

  void give_back(std::uint32_t number) {
    if (number == none || --uses_[number] > 0) return;
    numbers_.erase(names_[number]);
    names_[number].clear();
    free_.push_back(number);
  }

  /// `none` where no pod is on it.
  [[nodiscard]] std::uint32_t find(const std::string& name) const {
    const auto found = numbers_.find(name);
    return found == numbers_.end() ? none : found->second;
  }
  [[nodiscard]] std::size_t size() const { return names_.size(); }

 private:
  std::unordered_map<std::string, std::uint32_t> numbers_;
  std::vector<std::string> names_;
  std::vector<std::uint32_t> uses_;
  std::vector<std::uint32_t> free_;
};

}  // namespace poolscaler::controllers
