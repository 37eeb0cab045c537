package netpolicy

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// program is the part of the table that depends on the cluster: sets, maps and chains by their names.
type program struct {
	sets   map[string]set
	chains map[string][]string
}

// set is a named set or map of nftables.
type set struct {
	// kind is "set" or "map", elementType what is in it.
	kind, elementType string
	// interval makes ranges of addresses possible.
	interval bool
	elements []string
}

const (
	addressType = "ipv4_addr"
	pairType    = "ipv4_addr . ipv4_addr"
	portType    = "ipv4_addr . inet_proto . inet_service"
	verdictType = "ipv4_addr : verdict"
)

func newProgram() *program {
	return &program{sets: map[string]set{}, chains: map[string][]string{}}
}

// text is a script for `nft -f`: one transaction that puts the table in the place of what is there.
func (p *program) text(settings Settings) string {
	var out strings.Builder
	fmt.Fprintf(&out, "table inet %[1]s {}\ndelete table inet %[1]s\ntable inet %[1]s {\n", settings.Table)
	for _, name := range slices.Sorted(maps.Keys(p.sets)) {
		p.sets[name].write(&out, name)
	}
	for _, name := range slices.Sorted(maps.Keys(p.chains)) {
		writeChain(&out, name, p.chains[name])
	}
	for _, chain := range fixedChains(settings) {
		writeChain(&out, chain.name, chain.rules)
	}
	out.WriteString("}\n")
	writeLimits(&out, settings)
	return out.String()
}

func (s set) write(out *strings.Builder, name string) {
	fmt.Fprintf(out, "\t%s %s {\n\t\ttype %s;\n", s.kind, name, s.elementType)
	if s.interval {
		out.WriteString("\t\tflags interval;\n")
	}
	if elements := slices.Compact(slices.Sorted(slices.Values(s.elements))); len(elements) > 0 {
		fmt.Fprintf(out, "\t\telements = {\n\t\t\t%s\n\t\t};\n", strings.Join(elements, ",\n\t\t\t"))
	}
	out.WriteString("\t}\n")
}

func writeChain(out *strings.Builder, name string, rules []string) {
	fmt.Fprintf(out, "\tchain %s {\n", name)
	for _, rule := range rules {
		fmt.Fprintf(out, "\t\t%s\n", rule)
	}
	out.WriteString("\t}\n")
}

type chain struct {
	name  string
	rules []string
}

var refuse = chain{"refuse", []string{
	"meta l4proto tcp reject with tcp reset",
	"reject with icmpx admin-prohibited",
}}

// fixedChains are how packets get to the policies. They see addresses after the translation of services, and each
// packet of the direction that a connection was opened in, so that a policy ends what it no longer allows.
//
// What leaves a pod and what enters one are judged at hooks of their own: an accept ends only the one.
func fixedChains(settings Settings) []chain {
	passing := []string{
		"ct state established ct direction reply accept",
		"ct state related accept",
	}
	return []chain{
		refuse,
		// What the platform refuses pods of its tenants whatever the policies say.
		{"wall-node", []string{
			fmt.Sprintf("ip daddr %s meta l4proto { tcp, udp } th dport 53 return", settings.DNSAddress),
			fmt.Sprintf("tcp dport %s return", braces(texts(settings.edgePorts(), portText))),
			"goto refuse",
		}},
		{"leave", []string{
			"ct state != established fib saddr . iif oif missing drop",
			"ip saddr . ip daddr @self accept",
			"ip saddr vmap @egress",
			"ip saddr @pods accept",
			// An address that is not known is a pod's that is just being made: its packets are not answered, but sent again.
			// Nor is IPv6: no pod has an address of it but the one that the kernel gives every interface.
			"drop",
		}},
		{"enter", append(slices.Clone(passing),
			"ip saddr . ip daddr @self accept",
			"ip daddr vmap @ingress",
			"ip daddr @pods accept",
			"drop",
		)},
		{"to-node", append(slices.Clone(passing), "ip saddr @walled jump wall-node", "goto leave")},
		{"to-others", append(slices.Clone(passing), "ip saddr @walled ip daddr 169.254.0.0/16 goto refuse", "goto leave")},
		{"input", []string{
			"type filter hook input priority filter - 5; policy accept;",
			fmt.Sprintf("iifgroup %d goto to-node", settings.InterfaceGroup),
		}},
		{"forward-leave", []string{
			"type filter hook forward priority filter - 5; policy accept;",
			fmt.Sprintf("iifgroup %d goto to-others", settings.InterfaceGroup),
		}},
		{"forward-enter", []string{
			"type filter hook forward priority filter - 4; policy accept;",
			fmt.Sprintf("oifgroup %d goto enter", settings.InterfaceGroup),
		}},
	}
}
