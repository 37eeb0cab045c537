package netpolicy

import (
	"errors"
	"net"
	"strconv"
	"testing"
	"time"
)

const fewConnections = 20

func limitedSettings() Settings {
	settings := testSettings()
	settings.MaxConnections = fewConnections
	return settings
}

// dialAll opens connections until one is refused, and gives them back.
func (h *host) dialAll(t *testing.T, address string, most int) []net.Conn {
	t.Helper()
	var all []net.Conn
	t.Cleanup(func() {
		for _, connection := range all {
			_ = connection.Close()
		}
	})
	for range most {
		err := h.do(func() error {
			connection, err := net.DialTimeout("tcp4", address, dropTime)
			if err == nil {
				all = append(all, connection)
			}
			return err
		})
		if err != nil {
			return all
		}
	}
	return all
}

func TestAPodOpensSoManyConnectionsAndItsNeighbourGoesOn(t *testing.T) {
	n, world := smallNetwork(t)
	script := Compile(*world, limitedSettings())
	n.load(t, script)
	hog, neighbour, served := n.pods["x/a"], n.pods["x/b"], n.addresses["y/a"]+":80"
	opened := hog.dialAll(t, served, 2*fewConnections)
	if len(opened) != fewConnections {
		t.Fatalf("%d connections were opened, want %d", len(opened), fewConnections)
	}
	for _, target := range []struct{ protocol, address string }{
		{"tcp", internetAddress + ":80"}, {"udp", dnsAddress + ":53"}, {"tcp", nodeAddress + ":443"},
	} {
		n.expect(t, hog, target.protocol, target.address, refused)
		n.expect(t, neighbour, target.protocol, target.address, open)
	}
	var faults []error
	for _, connection := range opened {
		faults = append(faults, echo(connection))
	}
	if err := errors.Join(faults...); err != nil {
		t.Errorf("a connection within the bound was cut: %v", err)
	}
	// Who is asked opens nothing.
	n.expect(t, neighbour, "tcp", n.addresses["x/a"]+":80", open)

	n.load(t, script)
	n.expect(t, hog, "tcp", served, refused)

	for _, connection := range opened {
		// Reset: what is closed in order stays in the kernel's table for a while.
		if err := errors.Join(connection.(*net.TCPConn).SetLinger(0), connection.Close()); err != nil {
			t.Fatal(err)
		}
	}
	// The kernel looks at most once in a tick whether what it counted is still there.
	for deadline := time.Now().Add(dropTime); hog.try("tcp", served) != open; {
		if time.Now().After(deadline) {
			t.Fatal("connections that have ended still count")
		}
	}
}

func TestQuestionsWithoutAnAnswerCountToo(t *testing.T) {
	n, world := smallNetwork(t)
	n.load(t, Compile(*world, limitedSettings()))
	hog, neighbour := n.pods["x/a"], n.pods["x/b"]
	hog.must(t, func() error {
		for port := range 2 * fewConnections {
			socket, err := net.Dial("udp4", net.JoinHostPort(internetAddress, strconv.Itoa(7000+port)))
			if err != nil {
				return err
			}
			_, err = socket.Write([]byte{7})
			if err := errors.Join(err, socket.Close()); err != nil {
				return err
			}
		}
		return nil
	})
	n.expect(t, hog, "tcp", n.addresses["y/a"]+":80", refused)
	n.expect(t, neighbour, "tcp", n.addresses["y/a"]+":80", open)
}

func TestWhatPoliciesRefuseIsNotCounted(t *testing.T) {
	n, world := smallNetwork(t)
	world.policy(t, "x/out", `{"podSelector":`+selectA+`,"policyTypes":["Egress"],"egress":[{"to":[{"podSelector":{}}]}]}`)
	n.load(t, Compile(*world, limitedSettings()))
	for range 2 * fewConnections {
		n.expect(t, n.pods["x/a"], "tcp", n.addresses["y/a"]+":80", refused)
	}
	n.expect(t, n.pods["x/a"], "tcp", n.addresses["x/b"]+":80", open)
}

func TestMaxConnections(t *testing.T) {
	for size, want := range map[int]int{262144: 8192, 65536: 2048, 3: 1} {
		if got := MaxConnections(size); got != want {
			t.Errorf("of %d: %d, want %d", size, got, want)
		}
	}
}
