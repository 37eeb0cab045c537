package platform

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"time"

	"brainpod.io/engine/internal/component"
	"brainpod.io/engine/internal/config"
	"brainpod.io/engine/internal/kubectl"
	"brainpod.io/engine/internal/netpolicy"
	"brainpod.io/engine/internal/network"
	"brainpod.io/engine/internal/pki"
	"brainpod.io/engine/internal/walls"
)

const (
	wallsName = "network-policies"
	wallsUser = "brainpod:network-policies"
)

func wallsFolder(cfg *config.Config) string { return filepath.Join(cfg.RunDir, "walls") }

func wallsKubeconfig(cfg *config.Config) string { return filepath.Join(wallsFolder(cfg), "kubeconfig") }

// WallsOptions are what the agent of network policies works with.
func WallsOptions(cfg *config.Config, logf func(string, ...any)) walls.Options {
	return walls.Options{
		Settings: netpolicy.Settings{
			Table: network.PolicyTable(cfg), InterfaceGroup: network.PodGroup(cfg), DNSAddress: cfg.DNSAddress,
			EdgePorts:      []uint16{uint16(cfg.Ports.HTTP), uint16(cfg.Ports.HTTPS)},
			MaxConnections: netpolicy.MaxConnections(network.TrackedConnections()),
		},
		Kubeconfig: wallsKubeconfig(cfg), Folder: wallsFolder(cfg), Logf: logf,
	}
}

// networkPolicies runs the agent that enforces network policies. It is the engine's own program, as a process of its
// own: what it does wrong stops nothing else, and what was enforced stays in the kernel meanwhile.
func networkPolicies(cfg *config.Config, certificates *pki.PKI, client *kubectl.Client) component.Component {
	return component.Component{
		Name:  wallsName,
		Needs: []string{apiserver},
		Prepare: func(ctx context.Context) error {
			identity, err := certificates.Issue(pki.Request{
				Name: wallsName, Authority: pki.Cluster, Usages: pki.Client,
				Subject: pki.Subject{CommonName: wallsUser}, Users: []string{wallsName},
			})
			if err != nil {
				return err
			}
			if err := os.MkdirAll(wallsFolder(cfg), 0o700); err != nil {
				return err
			}
			if err := pki.WriteKubeconfig(wallsKubeconfig(cfg), cfg.APIServerURL(), identity); err != nil {
				return err
			}
			return applyObjects(ctx, client, wallsName, rights(wallsUser, []object{
				rule([]string{""}, []string{"list", "watch"}, "pods", "namespaces"),
				rule([]string{"networking.k8s.io"}, []string{"list", "watch"}, "networkpolicies"),
			}))
		},
		Command: func() (component.Command, error) {
			return component.Command{
				Path: cfg.Bin("engine"), Args: []string{"walls", "--config", cfg.Path},
				// It holds little, and is in nobody's hurry to collect it less often.
				Env: append([]string{"GOGC=50", "GOMAXPROCS=2"}, withoutProxy...),
			}, nil
		},
		Ready: func(ctx context.Context) error {
			status, err := walls.AskStatus(ctx, wallsFolder(cfg))
			if err == nil && !status.Synced {
				err = errors.New("the rules are not yet what the cluster asks for")
			}
			return err
		},
		StopTimeout: 5 * time.Second,
	}
}
