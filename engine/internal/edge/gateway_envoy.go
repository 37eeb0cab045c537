package edge

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"log"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"time"

	"brainpod.io/engine/internal/atomicfile"
	"brainpod.io/engine/internal/component"
	"brainpod.io/engine/internal/network"
	"brainpod.io/engine/internal/supervise"
)

const (
	// By these labels Envoy Gateway finds where a Gateway can be reached that is not merged with others.
	owningNamespace = "gateway.envoyproxy.io/owning-gateway-namespace"
	owningName      = "gateway.envoyproxy.io/owning-gateway-name"
	// servicesPath lists the Services of separate Gateways.
	servicesPath = "/api/v1/namespaces/" + Namespace + "/services?labelSelector=" + owningName

	gatewayWorkers = 1
	gatewayStop    = 2 * time.Second
)

// separateGateways is the gatewayHost of a real engine.
type separateGateways struct{ *Edge }

func (e *Edge) newSeparateGateways() *gateways {
	// The configuration was checked when it was read.
	return newGateways(separateGateways{e}, e.gatewayID, netip.MustParsePrefix(e.config.GatewayCIDR), log.Printf)
}

// gatewayID tells apart the Gateways of all engines in one network namespace.
func (e *Edge) gatewayID(name string) string {
	sum := sha256.Sum256([]byte(e.config.Name + "/" + name))
	return hex.EncodeToString(sum[:4])
}

// startGateways starts with nothing of an engine before this one: its Envoys ended with it.
func (e *Edge) startGateways(ctx context.Context) error {
	if err := network.RemoveGateways(e.config); err != nil {
		return err
	}
	go e.gateways.run(ctx)
	return nil
}

func (h separateGateways) connect(to gateway) error {
	return network.EnsureGateway(h.config, to.id, to.address)
}

// supervisedEnvoy is one Envoy with a supervisor of its own: the engine's knows all its components from the start.
type supervisedEnvoy struct {
	supervisor *supervise.Supervisor
	cancel     context.CancelFunc
	ended      chan struct{}
}

func (s *supervisedEnvoy) ready() bool { return supervise.IsUp(s.supervisor.Snapshot()) }

func (s *supervisedEnvoy) stop() { s.cancel(); <-s.ended }

func (h separateGateways) start(ctx context.Context, to gateway, changed func()) (gatewayEnvoy, error) {
	supervisor, err := supervise.New(supervise.Options{
		Components: []component.Component{h.gatewayComponent(to)},
		LogDir:     h.config.LogDir, RunDir: h.config.RunDir, Logf: log.Printf,
		OnStatus: func([]supervise.Status) { changed() },
	})
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithCancel(ctx)
	started := &supervisedEnvoy{supervisor: supervisor, cancel: cancel, ended: make(chan struct{})}
	go func() {
		defer close(started.ended)
		if err := supervisor.Run(ctx); err != nil {
			log.Printf("%s: %v", to.component(), err)
		}
	}()
	return started, nil
}

// gatewayComponent does not survive the engine, unlike the one Envoy of merged Gateways: see ADR 16.
func (h separateGateways) gatewayComponent(to gateway) component.Component {
	return component.Component{
		Name:    to.component(),
		Prepare: func(context.Context) error { return h.writeGatewayBootstrap(to) },
		Command: func() (component.Command, error) {
			return component.Command{
				Path: "nsenter",
				Args: append([]string{
					"--net=" + network.GatewayNamespace(h.config, to.id), "--",
					h.config.EnvoyBinary, "--config-path", h.files.bootstrap(to.instance()),
				}, envoyArgs(gatewayWorkers)...),
				Env: withoutProxy,
			}, nil
		},
		Ready: func(ctx context.Context) error {
			_, err := adminAt(h.files.adminSocket(to.instance())).info(ctx)
			return err
		},
		StopTimeout: gatewayStop,
	}
}

func (g gateway) component() string { return EnvoyName + "-" + g.id }

// instance is part of the node's id, which must differ: Envoy Gateway keeps what it told each node by that alone.
func (g gateway) instance() Instance { return Instance(g.id) }

// service is the name of the Gateway's Service.
func (g gateway) service() string { return "gateway-" + g.id }

func (h separateGateways) writeGatewayBootstrap(to gateway) error {
	bootstrap, err := h.bootstrap(to.instance())
	if err != nil {
		return err
	}
	bootstrap.Cluster = to.name
	content, err := bootstrap.Render()
	if err != nil {
		return err
	}
	return atomicfile.WriteIfChanged(h.files.bootstrap(to.instance()), content, 0o600)
}

func (h separateGateways) publish(ctx context.Context, of gateway, ports []int32) error {
	service, err := json.Marshal(gatewayService(of, ports))
	if err != nil {
		return err
	}
	if err := h.kubectl.Apply(ctx, service); err != nil {
		return err
	}
	return h.publishAddress(ctx, of.service(), of.address.String())
}

func gatewayService(of gateway, ports []int32) object {
	namespace, name, _ := strings.Cut(of.name, "/")
	list := []object{}
	for _, port := range ports {
		list = append(list, object{"name": fmt.Sprintf("port-%d", port), "port": port, "protocol": "TCP"})
	}
	return object{
		"apiVersion": "v1", "kind": "Service",
		"metadata": object{"name": of.service(), "namespace": Namespace, "labels": object{
			"app.kubernetes.io/managed-by": "brainpod", owningNamespace: namespace, owningName: name,
		}},
		"spec": object{"type": "LoadBalancer", "allocateLoadBalancerNodePorts": false, "ports": list},
	}
}

func (h separateGateways) remove(ctx context.Context, of gateway) error {
	faults := []error{h.deleteService(ctx, of.service()), network.RemoveGateway(h.config, of.id)}
	logs, err := filepath.Glob(filepath.Join(h.config.LogDir, of.component()+".log*"))
	faults = append(faults, err)
	for _, file := range append(logs, h.files.bootstrap(of.instance()), h.files.adminSocket(of.instance())) {
		if err := os.Remove(file); err != nil && !errors.Is(err, fs.ErrNotExist) {
			faults = append(faults, err)
		}
	}
	return errors.Join(faults...)
}

func (h separateGateways) deleteService(ctx context.Context, name string) error {
	_, err := h.kubectl.Run(ctx, "delete", "service", name, "--namespace="+Namespace, "--ignore-not-found", "--wait=false")
	return err
}

func (h separateGateways) existing(ctx context.Context) (map[string]bool, error) {
	return h.gatewaysOfClass(ctx)
}

func (h separateGateways) removeOthers(ctx context.Context, keep map[string]bool) error {
	body, err := h.kubectl.Get(ctx, servicesPath)
	if err != nil {
		return err
	}
	others, err := otherServices(body, keep)
	faults := []error{err}
	for _, name := range others {
		faults = append(faults, h.deleteService(ctx, name))
	}
	return errors.Join(faults...)
}

// otherServices are the names of those in a list of Services that belong to none of these Gateways.
func otherServices(list []byte, keep map[string]bool) ([]string, error) {
	var services struct {
		Items []struct {
			Metadata struct {
				Name   string            `json:"name"`
				Labels map[string]string `json:"labels"`
			} `json:"metadata"`
		} `json:"items"`
	}
	if err := json.Unmarshal(list, &services); err != nil {
		return nil, fmt.Errorf("the Services of Gateways cannot be read: %w", err)
	}
	var others []string
	for _, service := range services.Items {
		labels := service.Metadata.Labels
		if !keep[labels[owningNamespace]+"/"+labels[owningName]] {
			others = append(others, service.Metadata.Name)
		}
	}
	return others, nil
}
