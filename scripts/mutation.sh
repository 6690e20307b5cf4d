#!/usr/bin/env bash
# Proves that the tests notice: builds each deliberate fault of tests/mutation/faults.txt alone, in a
# copy of the tree, and says which test finds it. Fails when one survives, does not build, or no
# longer fits the source. The checkout itself is not touched.
#
#   scripts/mutation.sh                     every fault
#   scripts/mutation.sh 'cron|zero'         those whose name or file matches
#   scripts/mutation.sh --table docs/MUTATION.md   and writes the results as a page
set -euo pipefail
root="$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)"
faults="$root/tests/mutation/faults.txt"
table="" pattern=.
while [ $# -gt 0 ]; do
  case "$1" in
    --table) table="$2"; shift 2 ;;
    *) pattern="$1"; shift ;;
  esac
done
usual=(scenario_test engine_test vectors_test property_test)
# Below the checkout, so that the data that lies beside it is found.
work="$root/build/mutation"
tree="$work/tree" build="$work/tree/build/faults" log="$work/build.log"
mkdir -p "$tree"
(cd "$root" && git ls-files -z -co --exclude-standard) |
  (cd "$root" && tar --null --ignore-failed-read -T - -c 2>/dev/null) | tar -C "$tree" -x
# What the last run left of its last fault is newer than the source, and has to go.
(cd "$tree" && sed -n 's/^file: //p' "$faults" | sort -u | xargs touch)
launcher=()
if command -v ccache >/dev/null; then launcher=(-DCMAKE_CXX_COMPILER_LAUNCHER=ccache); fi
export CCACHE_BASEDIR="$tree" CCACHE_NOHASHDIR=1
cmake -S "$tree" -B "$build" -G Ninja -DCMAKE_BUILD_TYPE=Debug "-DCMAKE_CXX_FLAGS_DEBUG=-O0 -g1" \
  -DPOOLSCALER_BENCHMARKS=OFF "${launcher[@]}" >"$log" 2>&1 || { tail -n 20 "$log"; exit 1; }
known="$(ninja -C "$build" -t targets all | cut -d: -f1)"

# has_target <name>
has_target() { grep -qx "$1" <<<"$known"; }

# build_tests <name>...
build_tests() { ninja -C "$build" -j "${JOBS:-$(nproc)}" "$@" >"$log" 2>&1; }

# failed_case <name>: the first case that failed, or the one in which the program died.
failed_case() {
  sed -n 's/^\[  FAILED  \] \([^ ,]*\).*/\1/p' "$work/$1.out" | grep -m 1 . ||
    sed -n 's/^\[ RUN      \] //p' "$work/$1.out" | tail -n 1
}

# passes <name>: whether all of the program's cases do; what it prints is left in $work/<name>.out.
passes() {
  local path
  path="$(find "$build/tests" -type f -name "$1" -perm -u+x | head -n 1)"
  # A fault may make a loop endless: what counts is the processor's time, on a busy machine too.
  (ulimit -t 120; RC_PARAMS="max_success=200 noshrink=1" timeout 900 "$path" >"$work/$1.out" 2>&1)
}

# verdict <name>...: builds and runs one program after the other, up to the first that fails, and
# prints its first failing case as "program: case"; or what else is to be said.
verdict() {
  local program
  for program in "$@"; do
    if ! build_tests "$program"; then
      echo "DOES NOT BUILD"
      return
    fi
    if passes "$program"; then continue; fi
    echo "$program: $(failed_case "$program")"
    return
  done
  echo SURVIVES
}

# replace <file> <old> <new>: the old text must stand there exactly once.
replace() {
  OLD="$2" NEW="$3" perl -0777 -i -pe '
    my ($old, $new) = @ENV{"OLD", "NEW"};
    my $count = () = /\Q$old\E/g;
    die "stands there $count times\n" if $count != 1;
    s/\Q$old\E/$new/;' "$1" 2>"$work/replace.err" && ! grep -q 'stands there' "$work/replace.err"
}

rows="$work/rows"
: >"$rows"
total=0 bad=0 started=$SECONDS

# try <name> <file> <old> <new> <tests>
try() {
  local name="$1" file="$2" tests=() program result
  [[ "$name $file" =~ $pattern ]] || return 0
  for program in ${5:-"${usual[@]}"}; do if has_target "$program"; then tests+=("$program"); fi; done
  total=$((total + 1))
  cp "$tree/$file" "$work/original"
  if replace "$tree/$file" "$3" "$4"; then
    result="$(verdict "${tests[@]}")"
  else
    result="NO LONGER FITS"
  fi
  cp "$work/original" "$tree/$file"
  case "$result" in
    *:*) ;;
    "DOES NOT BUILD") grep -m 3 'error:' "$log" || true ;;&
    *) bad=$((bad + 1)) ;;
  esac
  printf '%-75s %s\n' "$name" "$result"
  echo "| $name | \`$file\` | $result |" >>"$rows"
}

# each <command>: calls it with name, file, old text, new text and tests of every fault.
each() {
  local name="" file="" old="" new="" tests="" line
  while IFS= read -r line || [ -n "$line" ]; do
    case "$line" in
      "fault: "*)
        [ -z "$name" ] || "$1" "$name" "$file" "${old%$'\n'}" "${new%$'\n'}" "$tests"
        name="${line#fault: }" file="" old="" new="" tests=""
        ;;
      "file: "*) file="${line#file: }" ;;
      "tests: "*) tests="${line#tests: }" ;;
      "- "*) old+="${line#- }"$'\n' ;;
      "-") old+=$'\n' ;;
      "+ "*) new+="${line#+ }"$'\n' ;;
      "+") new+=$'\n' ;;
    esac
  done <"$faults"
  [ -z "$name" ] || "$1" "$name" "$file" "${old%$'\n'}" "${new%$'\n'}" "$tests"
}

sound() {
  local wanted=() program
  for program in "${usual[@]}" $(sed -n 's/^tests: //p' "$faults" | tr ' ' '\n' | sort -u); do
    if has_target "$program"; then wanted+=("$program"); fi
  done
  build_tests "${wanted[@]}" || { grep -m 5 'error:' "$log"; echo "the tree does not build"; exit 1; }
  local found
  found="$(verdict "${wanted[@]}")"
  [ "$found" = SURVIVES ] || { echo "without any fault this fails already: $found"; exit 1; }
}

sound
echo "the tree is sound ($((SECONDS - started)) s); the faults, one at a time:"
each try
echo "$total faults, $((total - bad)) found, $bad not; $((SECONDS - started)) s"
if [ -n "$table" ]; then
  {
    echo "# Do the tests notice?"
    echo
    echo "Each line is a deliberate fault of \`tests/mutation/faults.txt\`, built alone, and the first test"
    echo "that found it. \`scripts/mutation.sh --table docs/MUTATION.md\` writes this page."
    echo
    echo "| fault | where | found by |"
    echo "|---|---|---|"
    cat "$rows"
  } >"$table"
fi
[ "$total" -gt 0 ] && [ "$bad" -eq 0 ]
