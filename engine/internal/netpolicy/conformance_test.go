package netpolicy

import (
	"fmt"
	"maps"
	"net"
	"slices"
	"strings"
	"testing"
	"time"
)

// among tells whether one of the pods is meant: "x/a", or a whole namespace "x/".
func among(key string, names ...string) bool {
	return slices.ContainsFunc(names, func(name string) bool {
		return key == name || strings.HasSuffix(name, "/") && strings.HasPrefix(key, name)
	})
}

// step changes the cluster and says who may then reach whom.
type step struct {
	change func(t *testing.T, w *World, n *testNetwork)
	// protocol and port are what is tried; TCP at 80 when empty.
	protocol string
	port     int
	allowed  func(from, to string) bool
}

func (s step) withDefaults() step {
	if s.protocol == "" {
		s.protocol = "tcp"
	}
	if s.port == 0 {
		s.port = 80
	}
	return s
}

func apply(key, spec string) func(*testing.T, *World, *testNetwork) {
	return func(t *testing.T, w *World, _ *testNetwork) { t.Helper(); w.policy(t, key, spec) }
}

func everything(_, _ string) bool { return true }

// into restricts what enters the given pods; a pod always reaches itself.
func into(targets string, from ...string) func(string, string) bool {
	return func(source, target string) bool {
		return source == target || !among(target, targets) || among(source, from...)
	}
}

// outOf restricts what leaves the given pods.
func outOf(sources string, to ...string) func(string, string) bool {
	return func(source, target string) bool {
		return source == target || !among(source, sources) || among(target, to...)
	}
}

func both(conditions ...func(string, string) bool) func(string, string) bool {
	return func(source, target string) bool {
		return !slices.ContainsFunc(conditions, func(c func(string, string) bool) bool { return !c(source, target) })
	}
}

const (
	selectA    = `{"matchLabels":{"pod":"a"}}`
	namespaceY = `{"matchLabels":{"ns":"y"}}`
)

// conformance is the list of cases of Kubernetes' end-to-end tests of network policies. Every step looks at all 81 pairs.
var conformance = map[string][]step{
	"without a policy everything is open": {{allowed: everything}, {protocol: "udp", allowed: everything}},
	"default-deny-ingress": {
		{change: apply("x/p", `{"podSelector":{},"policyTypes":["Ingress"]}`), allowed: into("x/")},
		{protocol: "udp", allowed: into("x/")},
		{protocol: "sctp", allowed: into("x/")},
	},
	"default-deny-all": {
		{change: apply("x/p", `{"podSelector":{},"policyTypes":["Ingress","Egress"]}`), allowed: both(into("x/"), outOf("x/"))},
		{protocol: "udp", allowed: both(into("x/"), outOf("x/"))},
		{protocol: "sctp", allowed: both(into("x/"), outOf("x/"))},
	},
	"without policyTypes a policy is about ingress": {
		{change: apply("x/p", `{"podSelector":{}}`), allowed: into("x/")},
	},
	"without policyTypes and with egress rules it is about both": {
		{change: apply("x/p", `{"podSelector":{},"egress":[{"to":[{"podSelector":{}}]}]}`), allowed: both(into("x/"), outOf("x/", "x/"))},
	},
	"from pods of the same namespace by podSelector": {
		{change: apply("x/p", `{"podSelector":`+selectA+`,"ingress":[{"from":[{"podSelector":{"matchLabels":{"pod":"b"}}}]}]}`),
			allowed: into("x/a", "x/b")},
	},
	"ingress for a target with an empty rule": {
		{change: apply("x/p", `{"podSelector":`+selectA+`,"ingress":[{}]}`), allowed: everything},
	},
	"from pods in all namespaces by an empty namespaceSelector": {
		{change: apply("x/p", `{"podSelector":`+selectA+`,"ingress":[{"from":[{"namespaceSelector":{}}]}]}`), allowed: everything},
	},
	"only from another namespace by namespaceSelector": {
		{change: apply("x/p", `{"podSelector":`+selectA+`,"ingress":[{"from":[{"namespaceSelector":`+namespaceY+`}]}]}`),
			allowed: into("x/a", "y/")},
	},
	"podSelector with matchExpressions": {
		{change: apply("x/p", `{"podSelector":`+selectA+`,"ingress":[{"from":[{"podSelector":{"matchExpressions":[
			{"key":"pod","operator":"In","values":["b"]}]}}]}]}`), allowed: into("x/a", "x/b")},
		{change: apply("x/p", `{"podSelector":`+selectA+`,"ingress":[{"from":[{"podSelector":{"matchExpressions":[
			{"key":"pod","operator":"NotIn","values":["b"]},{"key":"pod","operator":"Exists"},{"key":"none","operator":"DoesNotExist"}]}}]}]}`),
			allowed: into("x/a", "x/c")},
	},
	"namespaceSelector with matchExpressions": {
		{change: apply("x/p", `{"podSelector":`+selectA+`,"ingress":[{"from":[{"namespaceSelector":{"matchExpressions":[
			{"key":"ns","operator":"In","values":["y","z"]}]}}]}]}`), allowed: into("x/a", "y/", "z/")},
		{change: apply("x/p", `{"podSelector":`+selectA+`,"ingress":[{"from":[{"namespaceSelector":{"matchExpressions":[
			{"key":"ns","operator":"NotIn","values":["x"]}]}}]}]}`), allowed: into("x/a", "y/", "z/")},
	},
	"podSelector or namespaceSelector": {
		{change: apply("x/p", `{"podSelector":`+selectA+`,"ingress":[{"from":[
			{"podSelector":{"matchLabels":{"pod":"b"}}},{"namespaceSelector":`+namespaceY+`}]}]}`), allowed: into("x/a", "x/b", "y/")},
	},
	"podSelector and namespaceSelector": {
		{change: apply("x/p", `{"podSelector":`+selectA+`,"ingress":[{"from":[
			{"podSelector":{"matchLabels":{"pod":"b"}},"namespaceSelector":`+namespaceY+`}]}]}`), allowed: into("x/a", "y/b")},
	},
	"several podSelectors and namespaceSelectors": {
		{change: apply("x/p", `{"podSelector":`+selectA+`,"ingress":[{"from":[
			{"podSelector":{"matchExpressions":[{"key":"pod","operator":"In","values":["b","c"]}]},
			 "namespaceSelector":{"matchExpressions":[{"key":"ns","operator":"NotIn","values":["x"]}]}}]}]}`),
			allowed: into("x/a", "y/b", "y/c", "z/b", "z/c")},
	},
	"any of several podSelectors": {
		{change: apply("x/p", `{"podSelector":`+selectA+`,"ingress":[{"from":[
			{"podSelector":{"matchLabels":{"pod":"b"}}},{"podSelector":{"matchLabels":{"pod":"c"}}}]}]}`),
			allowed: into("x/a", "x/b", "x/c")},
	},
	"only from a pod of another namespace": {
		{change: apply("x/p", `{"podSelector":`+selectA+`,"ingress":[{"from":[
			{"podSelector":`+selectA+`,"namespaceSelector":`+namespaceY+`}]}]}`), allowed: into("x/a", "y/a")},
	},
	"by port": {
		{change: apply("x/p", `{"podSelector":`+selectA+`,"ingress":[{"from":[{"namespaceSelector":`+namespaceY+`}],
			"ports":[{"protocol":"TCP","port":81}]}]}`), port: 81, allowed: into("x/a", "y/")},
		{port: 80, allowed: into("x/a")},
		{protocol: "udp", port: 81, allowed: into("x/a")},
	},
	"without a protocol a port is TCP's": {
		{change: apply("x/p", `{"podSelector":`+selectA+`,"ingress":[{"ports":[{"port":80}]}]}`), allowed: everything},
		{protocol: "udp", allowed: into("x/a")},
	},
	"range of ports": {
		{change: apply("x/p", `{"podSelector":`+selectA+`,"ingress":[{"ports":[{"protocol":"TCP","port":81,"endPort":82}]}]}`),
			port: 80, allowed: into("x/a")},
		{port: 81, allowed: everything},
		{port: 82, allowed: everything},
	},
	"stacked policies with overlapping podSelectors": {
		{change: apply("x/p1", `{"podSelector":`+selectA+`,"ingress":[{"from":[{"namespaceSelector":`+namespaceY+`}],"ports":[{"port":80}]}]}`),
			port: 80, allowed: into("x/a", "y/")},
		{port: 81, allowed: into("x/a")},
		{change: apply("x/p2", `{"podSelector":{},"ingress":[{"from":[{"namespaceSelector":`+namespaceY+`}],"ports":[{"port":81}]}]}`),
			port: 80, allowed: both(into("x/a", "y/"), into("x/b"), into("x/c"))},
		{port: 81, allowed: into("x/", "y/")},
	},
	"allow-all": {
		{change: apply("x/p", `{"podSelector":{},"policyTypes":["Ingress"],"ingress":[{}]}`), allowed: everything},
		{port: 81, allowed: everything},
	},
	"ingress by a port's name": {
		{change: apply("x/p", `{"podSelector":`+selectA+`,"ingress":[{"ports":[{"port":"serve-81-tcp"}]}]}`), port: 81, allowed: everything},
		{port: 80, allowed: into("x/a")},
	},
	"ingress from a namespace by a port's name": {
		{change: apply("x/p", `{"podSelector":`+selectA+`,"ingress":[{"from":[{"namespaceSelector":`+namespaceY+`}],
			"ports":[{"port":"serve-80-tcp"}]}]}`), port: 80, allowed: into("x/a", "y/")},
		{port: 81, allowed: into("x/a")},
	},
	"a port's name is that of its protocol": {
		{change: apply("x/p", `{"podSelector":`+selectA+`,"ingress":[{"ports":[{"protocol":"UDP","port":"serve-80-tcp"}]}]}`),
			port: 80, allowed: into("x/a")},
		{protocol: "udp", port: 80, allowed: into("x/a")},
	},
	"egress by a port's name": {
		{change: apply("x/p", `{"podSelector":`+selectA+`,"policyTypes":["Egress"],"egress":[{"ports":[{"port":"serve-80-tcp"}]}]}`),
			port: 80, allowed: everything},
		{port: 81, allowed: outOf("x/a")},
	},
	"a named port is that of the pod that is reached": {
		{change: func(t *testing.T, w *World, _ *testNetwork) {
			w.policy(t, "x/p", `{"podSelector":`+selectA+`,"policyTypes":["Egress"],"egress":[{"ports":[{"port":"own"}]}]}`)
			for index, pod := range w.Pods {
				number := uint16(81)
				if pod.Metadata.Namespace == "y" {
					number = 80
				}
				w.Pods[index].Spec.Containers = []Container{{Ports: []ContainerPort{{"own", "TCP", number}}}}
			}
		}, port: 80, allowed: outOf("x/a", "y/")},
		{port: 81, allowed: outOf("x/a", "x/", "z/")},
	},
	"update of a policy": {
		{change: apply("x/p", `{"podSelector":{},"ingress":[{}]}`), allowed: everything},
		{change: apply("x/p", `{"podSelector":{},"ingress":[]}`), allowed: into("x/")},
	},
	"label of a namespace changes": {
		{change: apply("x/p", `{"podSelector":`+selectA+`,"ingress":[{"from":[{"namespaceSelector":{"matchLabels":{"ns2":"updated"}}}]}]}`),
			allowed: into("x/a")},
		{change: func(_ *testing.T, w *World, _ *testNetwork) { w.labelNamespace("y", "ns2", "updated") }, allowed: into("x/a", "y/")},
	},
	"label of a peer changes": {
		{change: apply("x/p", `{"podSelector":`+selectA+`,"ingress":[{"from":[{"namespaceSelector":{},
			"podSelector":{"matchLabels":{"pod2":"updated"}}}]}]}`), allowed: into("x/a")},
		{change: func(_ *testing.T, w *World, _ *testNetwork) { w.labelPod("y/b", "pod2", "updated") }, allowed: into("x/a", "y/b")},
	},
	"label of a target changes": {
		{change: apply("x/p", `{"podSelector":{"matchLabels":{"target":"true"}},"ingress":[]}`), allowed: everything},
		{change: func(_ *testing.T, w *World, _ *testNetwork) { w.labelPod("x/a", "target", "true") }, allowed: into("x/a")},
		{change: func(_ *testing.T, w *World, _ *testNetwork) { w.labelPod("x/a", "target", "no") }, allowed: everything},
	},
	"ingress from other namespaces denied": {
		{change: apply("x/p", `{"podSelector":{},"ingress":[{"from":[{"podSelector":{}}]}]}`), allowed: into("x/", "x/")},
	},
	"egress denied by podSelector": {
		{change: apply("x/p", `{"podSelector":`+selectA+`,"policyTypes":["Egress"]}`), allowed: outOf("x/a")},
	},
	"egress of a whole namespace denied": {
		{change: apply("x/p", `{"podSelector":{},"policyTypes":["Egress"]}`), allowed: outOf("x/")},
	},
	"ingress and egress in one policy": {
		{change: apply("x/p", `{"podSelector":`+selectA+`,"policyTypes":["Ingress","Egress"],
			"ingress":[{"ports":[{"port":80}]}],"egress":[{"ports":[{"port":81}]}]}`), port: 80, allowed: outOf("x/a")},
		{port: 81, allowed: into("x/a")},
	},
	"egress denied though the server allows it": {
		{change: func(t *testing.T, w *World, _ *testNetwork) {
			w.policy(t, "y/server", `{"podSelector":`+selectA+`,"ingress":[{"from":[{"namespaceSelector":{}}]}]}`)
			w.policy(t, "x/client", `{"podSelector":`+selectA+`,"policyTypes":["Egress"],"egress":[{"to":[{"podSelector":{}}]}]}`)
		}, allowed: outOf("x/a", "x/")},
	},
	"egress and ingress are both needed": {
		{change: func(t *testing.T, w *World, _ *testNetwork) {
			w.policy(t, "y/server", `{"podSelector":`+selectA+`,"policyTypes":["Ingress"]}`)
			w.policy(t, "x/client", `{"podSelector":`+selectA+`,"policyTypes":["Egress"]}`)
		}, allowed: both(into("y/a"), outOf("x/a"))},
		{change: apply("x/client", `{"podSelector":`+selectA+`,"policyTypes":["Egress"],"egress":[{"to":[{"namespaceSelector":`+namespaceY+`}]}]}`),
			allowed: both(into("y/a"), outOf("x/a", "y/"))},
		{change: apply("y/server", `{"podSelector":`+selectA+`,"ingress":[{"from":[{"namespaceSelector":{"matchLabels":{"ns":"x"}}}]}]}`),
			allowed: both(into("y/a", "x/"), outOf("x/a", "y/"))},
	},
	"egress to a pod of another namespace": {
		{change: apply("x/p", `{"podSelector":`+selectA+`,"policyTypes":["Egress"],"egress":[{"to":[
			{"namespaceSelector":`+namespaceY+`,"podSelector":`+selectA+`}]}]}`), allowed: outOf("x/a", "y/a")},
	},
	"any port of one protocol": {
		{change: apply("x/p", `{"podSelector":`+selectA+`,"ingress":[{"ports":[{"protocol":"UDP"}]}]}`), protocol: "udp", allowed: everything},
		{protocol: "udp", port: 81, allowed: everything},
		{allowed: into("x/a")},
	},
	"an ingress allow-all takes precedence": {
		{change: apply("x/deny", `{"podSelector":{},"policyTypes":["Ingress"]}`), allowed: into("x/")},
		{change: apply("x/allow", `{"podSelector":{},"policyTypes":["Ingress"],"ingress":[{}]}`), allowed: everything},
	},
	"an egress allow-all takes precedence": {
		{change: apply("x/deny", `{"podSelector":{},"policyTypes":["Egress"]}`), allowed: outOf("x/")},
		{change: apply("x/allow", `{"podSelector":{},"policyTypes":["Egress"],"egress":[{}]}`), allowed: everything},
	},
	"policies are deleted": {
		{change: apply("x/p", `{"podSelector":{},"policyTypes":["Ingress","Egress"]}`), allowed: both(into("x/"), outOf("x/"))},
		{change: func(_ *testing.T, w *World, _ *testNetwork) { w.remove("x/p") }, allowed: everything},
	},
	"egress to a block of addresses": {
		{change: func(t *testing.T, w *World, n *testNetwork) {
			w.policy(t, "x/p", `{"podSelector":`+selectA+`,"policyTypes":["Egress"],"egress":[{"to":[{"ipBlock":{"cidr":"`+n.addresses["y/b"]+`/32"}}]}]}`)
		}, allowed: outOf("x/a", "y/b")},
	},
	"egress to a block with an exception": {
		{change: func(t *testing.T, w *World, n *testNetwork) {
			w.policy(t, "x/p", `{"podSelector":`+selectA+`,"policyTypes":["Egress"],"egress":[{"to":[
				{"ipBlock":{"cidr":"10.9.0.0/24","except":["`+n.addresses["y/b"]+`/32"]}}]}]}`)
		}, allowed: outOf("x/a", "x/", "y/a", "y/c", "z/")},
	},
	"an address in a block and in another's exception is open": {
		{change: func(t *testing.T, w *World, n *testNetwork) {
			w.policy(t, "x/p", `{"podSelector":`+selectA+`,"policyTypes":["Egress"],"egress":[{"to":[
				{"ipBlock":{"cidr":"10.9.0.0/24","except":["`+n.addresses["y/b"]+`/32"]}}]}]}`)
			w.policy(t, "x/q", `{"podSelector":`+selectA+`,"policyTypes":["Egress"],"egress":[{"to":[
				{"ipBlock":{"cidr":"`+n.addresses["y/b"]+`/32"}}]}]}`)
		}, allowed: everything},
	},
	"ingress from a block with an exception": {
		{change: func(t *testing.T, w *World, n *testNetwork) {
			w.policy(t, "x/p", `{"podSelector":`+selectA+`,"ingress":[{"from":[{"ipBlock":{"cidr":"0.0.0.0/0","except":["`+n.addresses["y/b"]+`/32"]}}]}]}`)
		}, allowed: into("x/a", "x/", "y/a", "y/c", "z/")},
	},
	"a block of IPv6 opens nothing of IPv4": {
		{change: apply("x/p", `{"podSelector":`+selectA+`,"ingress":[{"from":[{"ipBlock":{"cidr":"::/0"}}]}]}`), allowed: into("x/a")},
	},
	"ingress and egress are controlled independently": {
		{change: func(t *testing.T, w *World, _ *testNetwork) {
			w.policy(t, "x/in", `{"podSelector":`+selectA+`,"policyTypes":["Ingress"],"ingress":[{"from":[{"podSelector":{"matchLabels":{"pod":"b"}}}]}]}`)
			w.policy(t, "x/out", `{"podSelector":`+selectA+`,"policyTypes":["Egress"],"egress":[{"to":[{"podSelector":{"matchLabels":{"pod":"c"}}}]}]}`)
		}, allowed: both(into("x/a", "x/b"), outOf("x/a", "x/c"))},
	},
	"SCTP is not taken for TCP": {
		{change: apply("x/p", `{"podSelector":`+selectA+`,"ingress":[{"ports":[{"protocol":"SCTP","port":80}]}]}`), allowed: into("x/a")},
		{protocol: "sctp", allowed: everything},
		{protocol: "sctp", port: 81, allowed: into("x/a")},
	},
	"UDP alone does not open TCP": {
		{change: apply("x/p", `{"podSelector":`+selectA+`,"ingress":[{"ports":[{"protocol":"UDP","port":80}]}]}`), allowed: into("x/a")},
		{protocol: "udp", allowed: everything},
	},
	"ports and peers of several rules": {
		{change: apply("x/p", `{"podSelector":`+selectA+`,"ingress":[
			{"from":[{"namespaceSelector":`+namespaceY+`}],"ports":[{"port":80}]},
			{"from":[{"podSelector":{}}],"ports":[{"port":81},{"protocol":"UDP","port":80}]}]}`), port: 80, allowed: into("x/a", "y/")},
		{port: 81, allowed: into("x/a", "x/")},
		{protocol: "udp", port: 80, allowed: into("x/a", "x/")},
	},
	"a namespace of the platform's tenants is closed before its first policy": {
		{change: func(_ *testing.T, w *World, _ *testNetwork) { w.labelNamespace("x", ManagedLabel, "true") },
			allowed: both(into("x/"), outOf("x/"))},
	},
}

func TestConformance(t *testing.T) {
	network := newNetwork(t, podNames())
	for _, key := range podNames() {
		for _, port := range tcpPorts {
			network.pods[key].serve(t, "tcp", net.JoinHostPort("0.0.0.0", fmt.Sprint(port)))
		}
		for _, port := range udpPorts {
			network.pods[key].serve(t, "udp", net.JoinHostPort("0.0.0.0", fmt.Sprint(port)))
		}
	}
	for _, name := range slices.Sorted(maps.Keys(conformance)) {
		t.Run(name, func(t *testing.T) {
			world := newWorld(network.addresses)
			for number, step := range conformance[name] {
				step := step.withDefaults()
				if step.change != nil {
					step.change(t, world, network)
				}
				network.load(t, Compile(*world, testSettings()))
				network.compare(t, number+1, step)
			}
		})
	}
}

// compare tries every pair.
func (n *testNetwork) compare(t *testing.T, number int, s step) {
	t.Helper()
	began := time.Now()
	for _, from := range podNames() {
		for _, to := range podNames() {
			if s.protocol == "sctp" && from == to {
				// What asks would take its own question for the answer.
				continue
			}
			want := refused
			if s.allowed(from, to) {
				want = open
			}
			address := net.JoinHostPort(n.addresses[to], fmt.Sprint(s.port))
			got := n.pods[from].try(s.protocol, address)
			// The kernel sends so many ICMP errors a second and no more (icmp_msgs_per_sec), so one may be missing.
			for again := 0; got == dropped && again < 2; again++ {
				got = n.pods[from].try(s.protocol, address)
			}
			if got != want {
				t.Errorf("step %d: %s to %s at %s %d is %s, want %s", number, from, to, s.protocol, s.port, got, want)
			}
		}
	}
	t.Logf("step %d: 81 pairs at %s %d in %s", number, s.protocol, s.port, time.Since(began).Round(time.Millisecond))
}
