package applied

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"brainpod.io/engine/internal/kubectl"
	"brainpod.io/engine/internal/pki"
)

// The test binary stands in for the program that applies: it writes down what it was given.
const appliedVariable = "APPLIED_TEST_FILE"

func TestMain(m *testing.M) {
	if len(os.Args) > 1 && os.Args[1] == "kubectl" {
		if err := writeDown(os.Getenv(appliedVariable)); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

func writeDown(path string) error {
	content, err := io.ReadAll(os.Stdin)
	if err != nil {
		return err
	}
	if strings.Contains(string(content), "refused") {
		return errors.New("the API server refuses it")
	}
	file, err := os.OpenFile(path, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(file, "%s\n", content)
	return errors.Join(err, file.Close())
}

type cluster struct {
	client *kubectl.Client
	path   string
}

// newCluster is an API server that has what was applied to it.
func newCluster(t *testing.T) cluster {
	t.Helper()
	keys := pki.New(t.TempDir(), time.Now)
	identity, err := keys.Issue(pki.Request{
		Name: "both", Authority: pki.Cluster, Usages: pki.Server | pki.Client, Names: pki.Names{IPs: []net.IP{net.IPv4(127, 0, 0, 1)}},
	})
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "applied")
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		name := filepath.Base(r.URL.Path)
		lines := cluster{path: path}.applied(t)
		for index := len(lines) - 1; index >= 0; index-- {
			if strings.Contains(lines[index], fmt.Sprintf("%q", name)) {
				fmt.Fprint(w, lines[index])
				return
			}
		}
		http.NotFound(w, r)
	}))
	certificate, err := tls.LoadX509KeyPair(identity.Cert, identity.Key)
	if err != nil {
		t.Fatal(err)
	}
	server.TLS = &tls.Config{Certificates: []tls.Certificate{certificate}}
	server.StartTLS()
	t.Cleanup(server.Close)
	t.Setenv(appliedVariable, path)
	own, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	return cluster{path: path, client: kubectl.New(own, filepath.Join(t.TempDir(), "kubeconfig"), server.URL,
		func() (pki.Paths, error) { return identity, nil })}
}

func (c cluster) applied(t *testing.T) []string {
	t.Helper()
	content, err := os.ReadFile(c.path)
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		t.Error(err)
	}
	return strings.Split(strings.TrimSpace(string(content)), "\n")
}

func TestEnsureAppliesOnceUntilTheContentChanges(t *testing.T) {
	c := newCluster(t)
	finished := 0
	ensure := func(content string) {
		t.Helper()
		set := Set{Name: "things", Manifests: []byte(content), Finish: func(context.Context) error { finished++; return nil }}
		if err := Ensure(t.Context(), c.client, set); err != nil {
			t.Fatal(err)
		}
	}
	ensure("one")
	ensure("one")
	if got := c.applied(t); len(got) != 2 || got[0] != "one" || finished != 1 {
		t.Fatalf("applied %q and finished %d times, want the manifests and their record, once", got, finished)
	}
	var record struct {
		Data map[string]string
	}
	if err := json.Unmarshal([]byte(c.applied(t)[1]), &record); err != nil || len(record.Data["sha256"]) != 64 {
		t.Errorf("the record is %v (%v)", record, err)
	}
	ensure("two")
	if got := c.applied(t); len(got) != 4 || got[2] != "two" || finished != 2 {
		t.Errorf("applied %q and finished %d times, want the new manifests too", got, finished)
	}
}

func TestEnsureRecordsNothingThatFailed(t *testing.T) {
	c := newCluster(t)
	if err := Ensure(t.Context(), c.client, Set{Name: "a", Manifests: []byte("refused")}); err == nil {
		t.Error("a refused set is no error")
	}
	unfinished := errors.New("not finished")
	err := Ensure(t.Context(), c.client, Set{Name: "b", Manifests: []byte("fine"), Finish: func(context.Context) error { return unfinished }})
	if !errors.Is(err, unfinished) {
		t.Errorf("got %v, want that it is not finished", err)
	}
	if got := c.applied(t); len(got) != 1 || got[0] != "fine" {
		t.Errorf("applied %q, want no record", got)
	}
}
