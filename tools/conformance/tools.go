// Package conformance holds on to the suite's module, whose tests are built.
package conformance

import _ "sigs.k8s.io/gateway-api/conformance"
