#!/usr/bin/env bash
# From a checkout on Debian 12 to the end of the sandbox's story: installs the packages that the
# build needs (as root), builds the one binary, and runs `poolscaler sandbox`. Arguments are passed
# on to it: scripts/demo.sh --serve
set -euo pipefail
root="$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)"

"$root/scripts/install_packages.sh" build

log="$root/build/demo.log"
mkdir -p "$root/build"
echo "building poolscaler (about four minutes on two cores) ..."
if ! { cmake -S "$root" -B "$root/build/demo" -G Ninja -DCMAKE_BUILD_TYPE=Release \
  -DPOOLSCALER_TESTS=OFF -DPOOLSCALER_BENCHMARKS=OFF &&
  cmake --build "$root/build/demo" --target poolscaler; } >"$log" 2>&1; then
  tail -n 40 "$log"
  echo "the build failed; the whole log is $log" >&2
  exit 1
fi
exec "$root/build/demo/poolscaler" sandbox "$@"
