package walls

import (
	"context"
	"fmt"
	"testing"

	"github.com/vishvananda/netlink"
)

// BenchmarkClaim is the time from the network plugin's word that a pod has an address to the agent's that the pod's
// rules are in the kernel, on a full node: 200 pods of 40 tenants. Run it with `unshare --net go test -bench Claim`.
func BenchmarkClaim(b *testing.B) {
	links, err := netlink.LinkList()
	if err != nil || len(links) != 1 {
		b.Skipf("needs a network namespace of its own: unshare --net (%v)", err)
	}
	if err := netlink.LinkSetUp(links[0]); err != nil {
		b.Fatal(err)
	}
	a := newAPI(b)
	for tenant := range 40 {
		namespace := fmt.Sprint("tenant-", tenant)
		a.put(namespacesPath, namespace, "")
		a.put(policiesPath, namespace+"/deny", `"spec":{"podSelector":{},"policyTypes":["Ingress","Egress"]}`)
		a.put(policiesPath, namespace+"/in", `"spec":{"podSelector":{},"ingress":[{"from":[{"podSelector":{}}]}]}`)
		a.put(policiesPath, namespace+"/out", `"spec":{"podSelector":{},"policyTypes":["Egress"],"egress":[{"to":[{"podSelector":{}},
			{"ipBlock":{"cidr":"0.0.0.0/0","except":["10.0.0.0/8","169.254.0.0/16","172.16.0.0/12","192.168.0.0/16"]}}]}]}`)
		for pod := range 5 {
			a.put(podsPath, fmt.Sprint(namespace, "/", pod),
				fmt.Sprintf(`"status":{"podIPs":[{"ip":"10.9.0.%d"}]}`, 2+5*tenant+pod))
		}
	}
	agent := start(b, a, b.TempDir())
	agent.waitUntilSynced()
	for number := 0; b.Loop(); number++ {
		claim := claimFor("tenant-0/0", fmt.Sprint("10.9.1.", number%250+1), fmt.Sprint("c", number))
		if err := askClaim(context.Background(), SocketPath(agent.folder), claim); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(agent.status().CompileMs, "compile-ms")
	b.ReportMetric(agent.status().LoadMs, "load-ms")
}
