package netpolicy

import (
	"fmt"
	"io"
	"net"
	"net/netip"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// guarded is the table of a full node on which x/a may reach y/a, by the platform's own kind of policies.
func guarded(b *testing.B, n *testNetwork) string {
	world := large(b)
	world.Claims = map[string]netip.Addr{}
	labels := map[string]string{ManagedLabel: "true"}
	world.Namespaces = append(world.Namespaces, Namespace{Metadata{Name: "x", Labels: labels}}, Namespace{Metadata{Name: "y", Labels: labels}})
	for _, key := range []string{"x/a", "y/a"} {
		pod := Pod{Metadata: Metadata{Namespace: key[:1], Name: "a", UID: key}}
		world.Pods = append(world.Pods, pod)
		world.Claims[key] = netip.MustParseAddr(n.addresses[key])
	}
	world.policy(b, "x/deny", denyAll)
	world.policy(b, "x/out", `{"podSelector":{},"policyTypes":["Egress"],"egress":[{"to":[{"podSelector":{}}]},{"to":[{"namespaceSelector":{}}]}]}`)
	world.policy(b, "y/deny", denyAll)
	world.policy(b, "y/in", `{"podSelector":{},"ingress":[{"from":[{"podSelector":{}}]},{"from":[{"namespaceSelector":{}}]}]}`)
	return Compile(world, testSettings())
}

const nothing = "table inet test_walls {}\ndelete table inet test_walls\n"

// processorTime is what this process, in which both ends are, has used: a figure that others on the machine change less.
func processorTime(b *testing.B) time.Duration {
	var used unix.Rusage
	if err := unix.Getrusage(unix.RUSAGE_SELF, &used); err != nil {
		b.Fatal(err)
	}
	return time.Duration(used.Utime.Nano() + used.Stime.Nano())
}

func reportProcessor(b *testing.B, before time.Duration) {
	b.ReportMetric(float64(processorTime(b)-before)/float64(b.N), "cpu-ns/op")
}

// BenchmarkThroughput sends in the direction in which a connection was opened, whose packets are judged one by one.
// What is to be seen is the ratio of the two.
func BenchmarkThroughput(b *testing.B) {
	n := newNetwork(b, []string{"x/a", "y/a"})
	var listener net.Listener
	n.pods["y/a"].must(b, func() (err error) { listener, err = net.Listen("tcp4", "0.0.0.0:80"); return err })
	defer listener.Close()
	go func() {
		for {
			connection, err := listener.Accept()
			if err != nil {
				return
			}
			go func() { _, _ = io.Copy(io.Discard, connection) }()
		}
	}()
	scripts := map[string]string{"without": nothing, "with": guarded(b, n)}
	for round := range 3 {
		for _, name := range []string{"without", "with"} {
			b.Run(fmt.Sprint(name, "-", round), func(b *testing.B) {
				n.load(b, scripts[name])
				var connection net.Conn
				n.pods["x/a"].must(b, func() (err error) { connection, err = net.Dial("tcp4", n.addresses["y/a"]+":80"); return err })
				defer connection.Close()
				chunk := make([]byte, 1<<16)
				b.SetBytes(int64(len(chunk)))
				defer reportProcessor(b, processorTime(b))
				for b.Loop() {
					if _, err := connection.Write(chunk); err != nil {
						b.Fatal(err)
					}
				}
			})
		}
	}
}

// BenchmarkExchange is one byte there and back over UDP: nearly nothing but the way of two packets.
func BenchmarkExchange(b *testing.B) {
	n := newNetwork(b, []string{"x/a", "y/a"})
	n.pods["y/a"].serve(b, "udp", "0.0.0.0:80")
	scripts := map[string]string{"without": nothing, "with": guarded(b, n)}
	for round := range 3 {
		for _, name := range []string{"without", "with"} {
			b.Run(fmt.Sprint(name, "-", round), func(b *testing.B) {
				n.load(b, scripts[name])
				var connection net.Conn
				n.pods["x/a"].must(b, func() (err error) { connection, err = net.Dial("udp4", n.addresses["y/a"]+":80"); return err })
				defer connection.Close()
				defer reportProcessor(b, processorTime(b))
				for b.Loop() {
					if err := echoWithin(connection, 10*time.Second); err != nil {
						b.Fatal(err)
					}
				}
			})
		}
	}
}
