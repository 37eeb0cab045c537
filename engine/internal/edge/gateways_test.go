package edge

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/envoyproxy/gateway/proto/remoteinfra"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// recordingHost stands for machine and cluster; what it has is what a real one would have. A step named in fails
// fails after it was half done, as often as it says.
type recordingHost struct {
	fails     map[string]int
	connected map[string]netip.Addr
	running   map[string]*recordedEnvoy
	published map[string][]int32
	inCluster map[string]bool
	starts    int
	// starting Envoys are not ready yet.
	starting bool
	// meanwhile happens while the cluster is asked.
	meanwhile func()
}

type recordedEnvoy struct {
	host *recordingHost
	name string
}

func (e *recordedEnvoy) ready() bool { return !e.host.starting }
func (e *recordedEnvoy) stop()       { delete(e.host.running, e.name) }

var errOnce = errors.New("not this time")

func (h *recordingHost) fail(step string) error {
	if h.fails[step] == 0 {
		return nil
	}
	h.fails[step]--
	return errOnce
}

func (h *recordingHost) connect(to gateway) error {
	h.connected[to.name] = to.address
	return h.fail("connect " + to.name)
}

func (h *recordingHost) start(_ context.Context, to gateway, _ func()) (gatewayEnvoy, error) {
	if err := h.fail("start " + to.name); err != nil {
		return nil, err
	}
	if h.running[to.name] != nil {
		return nil, fmt.Errorf("%s runs already", to.name)
	}
	h.starts++
	h.running[to.name] = &recordedEnvoy{h, to.name}
	return h.running[to.name], nil
}

func (h *recordingHost) publish(_ context.Context, of gateway, ports []int32) error {
	h.published[of.name] = ports
	return h.fail("publish " + of.name)
}

func (h *recordingHost) remove(_ context.Context, of gateway) error {
	if h.running[of.name] != nil {
		return fmt.Errorf("%s still runs", of.name)
	}
	delete(h.published, of.name)
	if err := h.fail("remove " + of.name); err != nil {
		return err
	}
	delete(h.connected, of.name)
	return nil
}

func (h *recordingHost) existing(context.Context) (map[string]bool, error) {
	found := maps.Clone(h.inCluster)
	if h.meanwhile != nil {
		h.meanwhile()
	}
	return found, h.fail("existing")
}

func (h *recordingHost) removeOthers(_ context.Context, keep map[string]bool) error {
	for name := range h.published {
		if !keep[name] {
			delete(h.published, name)
		}
	}
	return h.fail("removeOthers")
}

func (h *recordingHost) served() []string { return slices.Sorted(maps.Keys(h.running)) }

func recorded(t *testing.T) (*recordingHost, *gateways) {
	t.Helper()
	host := &recordingHost{
		fails: map[string]int{}, connected: map[string]netip.Addr{}, running: map[string]*recordedEnvoy{},
		published: map[string][]int32{}, inCluster: map[string]bool{},
	}
	identify := func(name string) string { return strings.ReplaceAll(name, "/", "-") }
	return host, newGateways(host, identify, netip.MustParsePrefix("10.77.0.0/28"), t.Logf)
}

func TestEachGatewayIsServedWhateverFailsFirst(t *testing.T) {
	for _, step := range []string{"none", "connect a/x", "start a/x", "publish a/x"} {
		host, g := recorded(t)
		host.fails[step] = 2
		g.want("a/x", []int32{80})
		g.want("b/y", []int32{80, 443})
		for attempt := range 3 {
			err := g.converge(t.Context())
			if failed := step != "none" && attempt < 2; failed != (err != nil) {
				t.Errorf("%s fails, attempt %d: %v", step, attempt, err)
			}
			if err != nil && !strings.Contains(err.Error(), "a/x: "+errOnce.Error()) {
				t.Errorf("%s fails: the error does not say of what: %v", step, err)
			}
			if !slices.Equal(host.published["b/y"], []int32{80, 443}) {
				t.Errorf("%s fails, and so the other Gateway is not served", step)
			}
		}
		if !slices.Equal(host.served(), []string{"a/x", "b/y"}) || host.starts != 2 || len(host.published) != 2 {
			t.Errorf("%s fails: %v run after %d starts, published are %v", step, host.served(), host.starts, host.published)
		}
		if host.connected["a/x"] == host.connected["b/y"] {
			t.Errorf("both are at %v", host.connected["a/x"])
		}
	}
}

func TestAnAddressIsPublishedOnceItsEnvoyIsReady(t *testing.T) {
	host, g := recorded(t)
	host.starting = true
	converge := func() {
		t.Helper()
		if err := g.converge(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	g.want("a/x", []int32{80})
	converge()
	if len(host.published) != 0 {
		t.Errorf("published too early: %v", host.published)
	}
	host.starting = false
	converge()
	g.want("a/x", []int32{80, 8080})
	converge()
	if !slices.Equal(host.published["a/x"], []int32{80, 8080}) || host.starts != 1 {
		t.Errorf("published %v after %d starts", host.published, host.starts)
	}
	delete(host.published, "a/x")
	converge()
	if len(host.published) != 0 {
		t.Error("what is known to be published is published again and again")
	}
}

func TestAGatewayIsRemovedWhateverFailsFirst(t *testing.T) {
	host, g := recorded(t)
	host.fails["remove a/x"] = 1
	g.want("a/x", []int32{80})
	before := g.converge(t.Context())
	g.unwant("a/x")
	failed := g.converge(t.Context())
	if before != nil || !errors.Is(failed, errOnce) || len(host.running) != 0 {
		t.Fatalf("%v, %v, %v run", before, failed, host.served())
	}
	// It is wanted again before all of it is gone.
	g.want("a/x", []int32{80})
	again := g.converge(t.Context())
	if again != nil || host.starts != 2 || len(host.published) != 1 {
		t.Errorf("%v after %d starts, published %v", again, host.starts, host.published)
	}
	g.unwant("a/x")
	if err := g.converge(t.Context()); err != nil || len(host.connected)+len(host.published)+len(host.running) != 0 {
		t.Errorf("%v; there is still %+v", err, host)
	}
}

func TestGatewaysThatWereDeletedWhileEnvoyGatewayWasAway(t *testing.T) {
	for _, failing := range []string{"none", "existing", "removeOthers"} {
		host, g := recorded(t)
		host.fails[failing] = 1
		for _, name := range []string{"a/stays", "a/gone", "a/made-anew"} {
			g.want(name, []int32{80})
		}
		host.published["a/of-an-earlier-engine"] = []int32{80}
		host.inCluster = map[string]bool{"a/stays": true, "a/not-asked-yet": true}
		if err := g.converge(t.Context()); err != nil {
			t.Fatal(err)
		}
		g.doubt()
		if err := g.converge(t.Context()); err != nil || len(host.running) != 3 {
			t.Errorf("before the next Envoy Gateway is there: %v, %v run", err, host.served())
		}
		host.meanwhile = func() { g.want("a/made-anew", []int32{80}) }
		g.compare()
		if err := g.converge(t.Context()); (err != nil) != (failing != "none") {
			t.Errorf("%s fails: %v", failing, err)
		}
		if err := g.converge(t.Context()); err != nil {
			t.Fatal(err)
		}
		want := []string{"a/made-anew", "a/stays"}
		if !slices.Equal(host.served(), want) || !slices.Equal(slices.Sorted(maps.Keys(host.published)), want) {
			t.Errorf("%s fails: %v run, published are %v", failing, host.served(), host.published)
		}
	}
}

func TestTheLoopTriesAgainByItself(t *testing.T) {
	host, g := recorded(t)
	host.fails["publish a/x"] = 1
	g.want("a/x", []int32{80})
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	// The loop alone touches the host until it has ended.
	host.meanwhile = cancel
	g.logf = func(string, ...any) { time.AfterFunc(2*gatewayRetryFirst, g.compare) }
	g.run(ctx)
	if host.fails["publish a/x"] != 0 || !slices.Equal(host.published["a/x"], []int32{80}) || g.serving["a/x"].published == nil {
		t.Errorf("published %v", host.published)
	}
}

func TestAddressesOfGateways(t *testing.T) {
	_, g := recorded(t)
	first, err := g.freeAddress("x")
	again, _ := g.freeAddress("x")
	if err != nil || first != again {
		t.Errorf("%v, then %v (%v)", first, again, err)
	}
	seen := map[netip.Addr]bool{}
	for i := range 13 {
		address, err := g.freeAddress("x")
		if err != nil || seen[address] || !g.addresses.Contains(address) {
			t.Fatalf("address %d: %v (%v)", i, address, err)
		}
		seen[address] = true
		g.serving[fmt.Sprint(i)] = &servedGateway{gateway: gateway{address: address}}
	}
	for _, reserved := range []string{"10.77.0.0", "10.77.0.1", "10.77.0.15"} {
		if seen[netip.MustParseAddr(reserved)] {
			t.Errorf("%s was given away", reserved)
		}
	}
	if _, err := g.freeAddress("x"); err == nil || !strings.Contains(err.Error(), "gatewayCidr 10.77.0.0/28") {
		t.Errorf("with all taken: %v", err)
	}
	if got := offset(netip.MustParseAddr("10.0.255.250"), 10); got != netip.MustParseAddr("10.1.0.4") {
		t.Errorf("across a byte: %v", got)
	}
}

func TestServicesOfGateways(t *testing.T) {
	service := gatewayService(gateway{name: "a/x", id: "1f"}, []int32{80, 443})
	content, err := json.Marshal(object{"items": []object{service, gatewayService(gateway{name: "b/x", id: "2f"}, nil)}})
	if err != nil {
		t.Fatal(err)
	}
	others, err := otherServices(content, map[string]bool{"a/x": true})
	if err != nil || !slices.Equal(others, []string{"gateway-2f"}) {
		t.Errorf("others than a/x are %v (%v)", others, err)
	}
	var decoded any
	if err := json.Unmarshal(content, &decoded); err != nil {
		t.Fatal(err)
	}
	if got := at(t, decoded, "items", 0, "spec", "ports", 1, "port"); got != float64(443) {
		t.Errorf("the second port is %v", got)
	}
}

func TestRemoteAsksForSeparateGateways(t *testing.T) {
	remote, client := serveRemote(t)
	_, g := recorded(t)
	remote.gateways = g
	ctx := t.Context()
	create := func(name string) error {
		_, err := client.CreateOrUpdateProxyInfra(ctx, &remoteinfra.CreateOrUpdateProxyInfraRequest{Infra: infra(name,
			&remoteinfra.ListenerPort{Protocol: "HTTPS", ContainerPort: 443},
			&remoteinfra.ListenerPort{Protocol: "TLS", ContainerPort: 443},
			&remoteinfra.ListenerPort{Protocol: "HTTP", ContainerPort: 80},
		)})
		return err
	}
	if err := errors.Join(create("a/x"), create("b/x")); err != nil {
		t.Fatal(err)
	}
	_, err := client.DeleteProxyInfra(ctx, &remoteinfra.DeleteProxyInfraRequest{Infra: infra("a/x")})
	if wanted := g.snapshot(); err != nil || len(wanted) != 1 || !slices.Equal(wanted["b/x"].ports, []int32{80, 443}) {
		t.Errorf("wanted is %v (%v)", wanted, err)
	}
	for _, name := range []string{"brainpod", "a/", "/x", "a/b/c"} {
		if code := status.Code(create(name)); code != codes.InvalidArgument {
			t.Errorf("%q: %v", name, code)
		}
	}
}
