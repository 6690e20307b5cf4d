#!/usr/bin/env bash
# Counts single test cases in a folder with ctest.junit and the XML reports of GoogleTest programs;
# prints "passed failed skipped". Programs that GoogleTest reports on count by their cases, all other
# tests as one each. A program that failed without a failed case (crash, time limit, leak) counts as
# one failure more.
set -euo pipefail
results="$1"

mapfile -t reports < <(find "$results" -name '*.xml')
awk '
  function attribute(name,   at, rest) {
    at = index($0, " " name "=\"")
    if (at == 0) return ""
    rest = substr($0, at + length(name) + 3)
    return substr(rest, 1, index(rest, "\"") - 1)
  }
  FILENAME !~ /\.junit$/ && /<testsuite / {
    program = FILENAME; sub(/.*\//, "", program); sub(/\.xml$/, "", program)
    seen[program] = 1
    failed_cases = attribute("failures") + attribute("errors")
    skipped_cases = attribute("skipped") + attribute("disabled")
    failures[program] += failed_cases
    failed += failed_cases; skipped += skipped_cases
    passed += attribute("tests") - failed_cases - skipped_cases
  }
  FILENAME ~ /\.junit$/ && /<testcase / {
    name = attribute("name"); state = attribute("status")
    if (state == "fail" && !failures[name]) failed += 1
    else if (!(name in seen) && state == "run") passed += 1
    else if (!(name in seen) && state != "fail") skipped += 1
  }
  END { printf "%d %d %d\n", passed, failed, skipped }
' "${reports[@]}" "$results/ctest.junit"
