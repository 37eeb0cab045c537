package edge

import (
	"os"
	"path/filepath"
	"reflect"
	"testing"

	"github.com/envoyproxy/gateway/proto/remoteinfra"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/status"
)

func serveRemote(t *testing.T) (*Remote, remoteinfra.EnvoyGatewayRemoteInfrastructureProviderClient) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "infra.sock")
	// As an engine that was killed leaves it.
	if err := os.WriteFile(path, nil, 0o666); err != nil {
		t.Fatal(err)
	}
	remote := NewRemote("brainpod")
	if err := remote.Serve(t.Context(), path); err != nil {
		t.Fatal(err)
	}
	info, err := os.Stat(path)
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Fatalf("the socket's mode is %v (%v), want 0600", info.Mode(), err)
	}
	connection, err := grpc.NewClient("unix://"+path, grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := connection.Close(); err != nil {
			t.Error(err)
		}
	})
	return remote, remoteinfra.NewEnvoyGatewayRemoteInfrastructureProviderClient(connection)
}

func infra(name string, ports ...*remoteinfra.ListenerPort) *remoteinfra.Infra {
	proxy := &remoteinfra.ProxyInfra{Name: name}
	for _, port := range ports {
		proxy.Listeners = append(proxy.Listeners, &remoteinfra.ProxyListener{Ports: []*remoteinfra.ListenerPort{port}})
	}
	return &remoteinfra.Infra{Proxy: proxy}
}

func TestRemoteKnowsWhatIsAsked(t *testing.T) {
	remote, client := serveRemote(t)
	if listeners, asked := remote.Listeners(); asked || listeners != nil {
		t.Errorf("before anything was asked: %v, %v", listeners, asked)
	}
	_, err := client.CreateOrUpdateProxyInfra(t.Context(), &remoteinfra.CreateOrUpdateProxyInfraRequest{Infra: infra("brainpod",
		&remoteinfra.ListenerPort{Protocol: "HTTPS", ContainerPort: 443},
		&remoteinfra.ListenerPort{Protocol: "http", ContainerPort: 80},
		&remoteinfra.ListenerPort{Protocol: "HTTPS", ContainerPort: 443},
	)})
	if err != nil {
		t.Fatal(err)
	}
	want := []Listener{{Port: 80, Protocol: "HTTP"}, {Port: 443, Protocol: "HTTPS"}}
	if listeners, asked := remote.Listeners(); !asked || !reflect.DeepEqual(listeners, want) {
		t.Errorf("got %v, %v; want %v", listeners, asked, want)
	}
	if _, err := client.DeleteProxyInfra(t.Context(), &remoteinfra.DeleteProxyInfraRequest{Infra: infra("brainpod")}); err != nil {
		t.Fatal(err)
	}
	if listeners, asked := remote.Listeners(); asked || listeners != nil {
		t.Errorf("after the last Gateway was deleted: %v, %v", listeners, asked)
	}
}

func TestRemoteRefuses(t *testing.T) {
	remote, client := serveRemote(t)
	ctx := t.Context()
	_, other := client.CreateOrUpdateProxyInfra(ctx, &remoteinfra.CreateOrUpdateProxyInfraRequest{Infra: infra("other")})
	_, none := client.CreateOrUpdateProxyInfra(ctx, &remoteinfra.CreateOrUpdateProxyInfraRequest{})
	_, deleteOther := client.DeleteProxyInfra(ctx, &remoteinfra.DeleteProxyInfraRequest{Infra: infra("other")})
	_, limits := client.CreateOrUpdateRateLimitInfra(ctx, &remoteinfra.CreateOrUpdateRateLimitInfraRequest{})
	_, noLimits := client.DeleteRateLimitInfra(ctx, &remoteinfra.DeleteRateLimitInfraRequest{})
	for _, c := range []struct {
		name string
		err  error
		want codes.Code
	}{
		{"the proxy of another class", other, codes.InvalidArgument},
		{"no proxy", none, codes.InvalidArgument},
		{"deleting the proxy of another class", deleteOther, codes.InvalidArgument},
		{"a rate limit service", limits, codes.Unimplemented},
		{"deleting the rate limit service", noLimits, codes.OK},
	} {
		if got := status.Code(c.err); got != c.want {
			t.Errorf("%s: got %v, want %v", c.name, got, c.want)
		}
	}
	if _, asked := remote.Listeners(); asked {
		t.Error("a refused call counts as asked")
	}
}
