#!/usr/bin/env bash
# Builds everything under a sanitizer of g++ and runs every suite that needs no real control plane:
# units, scenarios, laws, fuzz corpora, manifests, the sandbox and its story.
#
#   scripts/sanitize.sh address     address and undefined behaviour
#   scripts/sanitize.sh thread      data races; suppressions are in tests/sanitizers
#   scripts/sanitize.sh address -R kube     arguments go on to ctest
set -euo pipefail
root="$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)"
case "${1:-}" in
  address) preset=asan ;;
  thread) preset=tsan ;;
  *) echo "usage: scripts/sanitize.sh address|thread [arguments of ctest]" >&2; exit 2 ;;
esac
shift
"$root/scripts/install_packages.sh" build test

cd "$root"
log="$root/build/$preset.log"
mkdir -p "$root/build"
cmake --preset "$preset" >"$log" 2>&1 || { tail -n 20 "$log"; exit 1; }
echo "building with ${JOBS:-$(nproc)} jobs (several times the time of an ordinary build) ..."
cmake --build --preset "$preset" --parallel "${JOBS:-$(nproc)}" >>"$log" 2>&1 || {
  grep -E -A 10 'FAILED:|error:' "$log" | head -n 60
  exit 1
}
ctest --preset "$preset" --parallel "${JOBS:-$(nproc)}" \
  -LE 'e2e|controlplane|prometheus|manifests' "$@"
