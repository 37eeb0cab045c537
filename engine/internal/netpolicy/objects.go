// Package netpolicy turns NetworkPolicy objects of networking.k8s.io/v1, and the pods and namespaces that they speak
// of, into one nftables table. It is pure: the same objects in any order give the same bytes.
package netpolicy

import (
	"encoding/json"
	"net/netip"
	"slices"
	"time"
)

// Metadata is what of an object's metadata matters here.
type Metadata struct {
	Name              string            `json:"name"`
	Namespace         string            `json:"namespace"`
	UID               string            `json:"uid"`
	Labels            map[string]string `json:"labels"`
	CreationTimestamp time.Time         `json:"creationTimestamp"`
}

// Key is the object's place in the cluster.
func (m Metadata) Key() string { return m.Namespace + "/" + m.Name }

// Namespace is its labels.
type Namespace struct {
	Metadata Metadata `json:"metadata"`
}

// Pod is a pod of the cluster: where it is and what ports it has names for.
type Pod struct {
	Metadata Metadata `json:"metadata"`
	Spec     struct {
		HostNetwork    bool        `json:"hostNetwork"`
		Containers     []Container `json:"containers"`
		InitContainers []Container `json:"initContainers"`
	} `json:"spec"`
	Status struct {
		Phase  string `json:"phase"`
		PodIPs []struct {
			IP string `json:"ip"`
		} `json:"podIPs"`
	} `json:"status"`
}

// Container is the part of a container that names ports.
type Container struct {
	Ports []ContainerPort `json:"ports"`
	// RestartPolicy is "Always" for an init container that goes on beside the others.
	RestartPolicy string `json:"restartPolicy"`
}

// ContainerPort is a port that may be meant by its name.
type ContainerPort struct {
	Name          string `json:"name"`
	Protocol      string `json:"protocol"`
	ContainerPort uint16 `json:"containerPort"`
}

// Address is the pod's IPv4 address as the kubelet reports it; invalid when there is none yet, when the pod has the
// node's own, and when its containers have ended: then the address may be another's by now.
func (p Pod) Address() netip.Addr {
	if p.IsWithoutAddress() {
		return netip.Addr{}
	}
	for _, each := range p.Status.PodIPs {
		if address, err := netip.ParseAddr(each.IP); err == nil && address.Is4() {
			return address
		}
	}
	return netip.Addr{}
}

// IsWithoutAddress tells a pod that has none of its own, whatever is reported.
func (p Pod) IsWithoutAddress() bool {
	return p.Spec.HostNetwork || p.Status.Phase == "Succeeded" || p.Status.Phase == "Failed"
}

// ports are those of all containers that serve.
func (p Pod) ports() []ContainerPort {
	var found []ContainerPort
	for _, container := range p.Spec.Containers {
		found = append(found, container.Ports...)
	}
	for _, container := range p.Spec.InitContainers {
		if container.RestartPolicy == "Always" {
			found = append(found, container.Ports...)
		}
	}
	return found
}

// Policy is a NetworkPolicy.
type Policy struct {
	Metadata Metadata   `json:"metadata"`
	Spec     PolicySpec `json:"spec"`
}

// PolicySpec has the API's own fields.
type PolicySpec struct {
	PodSelector Selector `json:"podSelector"`
	PolicyTypes []string `json:"policyTypes"`
	Ingress     []Rule   `json:"ingress"`
	Egress      []Rule   `json:"egress"`
}

// Rule is one of either direction: Peers is `from` or `to`.
type Rule struct {
	Peers []Peer
	Ports []Port
}

// UnmarshalJSON reads `from` and `to` alike: which of them it is follows from where the rule stands.
func (r *Rule) UnmarshalJSON(raw []byte) error {
	var fields struct {
		From  []Peer `json:"from"`
		To    []Peer `json:"to"`
		Ports []Port `json:"ports"`
	}
	if err := json.Unmarshal(raw, &fields); err != nil {
		return err
	}
	r.Peers, r.Ports = append(fields.From, fields.To...), fields.Ports
	return nil
}

// Peer is either a block of addresses or pods by their labels and their namespaces'.
type Peer struct {
	PodSelector       *Selector `json:"podSelector,omitempty"`
	NamespaceSelector *Selector `json:"namespaceSelector,omitempty"`
	IPBlock           *IPBlock  `json:"ipBlock,omitempty"`
}

// IPBlock is a range of addresses with holes.
type IPBlock struct {
	CIDR   string   `json:"cidr"`
	Except []string `json:"except,omitempty"`
}

// Port is a protocol with a port, a range of ports, a port's name, or all ports.
type Port struct {
	Protocol string     `json:"protocol"`
	Port     *PortValue `json:"port"`
	EndPort  uint16     `json:"endPort"`
}

// PortValue is a number or a name.
type PortValue struct {
	Number uint16
	Name   string
}

// UnmarshalJSON reads either.
func (v *PortValue) UnmarshalJSON(raw []byte) error {
	if len(raw) > 0 && raw[0] == '"' {
		return json.Unmarshal(raw, &v.Name)
	}
	return json.Unmarshal(raw, &v.Number)
}

// direction is one of the two ways of a packet as seen from the pod that a policy selects.
type direction string

const (
	ingress direction = "Ingress"
	egress  direction = "Egress"
)

// governs tells whether a policy says anything about a direction. Without policyTypes it is about ingress, and about
// egress when it has rules for it.
func (p Policy) governs(d direction) bool {
	if len(p.Spec.PolicyTypes) > 0 {
		return slices.Contains(p.Spec.PolicyTypes, string(d))
	}
	return d == ingress || len(p.Spec.Egress) > 0
}

func (p Policy) rules(d direction) []Rule {
	if d == ingress {
		return p.Spec.Ingress
	}
	return p.Spec.Egress
}
