#include "support/load_exporter.hpp"

#include <array>
#include <cstdio>

namespace poolscaler::rig {

LoadExporter::LoadExporter() : listener_([this](Stream& stream) { serve(stream); }) {}

void LoadExporter::set(const std::string& metric, const std::string& labels, double value) {
  std::array<char, 32> text{};
  std::snprintf(text.data(), text.size(), "%.17g", value);
  set_text(metric, labels, text.data());
}

void LoadExporter::set_text(const std::string& metric, const std::string& labels,
                            const std::string& value) {
  const std::scoped_lock lock(mutex_);
  gauges_[metric][labels] = value;
}

void LoadExporter::remove(const std::string& metric, const std::string& labels) {
  const std::scoped_lock lock(mutex_);
  gauges_[metric].erase(labels);
}

void LoadExporter::clear() {
  const std::scoped_lock lock(mutex_);
  gauges_.clear();
}

void LoadExporter::answer(int status) {
  const std::scoped_lock lock(mutex_);
  status_ = status;
}

void LoadExporter::serve(Stream& stream) {
  std::string request;
  while (!listener_.stopping()) {
    const auto bytes = stream.receive(Ms{200});
    if (!bytes) continue;
    if (bytes->empty()) return;
    request += *bytes;
    if (request.find("\r\n\r\n") == std::string::npos) continue;
    request.clear();
    std::string page;
    int status = 200;
    {
      const std::scoped_lock lock(mutex_);
      status = status_;
      for (const auto& [metric, series] : gauges_) {
        page += "# TYPE " + metric + " gauge\n";
        for (const auto& [labels, value] : series)
          page += metric + "{" + labels + "} " + value + "\n";
      }
    }
    if (status != 200) page = "failing\n";
    if (!stream.send("HTTP/1.1 " + std::to_string(status) +
                     " X\r\nContent-Type: text/plain; version=0.0.4\r\nContent-Length: " +
                     std::to_string(page.size()) + "\r\n\r\n" + page))
      return;
  }
}

}  // namespace poolscaler::rig
