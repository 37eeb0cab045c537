package network

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/netip"
	"os"
	"runtime"
	"testing"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"

	"brainpod.io/engine/internal/config"
)

// inNamespace runs the test on a thread in a network namespace of its own, which ends with it.
func inNamespace(t *testing.T, test func() error) {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Skip("only root may make namespaces")
	}
	result := make(chan error, 1)
	go func() {
		// Never unlocked: the thread ends with this function.
		runtime.LockOSThread()
		if err := unix.Unshare(unix.CLONE_NEWNET); err != nil {
			result <- err
			return
		}
		result <- test()
	}()
	if err := <-result; err != nil {
		t.Fatal(err)
	}
}

func gatewayConfig(t *testing.T) *config.Config {
	t.Helper()
	cfg, err := config.Parse([]byte(`{"dataDir":"/d","runDir":"/r","binDir":"/b","gateways":"separate","gatewayCidr":"10.77.0.0/24"}`))
	if err != nil {
		t.Fatal(err)
	}
	cfg.RunDir = t.TempDir()
	return cfg
}

// answers tells whether a program in the namespace is reached at the address, and from where it is asked.
func answers(path, address string) (string, error) {
	listening := make(chan error, 1)
	go func() {
		runtime.LockOSThread()
		file, err := os.Open(path)
		if err == nil {
			err = unix.Setns(int(file.Fd()), unix.CLONE_NEWNET)
		}
		if err != nil {
			listening <- err
			return
		}
		listener, err := net.Listen("tcp", net.JoinHostPort(address, "80"))
		listening <- err
		if err != nil {
			return
		}
		connection, err := listener.Accept()
		if err != nil {
			return
		}
		_, _ = io.WriteString(connection, connection.RemoteAddr().(*net.TCPAddr).IP.String())
		_ = connection.Close()
		_ = listener.Close()
	}()
	if err := <-listening; err != nil {
		return "", err
	}
	connection, err := net.Dial("tcp", net.JoinHostPort(address, "80"))
	if err != nil {
		return "", err
	}
	said, err := io.ReadAll(connection)
	return string(said), err
}

func TestGatewaysServeOnePortEachAtItsOwnAddress(t *testing.T) {
	cfg := gatewayConfig(t)
	inNamespace(t, func() error {
		for id, address := range map[string]string{"aaaaaaaa": "10.77.0.2", "bbbbbbbb": "10.77.0.9"} {
			// Twice: the second time finds everything there.
			for range 2 {
				if err := EnsureGateway(cfg, id, netip.MustParseAddr(address)); err != nil {
					return err
				}
			}
			from, err := answers(GatewayNamespace(cfg, id), address)
			if err != nil || from != "10.77.0.1" {
				return fmt.Errorf("%s was asked by %q (%v)", address, from, err)
			}
		}
		return nothingStays(cfg)
	})
}

func TestAGatewayIsCompletedFromAnyPointHalfway(t *testing.T) {
	cfg := gatewayConfig(t)
	const id, address = "cccccccc", "10.77.0.5"
	inNamespace(t, func() error {
		ensure := func() error { return EnsureGateway(cfg, id, netip.MustParseAddr(address)) }
		if err := ensure(); err != nil {
			return err
		}
		for name, damage := range map[string]func() error{
			"the cable is cut":          func() error { return removeLink(outerName(id)) },
			"the bridge is gone":        func() error { return removeLink(cfg.Bridges.Gateways) },
			"the namespace is let go":   func() error { return unix.Unmount(GatewayNamespace(cfg, id), unix.MNT_DETACH) },
			"the cable has no address":  func() error { return withoutAddress(cfg, id) },
			"only the file of it stays": func() error { return onlyTheFile(cfg, id) },
		} {
			if err := damage(); err != nil {
				return fmt.Errorf("%s: %w", name, err)
			}
			if err := ensure(); err != nil {
				return fmt.Errorf("%s: %w", name, err)
			}
			if _, err := answers(GatewayNamespace(cfg, id), address); err != nil {
				return fmt.Errorf("%s: %w", name, err)
			}
		}
		return nothingStays(cfg)
	})
}

func withoutAddress(cfg *config.Config, id string) error {
	if err := removeLink(outerName(id)); err != nil {
		return err
	}
	attributes := netlink.NewLinkAttrs()
	attributes.Name = outerName(id)
	file, err := os.Open(GatewayNamespace(cfg, id))
	if err != nil {
		return err
	}
	return netlink.LinkAdd(&netlink.Veth{LinkAttrs: attributes, PeerName: innerName, PeerNamespace: netlink.NsFd(int(file.Fd()))})
}

func onlyTheFile(cfg *config.Config, id string) error {
	if err := RemoveGateway(cfg, id); err != nil {
		return err
	}
	return os.WriteFile(GatewayNamespace(cfg, id), nil, 0o600)
}

func nothingStays(cfg *config.Config) error {
	// Twice: what is gone already is no fault.
	for range 2 {
		if err := RemoveGateways(cfg); err != nil {
			return err
		}
		if err := RemoveGateway(cfg, "aaaaaaaa"); err != nil {
			return err
		}
		if err := RemoveLinks(cfg); err != nil {
			return err
		}
	}
	found, err := Find(context.Background(), cfg)
	if err != nil || len(found) > 0 {
		return fmt.Errorf("there is still %v (%v)", found, err)
	}
	entries, err := os.ReadDir(gatewayNamespaces(cfg))
	if err != nil || len(entries) > 0 {
		return fmt.Errorf("there is still %v (%v)", entries, err)
	}
	return nil
}
