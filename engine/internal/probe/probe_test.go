package probe

import (
	"net"
	"net/netip"
	"os"
	"os/exec"
	"runtime"
	"slices"
	"testing"

	"golang.org/x/sys/unix"

	"brainpod.io/engine/internal/config"
	"brainpod.io/engine/internal/owned"
	"brainpod.io/engine/internal/procfs"
	"brainpod.io/engine/internal/variant"
)

func TestParseCapability(t *testing.T) {
	for status, want := range map[string]bool{
		"Name:\tx\nCapEff:\t000001ffffffffff\n": true,
		"Name:\tx\nCapEff:\t000001fffeffffff\n": false,
	} {
		if got, err := parseCapability(status, unix.CAP_SYS_RESOURCE); err != nil || got != want {
			t.Errorf("%q: %t %v", status, got, err)
		}
	}
	if _, err := parseCapability("Name:\tx\n", unix.CAP_SYS_RESOURCE); err == nil {
		t.Error("no error without capabilities")
	}
}

func TestParseListeners(t *testing.T) {
	const table = `  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 0100007F:0929 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 11 1 0 100 0 0 10 0
   1: 00000000:0050 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 12 1 0 100 0 0 10 0
   2: 0100007F:0929 0100007F:AAAA 01 00000000:00000000 00:00000000 00000000     0        0 13 1 0 100 0 0 10 0
   3: 0000000000000000FFFF00000100007F:01BB 00000000000000000000000000000000:0000 0A 00000000:00000000 00:00000000 00000000 0 0 14 1`
	got, err := parseListeners(table)
	want := []listener{
		{netip.MustParseAddr("127.0.0.1"), 2345, "11"}, {netip.MustParseAddr("0.0.0.0"), 80, "12"},
		{netip.MustParseAddr("127.0.0.1"), 443, "14"},
	}
	if err != nil || !slices.Equal(got, want) {
		t.Errorf("got %v, %v", got, err)
	}
	if _, err := parseListeners("0: nonsense 0:0 0A a b c d e f"); err == nil {
		t.Error("nonsense was understood")
	}
}

func testConfig(t *testing.T, dir string, port int) *config.Config {
	t.Helper()
	cfg, err := config.Parse([]byte(`{"dataDir":"` + dir + `","runDir":"/r","binDir":"/b"}`))
	if err != nil {
		t.Fatal(err)
	}
	cfg.Ports.EtcdClient = port
	return cfg
}

func TestNamesWhoHoldsAPort(t *testing.T) {
	listening, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listening.Close()
	port := listening.Addr().(*net.TCPAddr).Port
	found, err := portsInUse(testConfig(t, t.TempDir(), port))
	if err != nil {
		t.Fatal(err)
	}
	for _, use := range found {
		if use.Port == port && use.PID == os.Getpid() && use.Program == "probe.test" && use.Purpose == "etcd" {
			return
		}
	}
	t.Errorf("found = %+v", found)
}

// What the engine's own processes hold is not in its way.
func TestOwnHoldersDoNotCount(t *testing.T) {
	listening, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	port := listening.Addr().(*net.TCPAddr).Port
	file, err := listening.(*net.TCPListener).File()
	if err != nil {
		t.Fatal(err)
	}
	cfg := testConfig(t, t.TempDir(), port)
	child := exec.Command("sleep", "60")
	child.Env = []string{owned.Mark(cfg)}
	child.ExtraFiles = []*os.File{file}
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := child.Process.Kill(); err != nil {
			t.Error(err)
		}
		if child.Wait() == nil {
			t.Error("the child ended by itself")
		}
	}()
	if err := file.Close(); err != nil {
		t.Fatal(err)
	}
	if err := listening.Close(); err != nil {
		t.Fatal(err)
	}
	// The child's environment is in place once its arguments are.
	for len(procfs.Arguments(child.Process.Pid)) == 0 {
		runtime.Gosched()
	}
	found, err := portsInUse(cfg)
	if err != nil {
		t.Fatal(err)
	}
	for _, use := range found {
		if use.Port == port {
			t.Errorf("the engine's own process is in the way: %+v", use)
		}
	}
	// The same child is a stranger to another engine.
	found, err = portsInUse(testConfig(t, t.TempDir(), port))
	if err != nil || !slices.ContainsFunc(found, func(use variant.PortInUse) bool { return use.PID == child.Process.Pid }) {
		t.Errorf("found = %+v, %v", found, err)
	}
}
