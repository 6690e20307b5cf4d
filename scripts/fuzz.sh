#!/usr/bin/env bash
# Builds the fuzz targets with clang (Debian packages of part [fuzz]) and runs each for a while; what
# breaks a law or a sanitizer is left in build/fuzz/found and belongs into tests/fuzz/corpus once it
# is mended. CI replays that corpus without a fuzzer.
#
#   scripts/fuzz.sh             every target for a minute
#   scripts/fuzz.sh 600 cron    one target for ten minutes
set -euo pipefail
root="$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)"
seconds="${1:-60}"
targets=("${@:2}")
[ "${#targets[@]}" -gt 0 ] || targets=(formula cron policy prometheus watch)

"$root/scripts/install_packages.sh" build test fuzz
build="$root/build/fuzz"
mkdir -p "$build/found"
cmake -S "$root" --preset fuzz >"$build/build.log" 2>&1 || { tail -n 20 "$build/build.log"; exit 1; }
cmake --build "$build" --parallel "${JOBS:-$(nproc)}" --target "${targets[@]/#/fuzz_}" \
  >>"$build/build.log" 2>&1 || { grep -m 10 'error:' "$build/build.log"; exit 1; }

status=0
for target in "${targets[@]}"; do
  mkdir -p "$build/corpus/$target"  # what the fuzzer adds; the checkout's own is only read
  echo "fuzz_$target for $seconds s ..."
  if "$build/tests/fuzz/fuzz_$target" -max_total_time="$seconds" -max_len=8192 -timeout=10 \
    -rss_limit_mb=2048 -artifact_prefix="$build/found/$target-" "$build/corpus/$target" \
    "$root/tests/fuzz/corpus/$target" >"$build/$target.log" 2>&1; then
    grep -E '^Done|stat::number' "$build/$target.log" || true
  else
    status=1
    echo "fuzz_$target found something; see $build/$target.log"
    tail -n 5 "$build/$target.log"
  fi
done
exit "$status"
