// Package edge runs Envoy Gateway and Envoy: how requests from outside reach the cluster.
//
// Envoy Gateway runs in a sandbox without a network of its own, reads the Gateway API's objects and tells Envoy over
// mutual TLS on a unix socket. Envoy runs on the host, outlives both Envoy Gateway and the engine, and keeps serving
// what it was told last. One Envoy serves all Gateways of the engine's GatewayClass, unless the configuration has them
// separate: then each has an Envoy and an address of its own.
package edge

import (
	"path/filepath"

	"brainpod.io/engine/internal/component"
	"brainpod.io/engine/internal/config"
	"brainpod.io/engine/internal/kubectl"
	"brainpod.io/engine/internal/pki"
)

const (
	// GatewayName and EnvoyName are the names of the components.
	GatewayName = "envoy-gateway"
	EnvoyName   = "envoy"

	// Namespace holds what Envoy Gateway keeps for itself.
	Namespace = "envoy-gateway-system"
	// ControllerName is what a GatewayClass names to be served by Envoy Gateway.
	ControllerName = "gateway.envoyproxy.io/gatewayclass-controller"
)

// Edge is the two components and what they share.
type Edge struct {
	config  *config.Config
	pki     *pki.PKI
	kubectl *kubectl.Client
	files   files
	remote  *Remote
	// gateways is nil when one Envoy serves all of them.
	gateways *gateways
	// serving is set once Remote listens.
	serving bool
}

// New returns the edge of one engine.
func New(cfg *config.Config, certificates *pki.PKI, client *kubectl.Client) *Edge {
	e := &Edge{
		config: cfg, pki: certificates, kubectl: client,
		files: files{folder: filepath.Join(cfg.RunDir, "edge")}, remote: NewRemote(cfg.GatewayClass),
	}
	if cfg.Gateways == config.Separate {
		e.gateways = e.newSeparateGateways()
		e.remote.gateways = e.gateways
	}
	return e
}

// Components are Envoy, which needs nobody, and Envoy Gateway, which needs the API server. The Envoys of separate
// Gateways come and go with them, and are no components.
func (e *Edge) Components() []component.Component {
	if e.gateways != nil {
		return []component.Component{e.gateway()}
	}
	return []component.Component{e.envoy(), e.gateway()}
}

// files are the paths under the engine's run folder. Nothing in them outlives the boot.
type files struct{ folder string }

func (f files) bootstrap(instance Instance) string {
	return filepath.Join(f.folder, "envoy-"+string(instance)+".json")
}

// adminSocket has a short name: Envoy's sockets may have 107 characters.
func (f files) adminSocket(instance Instance) string {
	return filepath.Join(f.folder, "envoy-"+string(instance)+".sock")
}
func (f files) xdsSocket() string           { return filepath.Join(f.folder, "xds.sock") }
func (f files) healthSocket() string        { return filepath.Join(f.folder, "health.sock") }
func (f files) remoteFolder() string        { return filepath.Join(f.folder, "remote") }
func (f files) remoteSocket() string        { return filepath.Join(f.folder, "remote", "infra.sock") }
func (f files) xdsCertificate() string      { return filepath.Join(f.folder, "xds-certificate.json") }
func (f files) xdsTrustedCA() string        { return filepath.Join(f.folder, "xds-trusted-ca.json") }
func (f files) migrateBefore() string       { return filepath.Join(f.folder, "tcp_migrate_req") }
func (f files) gatewayRoot() string         { return filepath.Join(f.folder, "root") }
func (f files) gatewayCertificates() string { return filepath.Join(f.folder, "certs") }
func (f files) gatewayConfig() string       { return filepath.Join(f.folder, "gateway.json") }
func (f files) gatewayKubeconfig() string   { return filepath.Join(f.folder, "gateway.kubeconfig") }
