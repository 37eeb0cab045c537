package walls

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"

	"brainpod.io/engine/internal/netpolicy"
	"brainpod.io/engine/internal/pki"
)

const tableName = "agent_test"

// inNamespace runs the test in a network namespace of its own: as a process, since an agent has many threads. It
// returns true there.
func inNamespace(t *testing.T) bool {
	t.Helper()
	const mark = "WALLS_TEST_IN_NAMESPACE"
	if os.Getenv(mark) == t.Name() {
		lo, err := netlink.LinkByName("lo")
		if err != nil {
			t.Fatal(err)
		}
		if err := netlink.LinkSetUp(lo); err != nil {
			t.Fatal(err)
		}
		return true
	}
	if os.Geteuid() != 0 {
		t.Skip("needs root: it makes a network namespace")
	}
	if _, err := exec.LookPath("nft"); err != nil {
		t.Skip("needs the program nft (apt-get install nftables)")
	}
	command := exec.Command(os.Args[0], "-test.run=^"+t.Name()+"$", "-test.v")
	command.Env = append(os.Environ(), mark+"="+t.Name())
	command.SysProcAttr = &syscall.SysProcAttr{Cloneflags: unix.CLONE_NEWNET}
	output, err := command.CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, output)
	}
	return false
}

// running is an agent of a test.
type running struct {
	t      testing.TB
	folder string
	stop   func()
}

func start(t testing.TB, a *api, folder string) *running {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() {
		done <- Run(ctx, Options{
			Settings: netpolicy.Settings{
				Table: tableName, InterfaceGroup: 7, DNSAddress: "10.9.255.53", EdgePorts: []uint16{443}, MaxConnections: 100,
			},
			Kubeconfig: kubeconfig(t, a), Folder: folder, Logf: t.Logf,
		})
	}()
	stopped := false
	r := &running{t: t, folder: folder, stop: func() {
		if stopped {
			return
		}
		stopped = true
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	}}
	t.Cleanup(r.stop)
	return r
}

// kubeconfig is as the engine writes it; the test's server does not look at the certificate.
func kubeconfig(t testing.TB, a *api) string {
	t.Helper()
	identity, err := pki.New(t.TempDir(), time.Now).Issue(pki.Request{
		Name: "agent", Authority: pki.Cluster, Usages: pki.Client, Subject: pki.Subject{CommonName: "agent"},
	})
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "kubeconfig")
	if err := pki.WriteKubeconfig(path, a.server.URL, identity); err != nil {
		t.Fatal(err)
	}
	return path
}

func (r *running) status() Status {
	r.t.Helper()
	status, err := AskStatus(context.Background(), r.folder)
	if err != nil {
		r.t.Fatal(err)
	}
	return status
}

func (r *running) waitUntilSynced() {
	r.t.Helper()
	eventually(r.t, "synced", func() bool {
		status, err := AskStatus(context.Background(), r.folder)
		return err == nil && status.Synced
	})
}

// listing is empty when one of the agent's two tables is gone.
func listing(t *testing.T) string {
	t.Helper()
	var all []byte
	for _, name := range []string{tableName, netpolicy.LimitsTable(tableName)} {
		output, err := exec.Command("nft", "list", "table", "inet", name).CombinedOutput()
		if err != nil {
			return ""
		}
		all = append(all, output...)
	}
	return string(all)
}

func nft(t *testing.T, args ...string) {
	t.Helper()
	if output, err := exec.Command("nft", args...).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, output)
	}
}

func tenant(a *api) {
	a.put(namespacesPath, "x", "")
	a.put(podsPath, "x/a", `"status":{"phase":"Running","podIPs":[{"ip":"10.9.0.2"}]}`)
	a.put(policiesPath, "x/deny", `"spec":{"podSelector":{},"policyTypes":["Ingress"]}`)
}

func claimFor(pod, address, container string) Claim {
	return Claim{Address: netip.MustParseAddr(address), UID: podsPath + pod, Container: container}
}

func TestAgentKeepsTheTableTrue(t *testing.T) {
	if !inNamespace(t) {
		return
	}
	a := newAPI(t)
	tenant(a)
	agent := start(t, a, t.TempDir())
	agent.waitUntilSynced()
	if !strings.Contains(listing(t), "10.9.0.2 : goto ingress-") {
		t.Fatalf("the pod is not closed:\n%s", listing(t))
	}
	a.delete(policiesPath, "x/deny")
	eventually(t, "open", func() bool { return !strings.Contains(listing(t), "goto ingress-") })
	a.delete(podsPath, "x/a")
	eventually(t, "forgotten", func() bool { return !strings.Contains(listing(t), "10.9.0.2") })
}

func TestAgentRepairsItsTable(t *testing.T) {
	if !inNamespace(t) {
		return
	}
	a := newAPI(t)
	tenant(a)
	agent := start(t, a, t.TempDir())
	agent.waitUntilSynced()
	whole := listing(t)
	for count, damage := range [][]string{
		{"delete", "table", "inet", tableName},
		{"flush", "ruleset"},
		{"flush", "chain", "inet", tableName, "refuse"},
		{"add", "rule", "inet", tableName, "refuse", "accept"},
		{"delete", "element", "inet", tableName, "ingress", "{ 10.9.0.2 }"},
		{"delete", "table", "inet", netpolicy.LimitsTable(tableName)},
		{"flush", "chain", "inet", netpolicy.LimitsTable(tableName), "opened"},
	} {
		nft(t, damage...)
		eventually(t, strings.Join(damage, " "), func() bool { return listing(t) == whole })
		if got := agent.status().Repairs; got != count+1 {
			t.Errorf("after %v there were %d repairs, want %d", damage, got, count+1)
		}
	}
	before := agent.status()
	nft(t, "add", "table", "inet", "of_somebody_else")
	a.put(namespacesPath, "y", "")
	time.Sleep(2 * resync)
	if after := agent.status(); after.Repairs != before.Repairs || after.Loads != before.Loads {
		t.Errorf("what is of no concern led from %+v to %+v", before, after)
	}
}

func TestAgentClosesEverythingUntilItKnows(t *testing.T) {
	if !inNamespace(t) {
		return
	}
	a := newAPI(t)
	tenant(a)
	a.server.Close()
	agent := start(t, a, t.TempDir())
	eventually(t, "an answer", func() bool {
		status, err := AskStatus(context.Background(), agent.folder)
		return err == nil && !status.Synced
	})
	if rules := listing(t); !strings.Contains(rules, "chain leave") || strings.Contains(rules, "10.9.0.2") {
		t.Errorf("it is not closed:\n%s", rules)
	}
}

func TestAgentLeavesAndTakesOverTheTable(t *testing.T) {
	if !inNamespace(t) {
		return
	}
	a := newAPI(t)
	tenant(a)
	folder := t.TempDir()
	first := start(t, a, folder)
	first.waitUntilSynced()
	if err := askClaim(context.Background(), SocketPath(folder), claimFor("x/a", "10.9.0.9", "c1")); err != nil {
		t.Fatal(err)
	}
	whole := listing(t)
	if !strings.Contains(whole, "10.9.0.9 : goto") || strings.Contains(whole, "10.9.0.2 ") {
		t.Fatalf("the claim is not followed:\n%s", whole)
	}
	first.stop()
	if listing(t) != whole {
		t.Fatal("the table did not stay")
	}
	start(t, a, folder).waitUntilSynced()
	if listing(t) != whole {
		t.Errorf("the claim was forgotten:\n%s", listing(t))
	}
	if err := askRelease(context.Background(), SocketPath(folder), "c1"); err != nil {
		t.Fatal(err)
	}
	eventually(t, "released", func() bool { return strings.Contains(listing(t), "10.9.0.2 : goto") })
}

func TestAClaimWaitsForItsPod(t *testing.T) {
	if !inNamespace(t) {
		return
	}
	a := newAPI(t)
	tenant(a)
	agent := start(t, a, t.TempDir())
	agent.waitUntilSynced()
	answered := make(chan error, 1)
	go func() {
		answered <- askClaim(context.Background(), SocketPath(agent.folder), claimFor("x/late", "10.9.0.7", "c2"))
	}()
	select {
	case err := <-answered:
		t.Fatalf("answered before the pod was known: %v", err)
	case <-time.After(100 * time.Millisecond):
	}
	a.put(podsPath, "x/late", `"status":{"phase":"Pending"}`)
	if err := <-answered; err != nil {
		t.Fatal(err)
	}
	// Not eventually: when it is answered, the rules are there.
	if !strings.Contains(listing(t), "10.9.0.7 : goto ingress-") {
		t.Errorf("the rules are not there:\n%s", listing(t))
	}
}

// TestPlugin runs the plugin as the runtime does.
func TestPlugin(t *testing.T) {
	if !inNamespace(t) {
		return
	}
	a := newAPI(t)
	tenant(a)
	agent := start(t, a, t.TempDir())
	agent.waitUntilSynced()
	attributes := netlink.NewLinkAttrs()
	attributes.Name = "veth1"
	if err := netlink.LinkAdd(&netlink.Veth{LinkAttrs: attributes, PeerName: "peer"}); err != nil {
		t.Fatal(err)
	}
	environment := map[string]string{
		"CNI_COMMAND": "ADD", "CNI_CONTAINERID": "c3", "CNI_IFNAME": "eth0",
		"CNI_ARGS": "IgnoreUnknown=1;K8S_POD_NAMESPACE=x;K8S_POD_NAME=a;K8S_POD_UID=" + podsPath + "x/a",
	}
	before := `{"cniVersion":"1.0.0","interfaces":[{"name":"veth1"},{"name":"eth0","sandbox":"/ns"}],"ips":[{"address":"10.9.0.5/24"}]}`
	call := func(socket string) (int, string) {
		var output bytes.Buffer
		input := fmt.Sprintf(`{"cniVersion":"1.0.0","type":%q,"socket":%q,"interfaceGroup":7,"prevResult":%s}`, PluginType, socket, before)
		code := Plugin(func(name string) string { return environment[name] }, strings.NewReader(input), &output)
		return code, strings.TrimSpace(output.String())
	}
	if code, output := call(SocketPath(agent.folder)); code != 0 || output != before {
		t.Errorf("ADD: %d %s", code, output)
	}
	if link, err := netlink.LinkByName("veth1"); err != nil || link.Attrs().Group != 7 {
		t.Errorf("the interface is not in the group: %v", err)
	}
	if !strings.Contains(listing(t), "10.9.0.5 : goto ingress-") {
		t.Errorf("the rules are not there:\n%s", listing(t))
	}
	environment["CNI_COMMAND"] = "DEL"
	if code, output := call(SocketPath(agent.folder)); code != 0 || output != "" {
		t.Errorf("DEL: %d %s", code, output)
	}
	eventually(t, "released", func() bool { return strings.Contains(listing(t), "10.9.0.2 : goto") })
	if code, _ := call("/nobody/there"); code != 0 {
		t.Error("without the agent a pod cannot be removed")
	}
	environment["CNI_COMMAND"] = "ADD"
	code, output := call("/nobody/there")
	var failure struct {
		Code int    `json:"code"`
		Msg  string `json:"msg"`
	}
	if err := json.Unmarshal([]byte(output), &failure); err != nil || code == 0 || failure.Code != tryAgainLater || failure.Msg == "" {
		t.Errorf("without the agent a pod starts: %d %s", code, output)
	}
}
