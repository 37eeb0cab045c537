package netpolicy

import (
	"errors"
	"fmt"
	"net"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/vishvananda/netlink"
)

const denyAll = `{"podSelector":{},"policyTypes":["Ingress","Egress"]}`

// smallNetwork has the pods x/a, x/b and y/a, which serve at port 80, as do the node and the host beyond it.
func smallNetwork(t testing.TB) (*testNetwork, *World) {
	t.Helper()
	n := newNetwork(t, []string{"x/a", "x/b", "y/a"})
	for _, pod := range n.pods {
		pod.serve(t, "tcp", "0.0.0.0:80")
		pod.serve(t, "udp", "0.0.0.0:80")
	}
	n.beyond.serve(t, "tcp", "0.0.0.0:80")
	for _, port := range []int{53, 80, 443, 5432, 6443, 8443} {
		n.node.serve(t, "tcp", fmt.Sprintf("0.0.0.0:%d", port))
	}
	n.node.serve(t, "udp", dnsAddress+":53")
	world := newWorld(map[string]string{
		"x/a": n.addresses["x/a"], "x/b": n.addresses["x/b"], "y/a": n.addresses["y/a"],
		"x/c": "10.9.0.200", "y/b": "10.9.0.201", "y/c": "10.9.0.202", "z/a": "10.9.0.203", "z/b": "10.9.0.204", "z/c": "10.9.0.205",
	})
	return n, world
}

func (n *testNetwork) expect(t *testing.T, from *host, protocol, address string, want outcome) {
	t.Helper()
	if got := from.try(protocol, address); got != want {
		t.Errorf("to %s %s: %s, want %s", protocol, address, got, want)
	}
}

func TestTheNodeReachesItsPodsWhateverPoliciesSay(t *testing.T) {
	n, world := smallNetwork(t)
	world.policy(t, "x/p", denyAll)
	n.load(t, Compile(*world, testSettings()))
	n.expect(t, n.node, "tcp", n.addresses["x/a"]+":80", open)
	n.expect(t, n.node, "udp", n.addresses["x/a"]+":80", open)
	n.expect(t, n.pods["x/a"], "tcp", nodeAddress+":80", refused)
	n.expect(t, n.pods["y/a"], "tcp", nodeAddress+":80", open)
}

func TestAnswersPassThroughAClosedDirection(t *testing.T) {
	n, world := smallNetwork(t)
	world.policy(t, "x/in", `{"podSelector":`+selectA+`,"policyTypes":["Ingress"]}`)
	world.policy(t, "y/out", `{"podSelector":`+selectA+`,"policyTypes":["Egress"]}`)
	n.load(t, Compile(*world, testSettings()))
	for _, protocol := range []string{"tcp", "udp"} {
		n.expect(t, n.pods["x/a"], protocol, n.addresses["y/a"]+":80", open)
		n.expect(t, n.pods["y/a"], protocol, n.addresses["x/a"]+":80", refused)
	}
	// So does what says that nobody listens: it belongs to the question.
	n.expect(t, n.pods["x/a"], "udp", n.addresses["y/a"]+":9999", refused)
}

func TestAPolicyCutsWhatIsEstablished(t *testing.T) {
	n, world := smallNetwork(t)
	n.load(t, Compile(*world, testSettings()))
	var allowed, denied net.Conn
	n.pods["x/b"].must(t, func() (err error) { allowed, err = net.Dial("tcp4", n.addresses["x/a"]+":80"); return err })
	n.pods["y/a"].must(t, func() (err error) { denied, err = net.Dial("tcp4", n.addresses["x/a"]+":80"); return err })
	defer allowed.Close()
	defer denied.Close()
	if err := errors.Join(echo(allowed), echo(denied)); err != nil {
		t.Fatal(err)
	}
	world.policy(t, "x/p", `{"podSelector":{},"ingress":[{"from":[{"podSelector":{}}]}]}`)
	n.load(t, Compile(*world, testSettings()))
	if err := echo(allowed); err != nil {
		t.Errorf("a connection that is still allowed was cut: %v", err)
	}
	if echo(denied) == nil {
		t.Error("a connection that is no longer allowed goes on")
	}
}

func TestRulesAreExchangedWithoutALostConnection(t *testing.T) {
	n, world := smallNetwork(t)
	world.policy(t, "x/p", `{"podSelector":{},"ingress":[{"from":[{"podSelector":{}}]}]}`)
	script := Compile(*world, testSettings())
	n.load(t, script)
	stop, lost := make(chan struct{}), make(chan int)
	go func() {
		count := 0
		for {
			select {
			case <-stop:
				lost <- count
				return
			default:
			}
			if n.pods["x/b"].try("tcp", n.addresses["x/a"]+":80") != open || n.pods["y/a"].try("tcp", n.addresses["x/a"]+":80") != refused {
				count++
			}
		}
	}()
	for range 50 {
		n.load(t, script)
	}
	close(stop)
	if count := <-lost; count > 0 {
		t.Errorf("%d attempts had another outcome while the rules were exchanged", count)
	}
}

func TestAnAddressThatIsNotKnownIsClosed(t *testing.T) {
	n, world := smallNetwork(t)
	delete(world.Claims, "x/a")
	n.load(t, Compile(*world, testSettings()))
	// Not refused: a packet that comes a moment too early must be sent again, not be taken for hopeless.
	n.expect(t, n.pods["x/a"], "tcp", n.addresses["y/a"]+":80", dropped)
	n.expect(t, n.pods["x/a"], "tcp", nodeAddress+":80", dropped)
	n.expect(t, n.pods["y/a"], "tcp", n.addresses["x/a"]+":80", dropped)
	n.expect(t, n.node, "tcp", n.addresses["x/a"]+":80", open)
	world = newWorld(n.withOthers())
	n.load(t, Compile(*world, testSettings()))
	n.expect(t, n.pods["x/a"], "tcp", n.addresses["y/a"]+":80", open)
}

// withOthers gives the pods that are not there addresses as well.
func (n *testNetwork) withOthers() map[string]string {
	all := map[string]string{}
	for index, key := range podNames() {
		all[key] = fmt.Sprintf("10.9.0.%d", 200+index)
		if address, there := n.addresses[key]; there {
			all[key] = address
		}
	}
	return all
}

func TestABorrowedAddressIsWorthNothing(t *testing.T) {
	n, world := smallNetwork(t)
	world.policy(t, "x/p", `{"podSelector":`+selectA+`,"ingress":[{"from":[{"podSelector":{}}]}]}`)
	n.load(t, Compile(*world, testSettings()))
	// y/a takes x/b's address. Answers would not reach it, but what it sends would.
	n.pods["y/a"].must(t, func() error {
		link, err := netlink.LinkByName("eth0")
		if err != nil {
			return err
		}
		address, err := netlink.ParseAddr(n.addresses["x/b"] + "/32")
		return errors.Join(err, netlink.AddrAdd(link, address))
	})
	received := make(chan error, 1)
	var socket net.PacketConn
	n.pods["x/a"].must(t, func() (err error) { socket, err = net.ListenPacket("udp4", "0.0.0.0:99"); return err })
	defer socket.Close()
	if err := socket.SetDeadline(time.Now().Add(2 * dropTime)); err != nil {
		t.Fatal(err)
	}
	go func() { _, _, err := socket.ReadFrom(make([]byte, 1)); received <- err }()
	send := func(from string) func() error {
		return func() error {
			borrowed := &net.UDPAddr{IP: net.ParseIP(n.addresses["x/b"])}
			connection, err := net.DialUDP("udp4", borrowed, &net.UDPAddr{IP: net.ParseIP(n.addresses["x/a"]), Port: 99})
			if err != nil {
				return fmt.Errorf("%s: %w", from, err)
			}
			defer connection.Close()
			_, err = connection.Write([]byte{1})
			return err
		}
	}
	n.pods["y/a"].must(t, send("the borrower"))
	if err := <-received; err == nil {
		t.Error("a packet with a borrowed address arrived")
	}
	if err := socket.SetDeadline(time.Now().Add(2 * dropTime)); err != nil {
		t.Fatal(err)
	}
	go func() { _, _, err := socket.ReadFrom(make([]byte, 1)); received <- err }()
	n.pods["x/b"].must(t, send("the owner"))
	if err := <-received; err != nil {
		t.Errorf("the owner's packet did not arrive: %v", err)
	}
}

func TestIPv6IsClosed(t *testing.T) {
	n, world := smallNetwork(t)
	n.node.must(t, func() (err error) {
		listener, err := net.Listen("tcp6", "[::]:7777")
		if err == nil {
			t.Cleanup(func() { _ = listener.Close() })
		}
		return err
	})
	address := ""
	n.node.must(t, func() error {
		link, err := netlink.LinkByName("pod0")
		if err != nil {
			return err
		}
		for deadline := time.Now().Add(5 * time.Second); address == ""; {
			all, err := netlink.AddrList(link, netlink.FAMILY_V6)
			if err != nil || time.Now().After(deadline) {
				return errors.Join(err, errors.New("the kernel gave no link-local address"))
			}
			// 0x40: it is not used before the kernel has found out that nobody else has it.
			if len(all) > 0 && all[0].Flags&0x40 == 0 {
				address = all[0].IP.String()
			}
		}
		return nil
	})
	attempt := func() error {
		return n.pods["x/a"].do(func() error {
			connection, err := net.DialTimeout("tcp6", "["+address+"%eth0]:7777", 2*dropTime)
			if err == nil {
				err = connection.Close()
			}
			return err
		})
	}
	deadline := time.Now().Add(5 * time.Second)
	for attempt() != nil {
		if time.Now().After(deadline) {
			t.Fatal("without rules it is not open either")
		}
	}
	n.load(t, Compile(*world, testSettings()))
	if attempt() == nil {
		t.Error("a pod reached the node's link-local address")
	}
}

// TestServices translates addresses as kube-proxy does, before the hook that the policies are at.
func TestServices(t *testing.T) {
	n, world := smallNetwork(t)
	script := `table ip services {
	chain prerouting {
		type nat hook prerouting priority dstnat;
		ip daddr 10.99.0.1 tcp dport 8000 dnat to ` + n.addresses["x/a"] + `:80
		ip daddr 10.99.0.2 tcp dport 443 dnat to ` + nodeAddress + `:6443
	}
	chain postrouting {
		type nat hook postrouting priority srcnat;
		ip saddr ` + n.addresses["x/a"] + ` ip daddr ` + n.addresses["x/a"] + ` masquerade
	}
}
`
	world.policy(t, "x/p", `{"podSelector":{},"policyTypes":["Ingress","Egress"],"ingress":[{"from":[{"podSelector":{"matchLabels":{"pod":"b"}}}]}]}`)
	world.policy(t, "x/q", `{"podSelector":{"matchLabels":{"pod":"b"}},"policyTypes":["Egress"],
		"egress":[{"to":[{"podSelector":{"matchLabels":{"pod":"a"}}}],"ports":[{"port":80}]}]}`)
	n.load(t, script+Compile(*world, testSettings()))
	n.expect(t, n.pods["x/b"], "tcp", "10.99.0.1:8000", open)
	n.expect(t, n.pods["y/a"], "tcp", "10.99.0.1:8000", refused)
	n.expect(t, n.pods["x/b"], "tcp", "10.99.0.2:443", refused)
	n.expect(t, n.pods["y/a"], "tcp", "10.99.0.2:443", open)
	// To itself through a service, although neither policy says so.
	n.expect(t, n.pods["x/a"], "tcp", "10.99.0.1:8000", open)
}

// TestWalls is what a tenant's pods may not reach whatever their policies say.
func TestWalls(t *testing.T) {
	n, world := smallNetwork(t)
	world.labelNamespace("x", ManagedLabel, "true")
	world.policy(t, "x/p", `{"podSelector":{},"policyTypes":["Ingress","Egress"],"egress":[{}],"ingress":[{}]}`)
	n.load(t, Compile(*world, testSettings()))
	for address, want := range map[string]outcome{
		nodeAddress + ":80":        refused,
		nodeAddress + ":5432":      refused,
		nodeAddress + ":6443":      refused,
		gateway + ":6443":          refused,
		nodeAddress + ":53":        refused,
		dnsAddress + ":53":         open,
		nodeAddress + ":443":       open,
		nodeAddress + ":8443":      open,
		metadataAddress + ":80":    refused,
		internetAddress + ":80":    open,
		n.addresses["x/b"] + ":80": open,
		n.addresses["y/a"] + ":80": open,
	} {
		t.Run("to "+address, func(t *testing.T) { n.expect(t, n.pods["x/a"], "tcp", address, want) })
	}
	n.expect(t, n.pods["x/a"], "udp", dnsAddress+":53", open)
	n.expect(t, n.pods["y/a"], "tcp", n.addresses["x/a"]+":80", open)
	n.expect(t, n.pods["y/a"], "tcp", metadataAddress+":80", open)
	n.expect(t, n.beyond, "tcp", n.addresses["x/a"]+":80", open)
}

// TestLongNames loads names that are as long as Kubernetes takes them.
func TestLongNames(t *testing.T) {
	n, world := smallNetwork(t)
	long := strings.Repeat("n", 63)
	world.Namespaces = append(world.Namespaces, Namespace{Metadata: Metadata{Name: long}})
	pod := Pod{Metadata: Metadata{Namespace: long, Name: "p", UID: "long"}}
	pod.Status.PodIPs = append(pod.Status.PodIPs, struct {
		IP string `json:"ip"`
	}{"10.9.0.240"})
	world.Pods = append(world.Pods, pod)
	for _, name := range []string{"0.9-x", strings.Repeat("p", 253), strings.Repeat("p", 252) + "q"} {
		world.policy(t, long+"/"+name, denyAll)
	}
	n.load(t, Compile(*world, testSettings()))
	n.node.must(t, func() error {
		listing, err := exec.Command("nft", "list", "table", "inet", "test_walls").CombinedOutput()
		if got := strings.Count(string(listing), "\tchain in/"); got != 3 {
			return fmt.Errorf("%d chains of three policies: %w", got, err)
		}
		return err
	})
}
