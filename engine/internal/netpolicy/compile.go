package netpolicy

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/netip"
	"slices"
	"strings"
)

// ManagedLabel is on the namespaces of tenants. Their pods are closed even where no policy selects them, and may not
// reach this machine but for names and the edge.
const ManagedLabel = "brainpod.io/managed"

// Settings are what of the engine's configuration the table depends on.
type Settings struct {
	// Table is the name of the nftables table.
	Table string
	// InterfaceGroup is the group that every pod's interface on this machine is in.
	InterfaceGroup uint32
	// DNSAddress is where tenants' pods may ask for names on this machine, EdgePorts where they reach the edge.
	DNSAddress string
	EdgePorts  []uint16
	// MaxConnections is how many tracked connections one pod may have opened at a time.
	MaxConnections int
}

func (s Settings) edgePorts() []span {
	var all []span
	for _, port := range s.EdgePorts {
		all = append(all, span{uint32(port), uint32(port)})
	}
	return merge(all)
}

// World is all that the table is made of.
type World struct {
	Namespaces []Namespace
	Pods       []Pod
	Policies   []Policy
	// Claims are the addresses that pods are known to have been given, by the pods' UIDs. They count more than what
	// the cluster reports, which comes later.
	Claims map[string]netip.Addr
}

// endpoint is a pod that has an address.
type endpoint struct {
	Pod
	address   netip.Addr
	namespace map[string]string
}

// Compile gives the script for `nft -f` that makes the table what the world asks for.
func Compile(world World, settings Settings) string {
	c := &compilation{program: newProgram(), endpoints: endpointsOf(world), policies: policiesOf(world)}
	c.declare()
	for _, pod := range c.endpoints {
		c.add("pods", pod.address.String())
		c.add("self", pod.address.String()+" . "+pod.address.String())
		managed := pod.namespace[ManagedLabel] == "true"
		if managed {
			c.add("walled", pod.address.String())
		}
		c.isolate(pod, ingress, managed)
		c.isolate(pod, egress, managed)
	}
	return c.program.text(settings)
}

type compilation struct {
	*program
	endpoints []endpoint
	policies  map[string][]Policy
}

func (c *compilation) declare() {
	c.sets["pods"] = set{kind: "set", elementType: addressType}
	c.sets["walled"] = set{kind: "set", elementType: addressType}
	c.sets["self"] = set{kind: "set", elementType: pairType}
	c.sets["ingress"] = set{kind: "map", elementType: verdictType}
	c.sets["egress"] = set{kind: "map", elementType: verdictType}
}

func (c *compilation) add(name string, elements ...string) {
	present := c.sets[name]
	present.elements = append(present.elements, elements...)
	c.sets[name] = present
}

// endpointsOf are the pods with addresses, in order. Where two say they have the same one, it is the one's that was
// given it, else the younger one's.
func endpointsOf(world World) []endpoint {
	labels := map[string]map[string]string{}
	for _, namespace := range world.Namespaces {
		labels[namespace.Metadata.Name] = namespace.Metadata.Labels
	}
	claimed := map[netip.Addr]string{}
	for uid, address := range world.Claims {
		claimed[address] = uid
	}
	owners := map[netip.Addr]endpoint{}
	for _, pod := range world.Pods {
		address := pod.Address()
		if claim, there := world.Claims[pod.Metadata.UID]; there && !pod.IsWithoutAddress() {
			address = claim
		}
		if !address.IsValid() || claimed[address] != "" && claimed[address] != pod.Metadata.UID {
			continue
		}
		namespace, there := labels[pod.Metadata.Namespace]
		if other, taken := owners[address]; !there || taken && isYounger(other.Pod, pod) {
			// Of a namespace that is not known nobody could say what it is closed to.
			continue
		}
		owners[address] = endpoint{Pod: pod, address: address, namespace: namespace}
	}
	var all []endpoint
	for _, each := range owners {
		all = append(all, each)
	}
	slices.SortFunc(all, func(a, b endpoint) int { return a.address.Compare(b.address) })
	return all
}

func isYounger(a, b Pod) bool {
	order := a.Metadata.CreationTimestamp.Compare(b.Metadata.CreationTimestamp)
	return cmp.Or(order, strings.Compare(a.Metadata.UID, b.Metadata.UID)) > 0
}

// policiesOf are the policies by namespace, in the order of their names.
func policiesOf(world World) map[string][]Policy {
	sorted := slices.SortedFunc(slices.Values(world.Policies), func(a, b Policy) int {
		return strings.Compare(a.Metadata.Key(), b.Metadata.Key())
	})
	byNamespace := map[string][]Policy{}
	for _, policy := range sorted {
		byNamespace[policy.Metadata.Namespace] = append(byNamespace[policy.Metadata.Namespace], policy)
	}
	return byNamespace
}

// isolate leads a pod's packets of one direction to the policies that select it. A pod that none selects is open,
// unless it is always closed.
func (c *compilation) isolate(pod endpoint, d direction, always bool) {
	var names []string
	for _, policy := range c.policies[pod.Metadata.Namespace] {
		if policy.governs(d) && policy.Spec.PodSelector.matches(pod.Metadata.Labels) {
			names = append(names, c.policyChain(policy, d))
		}
	}
	if len(names) == 0 && !always {
		return
	}
	c.add(strings.ToLower(string(d)), pod.address.String()+" : goto "+c.selectionChain(names, d))
}

// selectionChain is the one for all pods that the same policies select.
func (c *compilation) selectionChain(policies []string, d direction) string {
	if len(policies) == 0 {
		return "refuse"
	}
	name := strings.ToLower(string(d)) + "-" + digest(policies)
	if _, there := c.chains[name]; !there {
		var rules []string
		for _, policy := range policies {
			rules = append(rules, "jump "+policy)
		}
		c.chains[name] = append(rules, "goto refuse")
	}
	return name
}

// policyChain accepts what one policy allows in one direction, and returns for the rest.
func (c *compilation) policyChain(policy Policy, d direction) string {
	name := "in/" + policy.Metadata.Key()
	if d == egress {
		name = "out/" + policy.Metadata.Key()
	}
	// nft cuts off longer names.
	if len(name) > 120 {
		name = name[:80] + "-" + digest(name)
	}
	if _, there := c.chains[name]; there {
		return name
	}
	c.chains[name] = []string{}
	var rules []string
	for _, rule := range policy.rules(d) {
		for _, peers := range c.peerMatches(policy.Metadata.Namespace, rule.Peers, d) {
			for _, ports := range c.portMatches(rule.Ports) {
				rules = append(rules, strings.Join(append(slices.Concat(peers, ports), "accept"), " "))
			}
		}
	}
	c.chains[name] = rules
	return name
}

// peerMatches are alternatives, each a list of expressions: for the pods that are named by labels, and for the blocks
// of addresses. No peers at all is everybody.
func (c *compilation) peerMatches(namespace string, peers []Peer, d direction) [][]string {
	if len(peers) == 0 {
		return [][]string{nil}
	}
	var selectors []Peer
	var blocks []IPBlock
	for _, peer := range peers {
		if peer.IPBlock != nil {
			blocks = append(blocks, *peer.IPBlock)
		} else {
			selectors = append(selectors, peer)
		}
	}
	field := "ip saddr"
	if d == egress {
		field = "ip daddr"
	}
	var all [][]string
	if len(selectors) > 0 {
		all = append(all, []string{field, "@" + c.podSet(namespace, selectors)})
	}
	if spans := spansOf(blocks); len(spans) > 0 {
		all = append(all, []string{field, "@" + c.blockSet(spans)})
	}
	return all
}

// podSet has the addresses of all pods that one of the peers means. It is named after what it means, not after what is in it.
func (c *compilation) podSet(namespace string, peers []Peer) string {
	scope := ""
	if slices.ContainsFunc(peers, func(p Peer) bool { return p.NamespaceSelector == nil }) {
		scope = namespace
	}
	name := "pods-" + digest(struct {
		Scope string
		Peers []Peer
	}{scope, peers})
	if _, there := c.sets[name]; there {
		return name
	}
	c.sets[name] = set{kind: "set", elementType: addressType}
	for _, pod := range c.endpoints {
		if slices.ContainsFunc(peers, func(peer Peer) bool { return peer.means(pod, namespace) }) {
			c.add(name, pod.address.String())
		}
	}
	return name
}

func (p Peer) means(pod endpoint, namespace string) bool {
	if p.NamespaceSelector == nil && p.PodSelector == nil {
		return false
	}
	if p.NamespaceSelector == nil && pod.Metadata.Namespace != namespace {
		return false
	}
	if p.NamespaceSelector != nil && !p.NamespaceSelector.matches(pod.namespace) {
		return false
	}
	return p.PodSelector == nil || p.PodSelector.matches(pod.Metadata.Labels)
}

func (c *compilation) blockSet(spans []span) string {
	elements := texts(spans, addressText)
	name := "addresses-" + digest(elements)
	c.sets[name] = set{kind: "set", elementType: addressType, interval: true, elements: elements}
	return name
}

// portMatches are alternatives like peerMatches'. No ports at all is every protocol.
func (c *compilation) portMatches(ports []Port) [][]string {
	if len(ports) == 0 {
		return [][]string{nil}
	}
	var all [][]string
	numbers := map[string][]span{}
	for _, port := range ports {
		protocol := protocolOf(port.Protocol)
		switch {
		case protocol == "":
		case port.Port == nil:
			all = append(all, []string{"meta l4proto", protocol})
		case port.Port.Name != "":
			all = append(all, []string{"ip daddr . meta l4proto . th dport @" + c.namedPortSet(protocol, port.Port.Name)})
		default:
			number := uint32(port.Port.Number)
			numbers[protocol] = append(numbers[protocol], span{number, max(number, uint32(port.EndPort))})
		}
	}
	for _, protocol := range []string{"tcp", "udp", "sctp"} {
		if spans := merge(numbers[protocol]); len(spans) > 0 {
			all = append(all, []string{protocol, "dport", braces(texts(spans, portText))})
		}
	}
	return all
}

// protocolOf is empty for one that there is not.
func protocolOf(name string) string {
	switch name {
	case "", "TCP":
		return "tcp"
	case "UDP":
		return "udp"
	case "SCTP":
		return "sctp"
	}
	return ""
}

// namedPortSet is where every pod has the port of this name: it is the port of the pod that a packet goes to.
func (c *compilation) namedPortSet(protocol, portName string) string {
	name := "port-" + protocol + "-" + digest(portName)
	if _, there := c.sets[name]; there {
		return name
	}
	c.sets[name] = set{kind: "set", elementType: portType}
	for _, pod := range c.endpoints {
		for _, port := range pod.ports() {
			if port.Name == portName && protocolOf(port.Protocol) == protocol {
				c.add(name, fmt.Sprintf("%s . %s . %d", pod.address, protocol, port.ContainerPort))
			}
		}
	}
	return name
}

// digest is a short name for a value that JSON can hold; maps are written in the order of their keys.
func digest(value any) string {
	raw, err := json.Marshal(value)
	if err != nil {
		// Only texts and the objects' own fields come here.
		panic(err)
	}
	sum := sha256.Sum256(raw)
	return hex.EncodeToString(sum[:6])
}
