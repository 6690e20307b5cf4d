#!/usr/bin/env bash
# Installs the Debian packages of the named parts of packages.txt ("build", "test", ...) when run as root;
# prints the one apt line and fails when something is missing and we are not root.
set -euo pipefail
here="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"

wanted=()
for part in "$@"; do
  while read -r name; do wanted+=("$name"); done < <(
    awk -v part="[$part]" '/^\[/ { on = ($1 == part); next } /^[a-z]/ && on { print $1 }' \
      "$here/packages.txt")
done
if [ "${#wanted[@]}" -eq 0 ]; then
  echo "install_packages.sh: no such part: $*" >&2
  exit 2
fi

missing=()
for name in "${wanted[@]}"; do
  state="$(dpkg-query -W -f '${db:Status-Status}' "$name" 2>/dev/null || true)"
  [ "$state" = installed ] || missing+=("$name")
done
[ "${#missing[@]}" -gt 0 ] || exit 0

if [ "$(id -u)" -ne 0 ]; then
  echo "These Debian packages are missing; run this once, then again what you ran:" >&2
  echo "  sudo apt-get install -y --no-install-recommends ${missing[*]}" >&2
  exit 1
fi

# etcd-server and prometheus start themselves when installed; the tests start their own on free
# ports, so nothing is to run beside them.
policy=/usr/sbin/policy-rc.d
if [ ! -e "$policy" ]; then
  printf '#!/bin/sh\nexit 101\n' >"$policy"
  chmod +x "$policy"
  trap 'rm -f "$policy"' EXIT
fi
export DEBIAN_FRONTEND=noninteractive
echo "installing ${#missing[@]} Debian packages ..." >&2
log="$(mktemp)"
if ! { apt-get update -q && apt-get install -y -q --no-install-recommends "${missing[@]}"; } \
  >"$log" 2>&1; then
  tail -n 30 "$log" >&2
  echo "installing packages failed; the whole log is $log" >&2
  exit 1
fi
rm -f "$log"
