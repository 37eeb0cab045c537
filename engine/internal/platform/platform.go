// Package platform is what the engine runs beside Kubernetes itself: names, metrics, images, builds and the edge.
package platform

import (
	"brainpod.io/engine/internal/component"
	"brainpod.io/engine/internal/config"
	"brainpod.io/engine/internal/edge"
	"brainpod.io/engine/internal/kubectl"
	"brainpod.io/engine/internal/pki"
)

// object is one JSON object of a configuration or manifest that another program reads.
type object map[string]any

const apiserver = "kube-apiserver"

var ownLabels = object{"app.kubernetes.io/managed-by": "brainpod"}

// withoutProxy keeps a component from sending what goes to this machine through the host's web proxy.
var withoutProxy = []string{"NO_PROXY=*", "no_proxy=*"}

// Components returns the components of the configuration's profile. They need one component of others: kube-apiserver.
func Components(cfg *config.Config, certificates *pki.PKI, client *kubectl.Client) []component.Component {
	own := []component.Component{coreDNS(cfg, certificates, client), metricsServer(cfg, certificates, client)}
	if cfg.Profile == config.Full {
		own = append(own, registry(cfg), buildkit(cfg))
	}
	return append(own, edge.New(cfg, certificates, client).Components()...)
}

// Leavings is what these components may leave behind when they are killed, besides processes that carry the engine's
// mark: all of it is theirs alone, so a teardown may remove it unasked. Envoy Gateway's namespaces end with it.
type Leavings struct {
	// MountsBelow are folders; whatever is mounted at or below them is to be unmounted, deepest first.
	MountsBelow []string
	// CgroupName is the control group, from the root of each hierarchy, that holds the containers of builds.
	CgroupName string
	// Interfaces are bridges, and with them the ends of what is connected to them.
	Interfaces []string
	// CNIResults is a pattern for files that the network library keeps outside of the engine's folders.
	CNIResults string
}

// LeavingsOf names the leavings of one engine.
func LeavingsOf(cfg *config.Config) Leavings {
	return Leavings{
		MountsBelow: []string{buildkitData(cfg), buildkitRun(cfg)},
		CgroupName:  buildCgroup(cfg),
		Interfaces:  []string{cfg.Bridges.Build},
		CNIResults:  "/var/lib/cni/results/" + buildNetwork(cfg) + "-*",
	}
}
