package walls

import (
	"context"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// api is an API server of three lists that do what a test says.
type api struct {
	t      testing.TB
	server *httptest.Server

	mu sync.Mutex
	// objects by list and key; version counts their changes.
	objects map[string]map[string]string
	version int
	// lists counts the lists that were asked for, by path; since the versions from which watches began.
	lists map[string]int
	since []string
	// watches are those that go on.
	watches map[chan string]string
	// expired is the list whose next watch is refused as too old.
	expired string
}

const (
	namespacesPath = "/api/v1/namespaces"
	podsPath       = "/api/v1/pods"
	policiesPath   = "/apis/networking.k8s.io/v1/networkpolicies"
	waitTime       = 10 * time.Second
)

func newAPI(t testing.TB) *api {
	t.Helper()
	a := &api{
		t: t, objects: map[string]map[string]string{namespacesPath: {}, podsPath: {}, policiesPath: {}},
		lists: map[string]int{}, watches: map[chan string]string{},
	}
	a.server = httptest.NewServer(a)
	t.Cleanup(func() { a.end(); a.server.Close() })
	return a
}

func (a *api) client() *client { return &client{server: a.server.URL, http: a.server.Client()} }

func (a *api) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.URL.Query().Get("watch") == "" {
		a.serveList(w, r)
		return
	}
	events := make(chan string, 100)
	a.mu.Lock()
	a.since = append(a.since, r.URL.Path+"@"+r.URL.Query().Get("resourceVersion"))
	expired := a.expired == r.URL.Path
	if expired {
		a.expired = ""
	} else {
		a.watches[events] = r.URL.Path
	}
	a.mu.Unlock()
	if expired {
		fmt.Fprint(w, `{"type":"ERROR","object":{"kind":"Status","code":410,"message":"too old"}}`)
		return
	}
	w.WriteHeader(http.StatusOK)
	w.(http.Flusher).Flush()
	for event := range events {
		fmt.Fprintln(w, event)
		w.(http.Flusher).Flush()
	}
}

// serveList gives one object a page.
func (a *api) serveList(w http.ResponseWriter, r *http.Request) {
	a.mu.Lock()
	defer a.mu.Unlock()
	objects := a.objects[r.URL.Path]
	keys := slices.Sorted(maps.Keys(objects))
	from := r.URL.Query().Get("continue")
	if from == "" {
		a.lists[r.URL.Path]++
	} else {
		keys = keys[slices.Index(keys, from):]
	}
	next, items := "", ""
	if len(keys) > 0 {
		items = objects[keys[0]]
	}
	if len(keys) > 1 {
		next = keys[1]
	}
	fmt.Fprintf(w, `{"metadata":{"resourceVersion":"%d","continue":%q},"items":[%s]}`, a.version, next, items)
}

// object is one of a list, with the version of now.
func (a *api) object(path, key, rest string) string {
	namespace, name, found := strings.Cut(key, "/")
	if !found {
		namespace, name = "", key
	}
	if rest != "" {
		rest = "," + rest
	}
	return fmt.Sprintf(`{"metadata":{"namespace":%q,"name":%q,"uid":%q,"resourceVersion":"%d","labels":{"name":%q}}%s}`,
		namespace, name, path+key, a.version, name, rest)
}

func (a *api) put(path, key, rest string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.version++
	kind := "MODIFIED"
	if _, there := a.objects[path][key]; !there {
		kind = "ADDED"
	}
	a.objects[path][key] = a.object(path, key, rest)
	a.send(path, fmt.Sprintf(`{"type":%q,"object":%s}`, kind, a.objects[path][key]))
}

func (a *api) delete(path, key string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.version++
	delete(a.objects[path], key)
	a.send(path, fmt.Sprintf(`{"type":"DELETED","object":%s}`, a.object(path, key, "")))
}

func (a *api) send(path, event string) {
	for events, watched := range a.watches {
		if watched == path {
			events <- event
		}
	}
}

func (a *api) bookmark(path string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.version++
	a.send(path, fmt.Sprintf(`{"type":"BOOKMARK","object":{"metadata":{"resourceVersion":"%d"}}}`, a.version))
}

// end ends all watches, as an API server does now and then.
func (a *api) end() {
	a.mu.Lock()
	defer a.mu.Unlock()
	for events := range a.watches {
		close(events)
	}
	a.watches = map[chan string]string{}
}

func (a *api) waitForWatches(count int) {
	a.t.Helper()
	eventually(a.t, "watches", func() bool {
		a.mu.Lock()
		defer a.mu.Unlock()
		return len(a.watches) == count
	})
}

func eventually(t testing.TB, what string, condition func() bool) {
	t.Helper()
	for deadline := time.Now().Add(waitTime); !condition(); time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("%s: not in %s", what, waitTime)
		}
	}
}

// followed is a store that follows the api until the test ends.
func followed(t *testing.T, a *api) *store {
	t.Helper()
	s := newStore(a.client())
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() { defer close(done); s.follow(ctx, t.Logf) }()
	t.Cleanup(func() { cancel(); <-done })
	a.waitForWatches(3)
	return s
}

// names are the keys of all that the store has.
func (s *store) names() string {
	world, complete := s.world()
	if !complete {
		return "not complete"
	}
	var all []string
	for _, each := range world.Namespaces {
		all = append(all, each.Metadata.Name)
	}
	for _, each := range world.Pods {
		all = append(all, each.Metadata.Key())
	}
	for _, each := range world.Policies {
		all = append(all, each.Metadata.Key())
	}
	slices.Sort(all)
	return strings.Join(all, " ")
}

func (s *store) expect(t *testing.T, want string) {
	t.Helper()
	for deadline := time.Now().Add(waitTime); s.names() != want; time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("it has %q, want %q", s.names(), want)
		}
	}
}

func TestStoreFollowsLists(t *testing.T) {
	a := newAPI(t)
	a.put(namespacesPath, "x", "")
	for _, pod := range []string{"x/1", "x/2", "x/3"} {
		a.put(podsPath, pod, "")
	}
	s := followed(t, a)
	s.expect(t, "x x/1 x/2 x/3")
	a.put(policiesPath, "x/policy", `"spec":{"podSelector":{},"ingress":[{"from":[{"podSelector":{}}],"ports":[{"port":80},{"port":"http"}]}]}`)
	a.delete(podsPath, "x/2")
	s.expect(t, "x x/1 x/3 x/policy")
	world, _ := s.world()
	rule := world.Policies[0].Spec.Ingress[0]
	if len(rule.Peers) != 1 || rule.Ports[0].Port.Number != 80 || rule.Ports[1].Port.Name != "http" {
		t.Errorf("the policy was read as %+v", rule)
	}
}

func TestAWatchIsTakenUpWhereItStood(t *testing.T) {
	a := newAPI(t)
	s := followed(t, a)
	a.put(podsPath, "x/1", "")
	s.expect(t, "x/1")
	a.bookmark(policiesPath)
	// An object after the bookmark in the same stream tells that the bookmark was read.
	a.put(policiesPath, "x/p", "")
	s.expect(t, "x/1 x/p")
	a.end()
	a.waitForWatches(3)
	a.mu.Lock()
	since := slices.Sorted(slices.Values(a.since[3:]))
	a.mu.Unlock()
	want := []string{namespacesPath + "@0", podsPath + "@1", policiesPath + "@3"}
	slices.Sort(want)
	if !slices.Equal(since, want) {
		t.Errorf("watches began again at %v, want %v", since, want)
	}
	if a.lists[podsPath] != 1 {
		t.Errorf("pods were listed %d times", a.lists[podsPath])
	}
}

func TestAWatchThatIsTooOldListsAnew(t *testing.T) {
	a := newAPI(t)
	a.put(podsPath, "x/1", "")
	s := followed(t, a)
	s.expect(t, "x/1")
	a.mu.Lock()
	// Nobody is told of this one.
	delete(a.objects[podsPath], "x/1")
	a.objects[podsPath]["x/2"] = a.object(podsPath, "x/2", "")
	a.expired = podsPath
	a.mu.Unlock()
	a.end()
	s.expect(t, "x/2")
	if a.lists[podsPath] != 2 || a.lists[policiesPath] != 1 {
		t.Errorf("lists: %v", a.lists)
	}
}

func TestOnlyWhatMattersIsTold(t *testing.T) {
	s := newStore(nil)
	for _, test := range []struct {
		object  string
		deleted bool
		told    bool
	}{
		{`{"metadata":{"name":"a"},"status":{"phase":"Pending"}}`, false, true},
		{`{"metadata":{"name":"a","resourceVersion":"7"},"status":{"phase":"Pending","conditions":[{"type":"Ready"}]}}`, false, false},
		{`{"metadata":{"name":"a"},"status":{"phase":"Running"}}`, false, true},
		{`{"metadata":{"name":"b"}}`, true, false},
		{`{"metadata":{"name":"a"}}`, true, true},
	} {
		pod, err := s.pods.decode([]byte(test.object))
		if err != nil {
			t.Fatal(err)
		}
		s.pods.change(pod, test.deleted)
		if told := len(s.changed) == 1; told != test.told {
			t.Errorf("%s: told is %v", test.object, told)
		}
		for len(s.changed) > 0 {
			<-s.changed
		}
	}
}
