#!/usr/bin/env bash
# Builds everything and runs all tests; the last line counts single test cases:
#   N passed, N failed, N skipped
# As root it installs the Debian packages it needs. The real control plane is built once (about
# fifteen minutes on two cores) unless KUBEBUILDER_ASSETS names a folder that has it; where it cannot
# be had its suites are skipped, loudly, or fail when CI=true. Arguments are passed on to ctest:
# scripts/test.sh -L e2e
set -euo pipefail
root="$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)"
build="${POOLSCALER_BUILD_DIR:-$root/build/test}"
jobs="${JOBS:-$(nproc)}"

parts=(build test)
if ! command -v go >/dev/null && ! "$root/scripts/controlplane.sh" --where >/dev/null 2>&1; then
  parts+=(go)
fi
"$root/scripts/install_packages.sh" "${parts[@]}"

mkdir -p "$build"
launcher=()
if command -v ccache >/dev/null; then launcher=(-DCMAKE_CXX_COMPILER_LAUNCHER=ccache); fi
# One clean checkout after another finds what the last one compiled.
export CCACHE_BASEDIR="$root" CCACHE_NOHASHDIR=1 CCACHE_SLOPPINESS=pch_defines,time_macros
started=$SECONDS
cmake -S "$root" -B "$build" -G Ninja -DCMAKE_BUILD_TYPE=Release "${launcher[@]}" >"$build.log" 2>&1 ||
  { tail -n 40 "$build.log"; exit 1; }
echo "building with $jobs jobs ..."
cmake --build "$build" --parallel "$jobs" >>"$build.log" 2>&1 || {
  grep -E -A 15 'FAILED:|error:' "$build.log" | head -n 80
  echo "the build failed; the whole log is $build.log"
  echo "0 passed, 1 failed, 0 skipped"
  exit 1
}
echo "built in $((SECONDS - started)) s"

without_controlplane=false
if folder="$("$root/scripts/controlplane.sh")"; then
  export POOLSCALER_CONTROLPLANE="$folder"
elif [ "${CI:-}" = true ]; then
  echo "CI=true requires the real control plane, and it could not be built (see above)"
  echo "0 passed, 1 failed, 0 skipped"
  exit 1
else
  without_controlplane=true
fi

results="$build/results"
rm -rf "$results"
mkdir -p "$results"
status=0
GTEST_OUTPUT="xml:$results/" ctest --test-dir "$build" --parallel "$jobs" --output-on-failure \
  --output-junit "$results/ctest.junit" "$@" || status=$?

counts="$("$root/scripts/count_tests.sh" "$results")"
read -r passed failed skipped <<<"$counts"
if [ "$status" -ne 0 ] && [ "$failed" -eq 0 ]; then failed=1; fi
if [ "$passed" -eq 0 ] && [ "$failed" -eq 0 ]; then failed=1; fi

if [ "$without_controlplane" = true ]; then
  echo
  echo "##########################################################################################"
  echo "# NOT TESTED: the suites against the real Kubernetes control plane were skipped, because #"
  echo "# it could not be built (see above) and KUBEBUILDER_ASSETS does not name a ready one.    #"
  echo "##########################################################################################"
fi
echo "$passed passed, $failed failed, $skipped skipped"
[ "$failed" -eq 0 ]
