package main

import (
	"brainpod.io/engine/internal/cluster"
	"brainpod.io/engine/internal/component"
	"brainpod.io/engine/internal/config"
	"brainpod.io/engine/internal/kubectl"
	"brainpod.io/engine/internal/pki"
)

// components is everything that the engine runs.
func components(
	_ *config.Config, _ *pki.PKI, _ *kubectl.Client, kubernetes *cluster.Cluster,
) []component.Component {
	return kubernetes.Components()
}
