package netpolicy

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"
)

// The tests' cluster, in network namespaces of their own: a node that routes between pods as the engine's does, and a
// host beyond it.
const (
	testGroup   = 4711
	gateway     = "10.9.0.1"
	nodeAddress = "10.9.255.1"
	dnsAddress  = "10.9.255.53"
	// The host beyond the node has an address of the internet, one of a metadata service and one of documentation.
	internetAddress = "8.8.4.4"
	metadataAddress = "169.254.169.254"
	// refusal is answered at once; what is not answered at all is taken for dropped after this time.
	dropTime = time.Second
)

func testSettings() Settings {
	return Settings{
		Table: "test_walls", InterfaceGroup: testGroup, DNSAddress: dnsAddress, EdgePorts: []uint16{443, 8443},
		MaxConnections: 100_000,
	}
}

// host is a network namespace with a thread that is in it.
type host struct {
	work chan func()
	// namespace is a descriptor of it.
	namespace int
}

func newHost(t testing.TB) *host {
	t.Helper()
	h := &host{work: make(chan func())}
	started := make(chan error)
	go func() {
		// Never unlocked: the thread, and the namespace with it, ends here.
		runtime.LockOSThread()
		err := unix.Unshare(unix.CLONE_NEWNET)
		if err == nil {
			h.namespace, err = unix.Open(fmt.Sprintf("/proc/self/task/%d/ns/net", unix.Gettid()), unix.O_RDONLY|unix.O_CLOEXEC, 0)
		}
		started <- err
		if err != nil {
			return
		}
		for work := range h.work {
			work()
		}
	}()
	if err := <-started; err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		close(h.work)
		if err := unix.Close(h.namespace); err != nil {
			t.Error(err)
		}
	})
	return h
}

// do runs something in the namespace.
func (h *host) do(work func() error) error {
	result := make(chan error, 1)
	h.work <- func() { result <- work() }
	return <-result
}

func (h *host) must(t testing.TB, work func() error) {
	t.Helper()
	if err := h.do(work); err != nil {
		t.Fatal(err)
	}
}

// network is the whole of it.
type testNetwork struct {
	node, beyond *host
	pods         map[string]*host
	addresses    map[string]string
}

// newNetwork connects pods by their names to a node, each with its own address from 10.9.0.2 on.
func newNetwork(t testing.TB, names []string) *testNetwork {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Skip("needs root: it makes network namespaces")
	}
	if _, err := exec.LookPath("nft"); err != nil {
		t.Skip("needs the program nft (apt-get install nftables)")
	}
	n := &testNetwork{node: newHost(t), beyond: newHost(t), pods: map[string]*host{}, addresses: map[string]string{}}
	n.node.must(t, func() error {
		for path, value := range map[string]string{
			// Refusals of many attempts at once are all to be seen.
			"net/ipv4/ip_forward": "1", "net/ipv4/icmp_ratelimit": "0",
		} {
			if err := os.WriteFile("/proc/sys/"+path, []byte(value), 0o644); err != nil {
				return err
			}
		}
		return errors.Join(bring("lo", nodeAddress+"/32", dnsAddress+"/32"))
	})
	n.connect(t, n.beyond, "beyond", 0, internetAddress, metadataAddress)
	for index, name := range names {
		n.pods[name], n.addresses[name] = newHost(t), fmt.Sprintf("10.9.0.%d", index+2)
		n.connect(t, n.pods[name], fmt.Sprintf("pod%d", index), testGroup, n.addresses[name])
	}
	return n
}

// connect lays a cable from the node to a host and the routes on both sides.
func (n *testNetwork) connect(t testing.TB, to *host, name string, group uint32, addresses ...string) {
	t.Helper()
	n.node.must(t, func() error {
		attributes := netlink.NewLinkAttrs()
		attributes.Name, attributes.Group = name, group
		cable := &netlink.Veth{LinkAttrs: attributes, PeerName: "eth0", PeerNamespace: netlink.NsFd(to.namespace)}
		return errors.Join(netlink.LinkAdd(cable), bring(name, gateway+"/32"))
	})
	to.must(t, func() error {
		local := make([]string, len(addresses))
		for i, address := range addresses {
			local[i] = address + "/32"
		}
		return errors.Join(bring("lo"), bring("eth0", local...), routeVia("eth0"))
	})
	n.node.must(t, func() error {
		var faults []error
		for _, address := range addresses {
			faults = append(faults, addRoute(name, address+"/32", ""))
		}
		return errors.Join(faults...)
	})
}

func bring(name string, addresses ...string) error {
	link, err := netlink.LinkByName(name)
	if err != nil {
		return err
	}
	for _, address := range addresses {
		parsed, err := netlink.ParseAddr(address)
		if err != nil {
			return err
		}
		if err := netlink.AddrAdd(link, parsed); err != nil {
			return err
		}
	}
	return netlink.LinkSetUp(link)
}

func routeVia(name string) error {
	return errors.Join(addRoute(name, gateway+"/32", ""), addRoute(name, "0.0.0.0/0", gateway))
}

func addRoute(name, destination, via string) error {
	link, err := netlink.LinkByName(name)
	if err != nil {
		return err
	}
	_, to, err := net.ParseCIDR(destination)
	if err != nil {
		return err
	}
	route := &netlink.Route{LinkIndex: link.Attrs().Index, Dst: to, Scope: netlink.SCOPE_LINK}
	if via != "" {
		route.Gw, route.Scope = net.ParseIP(via), netlink.SCOPE_UNIVERSE
	}
	return netlink.RouteAdd(route)
}

// load puts a script into the node's kernel.
func (n *testNetwork) load(t testing.TB, script string) {
	t.Helper()
	n.node.must(t, func() error {
		command := exec.Command("nft", "-f", "-")
		command.Stdin = strings.NewReader(script)
		if said, err := command.CombinedOutput(); err != nil {
			return fmt.Errorf("%w: %s\n%s", err, said, script)
		}
		return nil
	})
}

// serve answers every TCP connection and UDP packet at a port with one byte, until the test ends.
func (h *host) serve(t testing.TB, protocol, address string) {
	t.Helper()
	if protocol == "tcp" {
		var listener net.Listener
		h.must(t, func() (err error) { listener, err = net.Listen("tcp4", address); return err })
		t.Cleanup(func() { _ = listener.Close() })
		go func() {
			for {
				connection, err := listener.Accept()
				if err != nil {
					return
				}
				go func() { _, _ = io.Copy(connection, connection) }()
			}
		}()
		return
	}
	var socket net.PacketConn
	h.must(t, func() (err error) { socket, err = net.ListenPacket("udp4", address); return err })
	t.Cleanup(func() { _ = socket.Close() })
	go func() {
		buffer := make([]byte, 64)
		for {
			length, from, err := socket.ReadFrom(buffer)
			if err != nil {
				return
			}
			_, _ = socket.WriteTo(buffer[:length], from)
		}
	}()
}

// outcome is what became of an attempt.
type outcome string

const (
	open    outcome = "open"
	refused outcome = "refused"
	dropped outcome = "dropped"
)

// try sends a byte and wants it back.
func (h *host) try(protocol, address string) outcome {
	if protocol == "sctp" {
		return h.trySCTP(address)
	}
	err := h.do(func() error {
		connection, err := net.DialTimeout(protocol+"4", address, dropTime)
		if err != nil {
			return err
		}
		defer connection.Close()
		return echo(connection)
	})
	var timeout net.Error
	switch {
	case err == nil:
		return open
	case errors.As(err, &timeout) && timeout.Timeout():
		return dropped
	}
	return refused
}

func echo(connection net.Conn) error { return echoWithin(connection, dropTime) }

func echoWithin(connection net.Conn, limit time.Duration) error {
	if err := connection.SetDeadline(time.Now().Add(limit)); err != nil {
		return err
	}
	if _, err := connection.Write([]byte{7}); err != nil {
		return err
	}
	_, err := connection.Read(make([]byte, 1))
	return err
}

// trySCTP sends what opens an association. Where it arrives, nobody listens: a kernel that knows SCTP aborts, another
// one says that there is no such protocol. On the way it may be forbidden.
func (h *host) trySCTP(address string) outcome {
	to := netip.MustParseAddrPort(address)
	answers := make(chan outcome, 2)
	err := h.do(func() error {
		errorsSeen, err := net.ListenPacket("ip4:icmp", "0.0.0.0")
		if err != nil {
			return err
		}
		defer errorsSeen.Close()
		socket, err := net.ListenPacket("ip4:132", "0.0.0.0")
		if err != nil {
			return err
		}
		defer socket.Close()
		deadline := time.Now().Add(dropTime)
		if err := errors.Join(errorsSeen.SetDeadline(deadline), socket.SetDeadline(deadline)); err != nil {
			return err
		}
		go func() { answers <- readUnreachable(errorsSeen) }()
		go func() {
			if _, _, err := socket.ReadFrom(make([]byte, 64)); err == nil {
				answers <- open
			}
		}()
		if _, err := socket.WriteTo(sctpInit(to.Port()), &net.IPAddr{IP: to.Addr().AsSlice()}); err != nil {
			return err
		}
		answers <- <-answers
		return nil
	})
	if err != nil {
		return refused
	}
	return <-answers
}

// readUnreachable tells "no such protocol here" (2) from "forbidden on the way" (13).
func readUnreachable(socket net.PacketConn) outcome {
	buffer := make([]byte, 256)
	for {
		length, _, err := socket.ReadFrom(buffer)
		switch {
		case err != nil:
			return dropped
		case length >= 2 && buffer[0] == 3 && buffer[1] == 2:
			return open
		case length >= 2 && buffer[0] == 3 && buffer[1] == 13:
			return refused
		}
	}
}

func sctpInit(port uint16) []byte {
	var packet bytes.Buffer
	for _, field := range []any{
		uint16(40000), port, uint32(0), uint32(0), // ports, verification tag, checksum
		uint8(1), uint8(0), uint16(20), uint32(99), uint32(65536), uint16(1), uint16(1), uint32(1), // the INIT chunk
	} {
		// A buffer takes everything.
		_ = binary.Write(&packet, binary.BigEndian, field)
	}
	raw := packet.Bytes()
	binary.LittleEndian.PutUint32(raw[8:], crc32.Checksum(raw, crc32.MakeTable(crc32.Castagnoli)))
	return raw
}
