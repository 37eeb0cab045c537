package edge

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"slices"
	"sort"
	"strings"
	"sync"

	"github.com/envoyproxy/gateway/proto/remoteinfra"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// Remote is what Envoy Gateway calls instead of making proxies itself. With merged gateways it asks for one proxy,
// named like the GatewayClass; the engine runs that one whether or not it is asked for yet, so that Remote has only
// to know what is asked. With separate gateways it asks for one named "<namespace>/<name>" for each Gateway. Envoy
// Gateway does not repeat a call that failed: Remote does no work that can fail later.
type Remote struct {
	remoteinfra.UnimplementedEnvoyGatewayRemoteInfrastructureProviderServer
	class string
	// gateways is nil when they are merged.
	gateways *gateways

	mutex  sync.Mutex
	wanted map[Listener]struct{}
	asked  bool
}

// Listener is one port that the Gateways name.
type Listener struct {
	Port     int32
	Protocol string
}

// NewRemote serves one GatewayClass.
func NewRemote(class string) *Remote { return &Remote{class: class} }

// Listeners are the ports that Envoy Gateway asked for, in order. asked is false until it asked for anything, and
// again after it wanted no proxy any more.
func (r *Remote) Listeners() (listeners []Listener, asked bool) {
	r.mutex.Lock()
	defer r.mutex.Unlock()
	for listener := range r.wanted {
		listeners = append(listeners, listener)
	}
	sort.Slice(listeners, func(a, b int) bool { return listeners[a].Port < listeners[b].Port })
	return listeners, r.asked
}

// Forget drops what an Envoy Gateway that has ended asked for.
func (r *Remote) Forget() { r.set(nil, false) }

func (r *Remote) set(wanted map[Listener]struct{}, asked bool) {
	r.mutex.Lock()
	defer r.mutex.Unlock()
	r.wanted, r.asked = wanted, asked
}

// Serve answers on a unix socket that only root may use, until the context ends. It replaces a socket that an
// earlier engine left. It returns once it listens.
func (r *Remote) Serve(ctx context.Context, path string) error {
	if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("could not remove the old socket: %w", err)
	}
	listener, err := net.Listen("unix", path)
	if err != nil {
		return fmt.Errorf("could not listen for Envoy Gateway: %w", err)
	}
	if err := os.Chmod(path, 0o600); err != nil {
		return errors.Join(err, listener.Close())
	}
	server := grpc.NewServer()
	remoteinfra.RegisterEnvoyGatewayRemoteInfrastructureProviderServer(server, r)
	go func() {
		// It returns only after Stop, or when the listener fails, which makes Envoy Gateway's calls fail and be logged there.
		_ = server.Serve(listener)
	}()
	context.AfterFunc(ctx, server.Stop)
	return nil
}

// CreateOrUpdateProxyInfra notes the listeners of the proxy.
func (r *Remote) CreateOrUpdateProxyInfra(
	_ context.Context, request *remoteinfra.CreateOrUpdateProxyInfraRequest,
) (*remoteinfra.CreateOrUpdateProxyInfraResponse, error) {
	proxy, err := r.proxy(request.GetInfra())
	if err != nil {
		return nil, err
	}
	wanted := map[Listener]struct{}{}
	for _, listener := range proxy.GetListeners() {
		for _, port := range listener.GetPorts() {
			wanted[Listener{Port: port.GetContainerPort(), Protocol: strings.ToUpper(port.GetProtocol())}] = struct{}{}
		}
	}
	if r.gateways != nil {
		r.gateways.want(proxy.GetName(), portsOf(wanted))
		return &remoteinfra.CreateOrUpdateProxyInfraResponse{}, nil
	}
	r.set(wanted, true)
	return &remoteinfra.CreateOrUpdateProxyInfraResponse{}, nil
}

// portsOf are the listeners' ports, each once, in order.
func portsOf(listeners map[Listener]struct{}) []int32 {
	ports := []int32{}
	for listener := range listeners {
		ports = append(ports, listener.Port)
	}
	slices.Sort(ports)
	return slices.Compact(ports)
}

// DeleteProxyInfra notes that no Gateway is left. Envoy Gateway takes the listeners away through xDS.
func (r *Remote) DeleteProxyInfra(
	_ context.Context, request *remoteinfra.DeleteProxyInfraRequest,
) (*remoteinfra.DeleteProxyInfraResponse, error) {
	proxy, err := r.proxy(request.GetInfra())
	if err != nil {
		return nil, err
	}
	if r.gateways != nil {
		r.gateways.unwant(proxy.GetName())
		return &remoteinfra.DeleteProxyInfraResponse{}, nil
	}
	r.set(nil, false)
	return &remoteinfra.DeleteProxyInfraResponse{}, nil
}

// CreateOrUpdateRateLimitInfra is refused: the engine runs no rate limit service, and its configuration asks for none.
func (r *Remote) CreateOrUpdateRateLimitInfra(
	context.Context, *remoteinfra.CreateOrUpdateRateLimitInfraRequest,
) (*remoteinfra.CreateOrUpdateRateLimitInfraResponse, error) {
	return nil, status.Error(codes.Unimplemented, "this engine runs no global rate limit service")
}

// DeleteRateLimitInfra succeeds: there is never one to delete. Envoy Gateway calls it at each start.
func (r *Remote) DeleteRateLimitInfra(
	context.Context, *remoteinfra.DeleteRateLimitInfraRequest,
) (*remoteinfra.DeleteRateLimitInfraResponse, error) {
	return &remoteinfra.DeleteRateLimitInfraResponse{}, nil
}

func (r *Remote) proxy(infra *remoteinfra.Infra) (*remoteinfra.ProxyInfra, error) {
	proxy := infra.GetProxy()
	if proxy == nil {
		return nil, status.Error(codes.InvalidArgument, "the request names no proxy")
	}
	if r.gateways != nil {
		if namespace, name, _ := strings.Cut(proxy.GetName(), "/"); namespace == "" || name == "" || strings.Contains(name, "/") {
			return nil, status.Errorf(codes.InvalidArgument,
				"this engine serves proxies named <namespace>/<gateway>, not %q", proxy.GetName())
		}
		return proxy, nil
	}
	if proxy.GetName() != r.class {
		return nil, status.Errorf(codes.InvalidArgument,
			"this engine serves the proxy %q only, not %q", r.class, proxy.GetName())
	}
	return proxy, nil
}
