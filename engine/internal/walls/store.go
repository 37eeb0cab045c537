package walls

import (
	"context"
	"maps"
	"slices"
	"sync"

	"brainpod.io/engine/internal/netpolicy"
)

// store is the part of the cluster that the table is made of.
type store struct {
	mu         sync.Mutex
	namespaces *kind[netpolicy.Namespace]
	pods       *kind[netpolicy.Pod]
	policies   *kind[netpolicy.Policy]
	// changed holds one message while there is a change that nobody has looked at.
	changed chan struct{}
}

func newStore(from *client) *store {
	s := &store{changed: make(chan struct{}, 1)}
	s.namespaces = &kind[netpolicy.Namespace]{
		path: "/api/v1/namespaces", client: from, store: s, objects: map[string]netpolicy.Namespace{},
		metadata: func(n *netpolicy.Namespace) netpolicy.Metadata { return n.Metadata },
	}
	s.pods = &kind[netpolicy.Pod]{
		path: "/api/v1/pods", client: from, store: s, objects: map[string]netpolicy.Pod{},
		metadata: func(p *netpolicy.Pod) netpolicy.Metadata { return p.Metadata },
	}
	s.policies = &kind[netpolicy.Policy]{
		path: "/apis/networking.k8s.io/v1/networkpolicies", client: from, store: s, objects: map[string]netpolicy.Policy{},
		metadata: func(p *netpolicy.Policy) netpolicy.Metadata { return p.Metadata },
	}
	return s
}

// follow keeps all of it true until the context ends.
func (s *store) follow(ctx context.Context, logf func(string, ...any)) {
	var group sync.WaitGroup
	group.Go(func() { s.namespaces.follow(ctx, logf) })
	group.Go(func() { s.pods.follow(ctx, logf) })
	group.Go(func() { s.policies.follow(ctx, logf) })
	group.Wait()
}

func (s *store) signal() {
	select {
	case s.changed <- struct{}{}:
	default:
	}
}

// world is a copy of everything; false until each list was complete once.
func (s *store) world() (netpolicy.World, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return netpolicy.World{
		Namespaces: slices.Collect(maps.Values(s.namespaces.objects)),
		Pods:       slices.Collect(maps.Values(s.pods.objects)),
		Policies:   slices.Collect(maps.Values(s.policies.objects)),
	}, s.namespaces.synced && s.pods.synced && s.policies.synced
}
