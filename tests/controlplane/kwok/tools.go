//go:build tools

// Package tools pins KWOK, which keeps simulated nodes and pods ready.
package tools

import _ "sigs.k8s.io/kwok/cmd/kwok"
