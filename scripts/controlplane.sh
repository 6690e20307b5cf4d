#!/usr/bin/env bash
# Builds kube-apiserver, kube-controller-manager, kube-scheduler, kubectl, KWOK and Helm from their Go
# modules (tests/controlplane/*/go.mod) into a cache folder outside the checkout, and prints that
# folder. What is there already is not built again. KUBEBUILDER_ASSETS, a folder with ready binaries
# as the tools of envtest make it, is printed instead when it is set.
#
#   scripts/controlplane.sh          builds what is missing, prints the folder
#   scripts/controlplane.sh --where  builds nothing; fails when something is missing
set -euo pipefail
root="$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)"
modules="$root/tests/controlplane"
kubernetes_version=v1.37.2
# A Go that is too old for these modules (Debian's) fetches this one from the Go module proxy.
toolchain=go1.26.8

say() { echo "controlplane: $*" >&2; }

if [ -n "${KUBEBUILDER_ASSETS:-}" ]; then
  for program in kube-apiserver kubectl; do
    if [ ! -x "$KUBEBUILDER_ASSETS/$program" ]; then
      say "KUBEBUILDER_ASSETS is $KUBEBUILDER_ASSETS, but there is no $program in it"
      exit 1
    fi
  done
  echo "$KUBEBUILDER_ASSETS"
  exit 0
fi

key="$(cat "$modules"/*/go.mod "$modules"/*/go.sum | sha256sum | cut -c1-16)"
folder="${XDG_CACHE_HOME:-${HOME:-/root}/.cache}/poolscaler/controlplane/$key"
programs="kube-apiserver kube-controller-manager kube-scheduler kubectl kwok helm"

is_complete() {
  local program
  for program in $programs; do [ -x "$folder/$program" ] || return 1; done
  [ -e "$folder/stages/complete" ]
}

if is_complete; then
  echo "$folder"
  exit 0
fi
if [ "${1:-}" = --where ]; then
  say "$folder is not complete; scripts/controlplane.sh builds it"
  exit 1
fi

# Puts a Go into `go` that can build the modules.
find_go() {
  if ! command -v go >/dev/null; then
    say "no go on the PATH (Debian: apt-get install golang-go, any version will do)"
    return 1
  fi
  go=go
  if (cd "$modules/kubernetes" && go list -m >/dev/null 2>&1); then return 0; fi
  # A Go before 1.21 cannot fetch a newer one by itself, but it can download it as a module.
  say "$(go version | cut -d' ' -f3) is too old, fetching $toolchain from the Go module proxy"
  local scratch dir
  scratch="$(mktemp -d)"
  if ! dir="$(cd "$scratch" && GOFLAGS=-mod=mod go mod download -json \
    "golang.org/toolchain@v0.0.1-$toolchain.$(go env GOOS)-$(go env GOARCH)" |
    sed -n 's/^[[:space:]]*"Dir": "\(.*\)",*$/\1/p')" || [ -z "$dir" ]; then
    say "fetching $toolchain failed"
    return 1
  fi
  rm -rf "$scratch"
  find "$dir/bin" "$dir/pkg/tool" -type f -exec chmod +x {} +
  go="$dir/bin/go"
  export GOROOT="$dir"
}

# build <module folder> <package> <linker flags>
build() {
  local name="${2##*/}" started=$SECONDS
  [ ! -x "$folder/$name" ] || return 0
  say "building $name ..."
  if ! (cd "$modules/$1" && "$go" build -trimpath -ldflags "-s -w $3" -o "$folder/.$name.new" "$2") \
    >"$folder/build.log" 2>&1; then
    tail -n 20 "$folder/build.log" >&2
    say "building $name failed; the whole log is $folder/build.log"
    exit 1
  fi
  mv "$folder/.$name.new" "$folder/$name"
  say "built $name in $((SECONDS - started)) s"
}

# The stages that make KWOK keep nodes and pods ready come with its module.
copy_stages() {
  local from
  [ ! -e "$folder/stages/complete" ] || return 0
  (cd "$modules/kwok" && "$go" mod download sigs.k8s.io/kwok) >"$folder/build.log" 2>&1
  from="$(cd "$modules/kwok" && "$go" list -m -f '{{.Dir}}' sigs.k8s.io/kwok)/kustomize/stage"
  mkdir -p "$folder/stages"
  cp "$from/node/fast/node-initialize.yaml" \
    "$from/pod/fast/pod-ready.yaml" "$from/pod/fast/pod-complete.yaml" \
    "$from/pod/fast/pod-delete.yaml" "$folder/stages/"
  chmod -R u+w "$folder/stages"
  touch "$folder/stages/complete"
}

mkdir -p "$folder"
exec 9>"$folder/.lock"
if ! flock -n 9; then
  say "waiting for another run that builds into $folder"
  flock 9
fi
if ! is_complete; then
  find_go
  version="-X k8s.io/component-base/version.gitVersion=$kubernetes_version"
  for program in kube-apiserver kube-controller-manager kube-scheduler kubectl; do
    build kubernetes "k8s.io/kubernetes/cmd/$program" "$version"
  done
  build kwok sigs.k8s.io/kwok/cmd/kwok ""
  build helm helm.sh/helm/v4/cmd/helm ""
  copy_stages
fi
is_complete
echo "$folder"
