package netpolicy

import (
	"encoding/json"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"
)

// namespaces and pods of the tests' cluster: x/a to z/c, with the ports 80, 81 and 82 of TCP and 80 and 81 of UDP, each named.
var (
	testNamespaces = []string{"x", "y", "z"}
	testPods       = []string{"a", "b", "c"}
	tcpPorts       = []int{80, 81, 82}
	udpPorts       = []int{80, 81}
)

func podNames() []string {
	var all []string
	for _, namespace := range testNamespaces {
		for _, pod := range testPods {
			all = append(all, namespace+"/"+pod)
		}
	}
	return all
}

// newWorld is the cluster without a policy.
func newWorld(addresses map[string]string) *World {
	world := &World{Claims: map[string]netip.Addr{}}
	for _, namespace := range testNamespaces {
		world.Namespaces = append(world.Namespaces, Namespace{Metadata: Metadata{
			Name: namespace, Labels: map[string]string{"ns": namespace, "kubernetes.io/metadata.name": namespace},
		}})
	}
	for _, key := range podNames() {
		namespace, name, _ := strings.Cut(key, "/")
		var container Container
		for _, port := range tcpPorts {
			container.Ports = append(container.Ports, ContainerPort{fmt.Sprintf("serve-%d-tcp", port), "TCP", uint16(port)})
		}
		for _, port := range udpPorts {
			container.Ports = append(container.Ports, ContainerPort{fmt.Sprintf("serve-%d-udp", port), "UDP", uint16(port)})
		}
		pod := Pod{Metadata: Metadata{Namespace: namespace, Name: name, UID: key, Labels: map[string]string{"pod": name}}}
		pod.Spec.Containers = []Container{container}
		pod.Status.Phase = "Running"
		world.Pods = append(world.Pods, pod)
		world.Claims[key] = netip.MustParseAddr(addresses[key])
	}
	return world
}

// policy adds a policy with a spec as the API takes it.
func (w *World) policy(t testing.TB, key, spec string) {
	t.Helper()
	namespace, name, _ := strings.Cut(key, "/")
	policy := Policy{Metadata: Metadata{Namespace: namespace, Name: name}}
	if err := json.Unmarshal([]byte(spec), &policy.Spec); err != nil {
		t.Fatalf("%s: %v\n%s", key, err, spec)
	}
	w.remove(key)
	w.Policies = append(w.Policies, policy)
}

func (w *World) remove(key string) {
	w.Policies = slices.DeleteFunc(w.Policies, func(p Policy) bool { return p.Metadata.Key() == key })
}

func (w *World) labelPod(key, label, value string) {
	for index, pod := range w.Pods {
		if pod.Metadata.Key() == key {
			w.Pods[index].Metadata.Labels = withLabel(pod.Metadata.Labels, label, value)
		}
	}
}

func (w *World) labelNamespace(name, label, value string) {
	for index, namespace := range w.Namespaces {
		if namespace.Metadata.Name == name {
			w.Namespaces[index].Metadata.Labels = withLabel(namespace.Metadata.Labels, label, value)
		}
	}
}

func withLabel(labels map[string]string, label, value string) map[string]string {
	changed := map[string]string{label: value}
	for key, present := range labels {
		if key != label {
			changed[key] = present
		}
	}
	return changed
}
