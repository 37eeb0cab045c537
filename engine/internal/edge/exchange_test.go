package edge

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"sync"
	"testing"
	"time"
)

// envoyAdmin answers like an Envoy's admin interface and keeps what was asked of it.
type envoyAdmin struct {
	mutex     sync.Mutex
	listeners string
	draining  bool
	clients   int
	calls     []string
	onDrain   func()
}

func (e *envoyAdmin) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	e.mutex.Lock()
	defer e.mutex.Unlock()
	switch r.URL.Path {
	case "/server_info":
		fmt.Fprint(w, `{"state":"LIVE","node":{"id":"main-old"}}`)
	case "/listeners":
		fmt.Fprint(w, e.listeners)
	case "/stats":
		stopped := 0
		if e.draining {
			stopped = 2
		}
		fmt.Fprintf(w, "listener_manager.listener_stopped: %d\nlistener_manager.total_listeners_active: 2\n", stopped)
		fmt.Fprintf(w, "listener.[__]_443.downstream_cx_active: %d\n", e.clients)
	case "/drain_listeners", "/quitquitquit":
		e.calls = append(e.calls, r.Method+" "+r.URL.Path)
		if r.URL.Path == "/drain_listeners" {
			e.draining = true
			e.onDrain()
		}
	default:
		http.NotFound(w, r)
	}
}

func (e *envoyAdmin) listen(addresses string) {
	e.mutex.Lock()
	defer e.mutex.Unlock()
	e.listeners = addresses
}

func (e *envoyAdmin) setClients(count int) {
	e.mutex.Lock()
	defer e.mutex.Unlock()
	e.clients = count
}

// askedFor waits until the calls are these.
func (e *envoyAdmin) askedFor(t *testing.T, want ...string) {
	t.Helper()
	if err := waitUntil(t.Context(), 10*time.Second, func(context.Context) error {
		e.mutex.Lock()
		defer e.mutex.Unlock()
		if !reflect.DeepEqual(e.calls, want) {
			return fmt.Errorf("the Envoy was asked %v, want %v", e.calls, want)
		}
		return nil
	}); err != nil {
		t.Error(err)
	}
}

func serveAdmin(t *testing.T, handler http.Handler) admin {
	t.Helper()
	admin, _ := serveAdminUntil(t, handler)
	return admin
}

// serveAdminUntil also returns what makes it answer no more.
func serveAdminUntil(t *testing.T, handler http.Handler) (admin, func()) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "a.sock")
	listener, err := net.Listen("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	server := &http.Server{Handler: handler}
	ended := make(chan error, 1)
	go func() { ended <- server.Serve(listener) }()
	stop := sync.OnceFunc(func() {
		if err := server.Close(); err != nil {
			t.Error(err)
		}
		<-ended
	})
	t.Cleanup(stop)
	return adminAt(path), stop
}

func TestServesAllNamesWhatIsMissing(t *testing.T) {
	old := &envoyAdmin{listeners: "tcp-80::[::]:80\ntcp-443::[::]:443\n"}
	next := &envoyAdmin{listeners: "tcp-443::[::]:443\n"}
	from, to := serveAdmin(t, old), serveAdmin(t, next)
	if err := servesAll(t.Context(), from, to); err == nil || !strings.Contains(err.Error(), "[::]:80") {
		t.Errorf("got %v, want the missing address", err)
	}
	next.listen(old.listeners)
	if err := servesAll(t.Context(), from, to); err != nil {
		t.Error(err)
	}
}

func TestHandOverDrainsOnlyOnceTheOtherServes(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("only root may change the kernel's setting")
	}
	before, err := os.ReadFile(migrateSetting)
	if err != nil {
		t.Fatal(err)
	}
	edge := &Edge{files: files{folder: t.TempDir()}}
	next := &envoyAdmin{listeners: "stats::127.0.0.1:1\n"}
	old := &envoyAdmin{listeners: "stats::127.0.0.1:1\ntcp-443::[::]:443\n"}
	served := false
	old.onDrain = func() {
		next.mutex.Lock()
		defer next.mutex.Unlock()
		served = strings.Contains(next.listeners, "443")
	}
	from, to := serveAdmin(t, old), serveAdmin(t, next)
	started := make(chan error, 1)
	go func() { started <- edge.handOver(t.Context(), from, to) }()
	timer := time.AfterFunc(4*pollInterval, func() { next.listen(old.listeners) })
	defer timer.Stop()
	if err := <-started; err != nil {
		t.Fatal(err)
	}
	if !served {
		t.Error("the old Envoy was drained before the new one served")
	}
	old.askedFor(t, "POST /drain_listeners", "POST /quitquitquit")
	if len(next.calls) != 0 {
		t.Errorf("the new Envoy was asked %v", next.calls)
	}
	if after, err := os.ReadFile(migrateSetting); err != nil || string(after) != string(before) {
		t.Errorf("the kernel's setting is %q (%v), it was %q", after, err, before)
	}
}

func TestLingerEndsTheOldOneWithItsLastClient(t *testing.T) {
	old := &envoyAdmin{clients: 1}
	ended := make(chan struct{})
	from, to := serveAdmin(t, old), serveAdmin(t, &envoyAdmin{})
	go func() { defer close(ended); linger(t.Context(), from, to) }()
	select {
	case <-ended:
		t.Fatal("the old Envoy was ended under its client")
	case <-time.After(2 * lingerInterval):
	}
	old.askedFor(t)
	old.setClients(0)
	<-ended
	old.askedFor(t, "POST /quitquitquit")
}

func TestLingerEndsTheOldOneWhenTheOtherFails(t *testing.T) {
	old := &envoyAdmin{clients: 1}
	to, fail := serveAdminUntil(t, &envoyAdmin{})
	fail()
	linger(t.Context(), serveAdmin(t, old), to)
	old.askedFor(t, "POST /quitquitquit")
}

func TestLingerLeavesTheOldOneWhenTheEngineEnds(t *testing.T) {
	old := &envoyAdmin{clients: 1}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	linger(ctx, serveAdmin(t, old), serveAdmin(t, &envoyAdmin{}))
	old.askedFor(t)
}

func TestHandOverLeavesTheOldOneWhenTheOtherNeverServes(t *testing.T) {
	old := &envoyAdmin{listeners: "tcp-443::[::]:443\n"}
	from, to := serveAdmin(t, old), serveAdmin(t, &envoyAdmin{})
	ctx, cancel := context.WithTimeout(t.Context(), 3*pollInterval)
	defer cancel()
	if err := (&Edge{files: files{folder: t.TempDir()}}).handOver(ctx, from, to); err == nil {
		t.Error("a hand-over to an Envoy that does not serve succeeded")
	}
	if len(old.calls) != 0 {
		t.Errorf("the old Envoy was asked %v", old.calls)
	}
}
