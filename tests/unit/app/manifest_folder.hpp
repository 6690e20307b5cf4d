// A folder with manifests, for the verbs that read files.
#pragma once

#include <filesystem>
#include <fstream>
#include <string>

#include <gtest/gtest.h>
#include <stdlib.h>

namespace poolscaler::app {

class ManifestFolder : public testing::Test {
 protected:
  void SetUp() override {
    std::string name = (std::filesystem::temp_directory_path() / "poolscaler-XXXXXX").string();
    ASSERT_NE(mkdtemp(name.data()), nullptr);
    folder = name;
  }
  void TearDown() override { std::filesystem::remove_all(folder); }

  std::string write(const std::string& name, const std::string& text) {
    const auto path = folder / name;
    std::filesystem::create_directories(path.parent_path());
    std::ofstream(path) << text;
    return path.string();
  }

  /// A policy of that name with one more line in its spec.
  static std::string policy(const std::string& name, const std::string& line = "minReplicas: 1") {
    return "apiVersion: poolscaler.dev/v1alpha1\nkind: ScalingPolicy\nmetadata: {name: " + name +
           ", namespace: shop}\nspec:\n  " + line +
           "\n  scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: web}\n"
           "  maxReplicas: 10\n  signals:\n    - name: queue\n"
           "      metricSourceRef: {name: prometheus}\n      metric: {name: queue_depth}\n"
           "      target: {type: PerReplica, value: 10}\n";
  }

  std::filesystem::path folder;
};

}  // namespace poolscaler::app
