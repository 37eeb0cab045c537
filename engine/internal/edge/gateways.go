package edge

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/netip"
	"slices"
	"sync"
	"time"
)

const (
	// gatewayCheck is how often separate Gateways are looked after when nothing happens.
	gatewayCheck = 30 * time.Second
	// After a failure they are looked after sooner, each time a little later.
	gatewayRetryFirst = 500 * time.Millisecond
)

// gateway is a Gateway with an Envoy of its own.
type gateway struct {
	// name is what Envoy Gateway calls its proxy: "<namespace>/<name>".
	name string
	// id is a short name of it for interfaces, files and processes of this machine.
	id      string
	address netip.Addr
}

// gatewayHost is what gateways does to the machine and to the cluster. Whatever fails is tried again, and must be able
// to find its own half-done work.
type gatewayHost interface {
	// connect gives the Gateway a network namespace with its address.
	connect(gateway) error
	// start runs its Envoy, and again whenever it ends, until it is stopped. changed is called when it may have become ready.
	start(ctx context.Context, to gateway, changed func()) (gatewayEnvoy, error)
	// publish tells Envoy Gateway, and everybody, the address and the ports.
	publish(ctx context.Context, of gateway, ports []int32) error
	// remove undoes publish and connect.
	remove(context.Context, gateway) error
	// existing are the names of the Gateways that are in the cluster now.
	existing(context.Context) (map[string]bool, error)
	// removeOthers undoes publish for those that earlier engines published, but for these names.
	removeOthers(ctx context.Context, keep map[string]bool) error
}

type gatewayEnvoy interface {
	ready() bool
	// stop ends it, and returns when it has ended.
	stop()
}

// gateways keeps an Envoy for each Gateway that Envoy Gateway asks for. Envoy Gateway does not repeat a call that
// failed: its calls only note what is wanted, and a loop makes it so, however often it takes.
type gateways struct {
	host gatewayHost
	// identify gives a Gateway its id.
	identify  func(name string) string
	addresses netip.Prefix
	logf      func(format string, args ...any)
	changed   chan struct{}

	mutex  sync.Mutex
	wanted map[string]wantedGateway
	// sweepDue is set when what an Envoy Gateway that has ended wanted is to be compared with the cluster.
	sweepDue bool

	// serving belongs to the loop alone.
	serving map[string]*servedGateway
}

type wantedGateway struct {
	ports []int32
	// stale is one that the Envoy Gateway which runs now has not asked for yet.
	stale bool
}

type servedGateway struct {
	gateway
	// envoy is nil when none was started, or it was stopped.
	envoy gatewayEnvoy
	// published are the ports that were published last; nil before that.
	published []int32
}

func newGateways(host gatewayHost, identify func(string) string, addresses netip.Prefix, logf func(string, ...any)) *gateways {
	return &gateways{
		host: host, identify: identify, addresses: addresses, logf: logf, changed: make(chan struct{}, 1),
		wanted: map[string]wantedGateway{}, serving: map[string]*servedGateway{},
	}
}

// want notes that a Gateway needs an Envoy that serves these ports.
func (g *gateways) want(name string, ports []int32) {
	g.mutex.Lock()
	g.wanted[name] = wantedGateway{ports: ports}
	g.mutex.Unlock()
	g.wake()
}

// unwant notes that a Gateway needs no Envoy any more.
func (g *gateways) unwant(name string) {
	g.mutex.Lock()
	delete(g.wanted, name)
	g.mutex.Unlock()
	g.wake()
}

// doubt is called when an Envoy Gateway has ended: the next one will not take back what this one asked for. Until it is
// compared with the cluster, all of it goes on.
func (g *gateways) doubt() {
	g.mutex.Lock()
	defer g.mutex.Unlock()
	for name, wanted := range g.wanted {
		wanted.stale = true
		g.wanted[name] = wanted
	}
	// Only once the next one is there: see compare.
	g.sweepDue = false
}

// compare has the loop compare what is wanted and published with the Gateways that are in the cluster.
func (g *gateways) compare() {
	g.mutex.Lock()
	g.sweepDue = true
	g.mutex.Unlock()
	g.wake()
}

func (g *gateways) wake() {
	select {
	case g.changed <- struct{}{}:
	default:
		// A look is due already.
	}
}

// run is the loop. When it returns, the Envoys that it started have been told to end.
func (g *gateways) run(ctx context.Context) {
	retry, said := gatewayRetryFirst, ""
	for {
		wait := gatewayCheck
		err := g.converge(ctx)
		if ctx.Err() != nil {
			return
		}
		if err != nil {
			if said != err.Error() {
				g.logf("gateways: %v; trying again", err)
			}
			said, wait, retry = err.Error(), retry, min(2*retry, gatewayCheck)
		} else {
			retry, said = gatewayRetryFirst, ""
		}
		timer := time.NewTimer(wait)
		select {
		case <-ctx.Done():
		case <-g.changed:
		case <-timer.C:
		}
		timer.Stop()
	}
}

// converge does once all that can be done now. What fails for one Gateway keeps no other from being served.
func (g *gateways) converge(ctx context.Context) error {
	faults := []error{g.sweep(ctx)}
	wanted := g.snapshot()
	for _, name := range slices.Sorted(maps.Keys(g.serving)) {
		if _, still := wanted[name]; !still {
			faults = append(faults, of(name, g.end(ctx, g.serving[name])))
		}
	}
	for _, name := range slices.Sorted(maps.Keys(wanted)) {
		faults = append(faults, of(name, g.serve(ctx, name, wanted[name].ports)))
	}
	return errors.Join(faults...)
}

func of(name string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%s: %w", name, err)
}

func (g *gateways) snapshot() map[string]wantedGateway {
	g.mutex.Lock()
	defer g.mutex.Unlock()
	return maps.Clone(g.wanted)
}

func (g *gateways) serve(ctx context.Context, name string, ports []int32) error {
	served := g.serving[name]
	if served == nil {
		id := g.identify(name)
		address, err := g.freeAddress(id)
		if err != nil {
			return err
		}
		served = &servedGateway{gateway: gateway{name: name, id: id, address: address}}
		g.serving[name] = served
	}
	if err := g.host.connect(served.gateway); err != nil {
		return err
	}
	if served.envoy == nil {
		envoy, err := g.host.start(ctx, served.gateway, g.wake)
		if err != nil {
			return err
		}
		served.envoy = envoy
	}
	if slices.Equal(served.published, ports) || !served.envoy.ready() {
		return nil
	}
	if err := g.host.publish(ctx, served.gateway, ports); err != nil {
		return err
	}
	served.published = ports
	return nil
}

func (g *gateways) end(ctx context.Context, served *servedGateway) error {
	if served.envoy != nil {
		served.envoy.stop()
		served.envoy = nil
	}
	served.published = nil
	if err := g.host.remove(ctx, served.gateway); err != nil {
		return err
	}
	delete(g.serving, served.name)
	return nil
}

// sweep drops what an Envoy Gateway that has ended asked for and would have taken back, had it been there.
func (g *gateways) sweep(ctx context.Context) error {
	g.mutex.Lock()
	due := g.sweepDue
	g.sweepDue = false
	g.mutex.Unlock()
	if !due {
		return nil
	}
	err := g.dropGone(ctx)
	if err != nil {
		g.mutex.Lock()
		defer g.mutex.Unlock()
		g.sweepDue = true
	}
	return err
}

func (g *gateways) dropGone(ctx context.Context) error {
	existing, err := g.host.existing(ctx)
	if err != nil {
		return err
	}
	keep := maps.Clone(existing)
	g.mutex.Lock()
	for name, wanted := range g.wanted {
		// One that was asked for meanwhile is newer than the answer about the cluster.
		if wanted.stale && !existing[name] {
			delete(g.wanted, name)
			continue
		}
		keep[name] = true
	}
	g.mutex.Unlock()
	for name := range g.serving {
		// They are removed one by one, with all that is theirs.
		keep[name] = true
	}
	return g.host.removeOthers(ctx, keep)
}
