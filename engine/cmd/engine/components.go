package main

import (
	"brainpod.io/engine/internal/cluster"
	"brainpod.io/engine/internal/component"
	"brainpod.io/engine/internal/config"
	"brainpod.io/engine/internal/kubectl"
	"brainpod.io/engine/internal/pki"
	"brainpod.io/engine/internal/platform"
)

// components is everything that the engine runs.
func components(
	cfg *config.Config, keys *pki.PKI, client *kubectl.Client, kubernetes *cluster.Cluster,
) []component.Component {
	return append(kubernetes.Components(), platform.Components(cfg, keys, client)...)
}
