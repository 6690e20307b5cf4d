// decision_vectors FILE...: runs recorded decisions of HPA, KEDA, KPA, cron and kube-downscaler.
// Exit code 0: all passed; 1: some failed; 2: a file that cannot be run.

#include <iostream>

#include "vectors/runner.hpp"

int main(int argc, char** argv) {
  using namespace poolscaler::vectors;
  if (argc < 2) {
    std::cerr << "usage: decision_vectors FILE...\n";
    return 2;
  }
  Tally all;
  for (int i = 1; i < argc; ++i) {
    auto tally = run_vectors_file(argv[i]);
    if (!tally) {
      std::cerr << "decision_vectors: " << tally.error().message << "\n";
      return 2;
    }
    all.add(std::move(*tally));
  }
  std::cout << report_of(all);
  return all.failures.empty() ? 0 : 1;
}
