#!/usr/bin/env bash
# Renders charts/poolscaler with Helm into deploy/poolscaler.yaml: the same objects for those who
# install with kubectl alone, in the namespace poolscaler-system and without Helm's own labels.
#
#   scripts/render-deploy.sh           writes deploy/poolscaler.yaml
#   scripts/render-deploy.sh --stdout  prints it
#
# Helm is taken from HELM, KUBEBUILDER_ASSETS, POOLSCALER_CONTROLPLANE or the PATH.
set -euo pipefail
root="$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)"
namespace=poolscaler-system

find_helm() {
  local candidate
  for candidate in "${HELM:-}" "${KUBEBUILDER_ASSETS:+$KUBEBUILDER_ASSETS/helm}" \
    "${POOLSCALER_CONTROLPLANE:+$POOLSCALER_CONTROLPLANE/helm}" "$(command -v helm || true)"; do
    if [ -n "$candidate" ] && [ -x "$candidate" ]; then
      echo "$candidate"
      return 0
    fi
  done
  echo "render-deploy.sh: no helm: set HELM to its path, or put it on the PATH" >&2
  return 1
}

render() {
  local helm
  helm="$(find_helm)"
  cat <<EOF
# Generated from charts/poolscaler by scripts/render-deploy.sh; do not edit.
#   kubectl apply -f deploy/poolscaler.yaml
---
apiVersion: v1
kind: Namespace
metadata:
  name: $namespace
  labels:
    app.kubernetes.io/name: poolscaler
    pod-security.kubernetes.io/enforce: restricted
EOF
  "$helm" template poolscaler "$root/charts/poolscaler" --namespace "$namespace" |
    sed -e '/^ *helm\.sh\/chart: /d' -e '/^ *app\.kubernetes\.io\/managed-by: Helm$/d' \
      -e '/^  annotations:$/{N;/helm\.sh\/resource-policy/d}' \
      -e '/^# Source: /d' -e '/^ *$/d'
}

if [ "${1:-}" = --stdout ]; then
  render
else
  mkdir -p "$root/deploy"
  render >"$root/deploy/.poolscaler.yaml.new"
  mv "$root/deploy/.poolscaler.yaml.new" "$root/deploy/poolscaler.yaml"
  echo "wrote deploy/poolscaler.yaml"
fi
