#include "presets/sample.hpp"

#include <fstream>
#include <map>
#include <stdexcept>

#include "support/checkout.hpp"

namespace poolscaler::presets {
namespace {

using Labels = std::map<std::string, std::string>;

std::string trimmed(const std::string& text) {
  const auto first = text.find_first_not_of(' ');
  if (first == std::string::npos) return {};
  return text.substr(first, text.find_last_not_of(' ') - first + 1);
}

/// `a="b",c="d"`; values without escapes are all that the samples need.
Labels labels_of(std::string text) {
  Labels labels;
  while (!text.empty()) {
    const auto equals = text.find("=\"");
    const auto end = text.find('"', equals + 2);
    if (equals == std::string::npos || end == std::string::npos)
      throw std::runtime_error("no labels: " + text);
    labels[text.substr(0, equals)] = text.substr(equals + 2, end - equals - 2);
    text.erase(0, std::min(end + 2, text.size()));
  }
  return labels;
}

std::vector<std::string> lines_of(const std::string& path) {
  std::ifstream file(in_checkout("tests/presets/" + path));
  if (!file) throw std::runtime_error("no file " + path);
  std::vector<std::string> lines;
  for (std::string line; std::getline(file, line);) lines.push_back(line);
  return lines;
}

}  // namespace

std::vector<rig::WrittenSeries> sample(const std::string& name, Instant now) {
  std::map<Labels, rig::WrittenSeries> series;
  Labels added;
  Instant at = now;
  for (const auto& line : lines_of("samples/" + name + ".txt")) {
    if (line.starts_with("# scrape ")) {
      added = labels_of(line.substr(9));
      const auto ago = added.extract("ago");
      at = now - Seconds(ago.empty() ? 0 : std::stoi(ago.mapped()));
      continue;
    }
    if (line.empty() || line.front() == '#') continue;
    const auto head_end = line.find_last_of(' ');
    const auto brace = line.find('{');
    auto labels = brace == std::string::npos
                      ? Labels()
                      : labels_of(line.substr(brace + 1, line.rfind('}') - brace - 1));
    labels["__name__"] = line.substr(0, std::min(brace, head_end));
    labels.insert(added.begin(), added.end());
    auto& one = series[labels];
    one.labels = labels;
    one.samples.push_back({.at = at, .value = std::stod(line.substr(head_end + 1))});
  }
  std::vector<rig::WrittenSeries> out;
  for (auto& [labels, one] : series) out.push_back(std::move(one));
  return out;
}

std::vector<Expectation> expectations() {
  std::vector<Expectation> all;
  for (const auto& line : lines_of("expectations.txt")) {
    if (line.empty() || line.front() == '#') continue;
    const auto first = line.find('|');
    const auto second = line.find('|', first + 1);
    if (second == std::string::npos) throw std::runtime_error("two '|' in: " + line);
    all.push_back({.sample = trimmed(line.substr(0, first)),
                   .preset = trimmed(line.substr(first + 1, second - first - 1)),
                   .reading = trimmed(line.substr(second + 1))});
  }
  return all;
}

}  // namespace poolscaler::presets
