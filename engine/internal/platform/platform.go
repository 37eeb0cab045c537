// Package platform is what the engine runs beside Kubernetes itself: names, metrics, images and the edge.
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
	own := []component.Component{
		coreDNS(cfg, certificates, client), networkPolicies(cfg, certificates, client), metricsServer(cfg, certificates, client),
	}
	if cfg.Profile == config.Full {
		own = append(own, registry(cfg))
	}
	return append(own, edge.New(cfg, certificates, client).Components()...)
}
