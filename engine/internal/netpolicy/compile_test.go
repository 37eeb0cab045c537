package netpolicy

import (
	"encoding/json"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

var update = flag.Bool("update", false, "write the golden files anew")

// read makes a world of a file with lists of objects as the API has them.
func read(t testing.TB, path string) World {
	t.Helper()
	raw, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var world World
	if err := json.Unmarshal(raw, &world); err != nil {
		t.Fatalf("%s: %v", path, err)
	}
	return world
}

func TestGolden(t *testing.T) {
	inputs, err := filepath.Glob("testdata/*.json")
	if err != nil || len(inputs) == 0 {
		t.Fatalf("no inputs: %v", err)
	}
	for _, input := range inputs {
		t.Run(strings.TrimSuffix(filepath.Base(input), ".json"), func(t *testing.T) {
			golden := strings.TrimSuffix(input, ".json") + ".nft"
			got := Compile(read(t, input), testSettings())
			if *update {
				if err := os.WriteFile(golden, []byte(got), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(golden)
			if err != nil {
				t.Fatal(err)
			}
			if got != string(want) {
				t.Errorf("the program for %s is now\n%s", input, got)
			}
		})
	}
}

func TestOrderOfObjectsChangesNothing(t *testing.T) {
	inputs, err := filepath.Glob("testdata/*.json")
	if err != nil || len(inputs) == 0 {
		t.Fatalf("no inputs: %v", err)
	}
	for _, input := range inputs {
		world := read(t, input)
		want := Compile(world, testSettings())
		random := rand.New(rand.NewPCG(1, 2))
		for range 20 {
			shuffle(random, world.Namespaces)
			shuffle(random, world.Pods)
			shuffle(random, world.Policies)
			if Compile(world, testSettings()) != want {
				t.Fatalf("%s: another order gives another program", input)
			}
		}
	}
}

func shuffle[T any](random *rand.Rand, all []T) {
	random.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
}

func TestSpansOf(t *testing.T) {
	for _, test := range []struct {
		name   string
		blocks []IPBlock
		want   string
	}{
		{"one address", []IPBlock{{"10.0.0.1/32", nil}}, "10.0.0.1"},
		{"host bits count for nothing", []IPBlock{{"10.0.0.77/24", nil}}, "10.0.0.0-10.0.0.255"},
		{"everything", []IPBlock{{"0.0.0.0/0", nil}}, "0.0.0.0-255.255.255.255"},
		{"a hole at the start", []IPBlock{{"10.0.0.0/30", []string{"10.0.0.0/32"}}}, "10.0.0.1-10.0.0.3"},
		{"a hole at the end", []IPBlock{{"10.0.0.0/30", []string{"10.0.0.3/32"}}}, "10.0.0.0-10.0.0.2"},
		{"a hole in the middle", []IPBlock{{"10.0.0.0/30", []string{"10.0.0.1/32"}}}, "10.0.0.0 10.0.0.2-10.0.0.3"},
		{"holes that overlap", []IPBlock{{"10.0.0.0/24", []string{"10.0.0.0/25", "10.0.0.64/26"}}}, "10.0.0.128-10.0.0.255"},
		{"holes at both ends of all", []IPBlock{{"0.0.0.0/0", []string{"0.0.0.0/1", "255.255.255.255/32"}}}, "128.0.0.0-255.255.255.254"},
		{"nothing but a hole", []IPBlock{{"10.0.0.0/24", []string{"10.0.0.0/24"}}}, ""},
		{"a hole outside", []IPBlock{{"10.0.0.0/31", []string{"10.0.1.0/24"}}}, "10.0.0.0-10.0.0.1"},
		{"another block fills the hole", []IPBlock{{"10.0.0.0/30", []string{"10.0.0.1/32"}}, {"10.0.0.1/32", nil}}, "10.0.0.0-10.0.0.3"},
		{"blocks that touch", []IPBlock{{"10.0.1.0/24", nil}, {"10.0.0.0/24", nil}}, "10.0.0.0-10.0.1.255"},
		{"IPv6", []IPBlock{{"::/0", []string{"fe80::/10"}}}, ""},
		{"what cannot be read", []IPBlock{{"10.0.0.0", nil}, {"10.0.0.0/24", []string{"10.0.0.1"}}}, ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			if got := strings.Join(texts(spansOf(test.blocks), addressText), " "); got != test.want {
				t.Errorf("got %q, want %q", got, test.want)
			}
		})
	}
}

func TestSelectors(t *testing.T) {
	labels := map[string]string{"app": "shop", "tier": "web"}
	for _, test := range []struct {
		selector string
		want     bool
	}{
		{`{}`, true},
		{`{"matchLabels":{"app":"shop"}}`, true},
		{`{"matchLabels":{"app":"shop","tier":"data"}}`, false},
		{`{"matchLabels":{"none":""}}`, false},
		{`{"matchExpressions":[{"key":"app","operator":"In","values":["bank","shop"]}]}`, true},
		{`{"matchExpressions":[{"key":"none","operator":"In","values":[""]}]}`, false},
		{`{"matchExpressions":[{"key":"app","operator":"NotIn","values":["shop"]}]}`, false},
		{`{"matchExpressions":[{"key":"none","operator":"NotIn","values":["shop"]}]}`, true},
		{`{"matchExpressions":[{"key":"tier","operator":"Exists"},{"key":"none","operator":"DoesNotExist"}]}`, true},
		{`{"matchExpressions":[{"key":"tier","operator":"DoesNotExist"}]}`, false},
		{`{"matchLabels":{"app":"shop"},"matchExpressions":[{"key":"none","operator":"Exists"}]}`, false},
		{`{"matchExpressions":[{"key":"app","operator":"Likes","values":["shop"]}]}`, false},
	} {
		var selector Selector
		if err := json.Unmarshal([]byte(test.selector), &selector); err != nil {
			t.Fatal(err)
		}
		if got := selector.matches(labels); got != test.want {
			t.Errorf("%s: %v", test.selector, got)
		}
	}
}

// TestWhoHasAnAddress is about pods that are said to have the same one, or none.
func TestWhoHasAnAddress(t *testing.T) {
	pod := func(uid, phase string, age time.Duration, host bool) Pod {
		p := Pod{Metadata: Metadata{Namespace: "x", Name: uid, UID: uid, CreationTimestamp: time.Unix(1e9, 0).Add(-age)}}
		p.Status.Phase, p.Spec.HostNetwork = phase, host
		p.Status.PodIPs = append(p.Status.PodIPs, struct {
			IP string `json:"ip"`
		}{"10.9.0.9"})
		return p
	}
	for _, test := range []struct {
		name   string
		pods   []Pod
		claims string
		want   string
	}{
		{"one", []Pod{pod("a", "Running", 0, false)}, "{}", "a 10.9.0.9"},
		{"one that has ended", []Pod{pod("a", "Succeeded", 0, false), pod("b", "Failed", 0, false)}, "{}", ""},
		{"one with the node's", []Pod{pod("a", "Running", 0, true)}, `{"a":"10.9.0.8"}`, ""},
		{"the younger of two", []Pod{pod("a", "Running", 1, false), pod("b", "Running", 2, false)}, "{}", "a 10.9.0.9"},
		{"the one that it was given to", []Pod{pod("a", "Running", 1, false), pod("b", "Running", 2, false)}, `{"b":"10.9.0.9"}`, "b 10.9.0.9"},
		{"given to one that is gone", []Pod{pod("a", "Running", 1, false)}, `{"z":"10.9.0.9"}`, ""},
		{"given before it is reported", []Pod{pod("a", "Pending", 1, false)}, `{"a":"10.9.0.7"}`, "a 10.9.0.7"},
	} {
		t.Run(test.name, func(t *testing.T) {
			world := World{Namespaces: []Namespace{{Metadata{Name: "x"}}}, Pods: test.pods}
			if err := json.Unmarshal([]byte(test.claims), &world.Claims); err != nil {
				t.Fatal(err)
			}
			for range 2 {
				var got []string
				for _, each := range endpointsOf(world) {
					got = append(got, fmt.Sprint(each.Metadata.UID, " ", each.address))
				}
				if strings.Join(got, ", ") != test.want {
					t.Errorf("got %q, want %q", got, test.want)
				}
				slices.Reverse(world.Pods)
			}
		})
	}
	if got := endpointsOf(World{Pods: []Pod{pod("a", "Running", 0, false)}}); len(got) != 0 {
		t.Errorf("a pod of a namespace that is not known has an address: %v", got)
	}
}

// large is a full node: 200 pods of 40 tenants, each with the platform's three policies.
func large(t testing.TB) World {
	t.Helper()
	one := read(t, "testdata/tenants.json")
	world := World{}
	for tenant := range 40 {
		name := fmt.Sprintf("bp-tenant-%d", tenant)
		world.Namespaces = append(world.Namespaces, Namespace{Metadata{Name: name, Labels: map[string]string{ManagedLabel: "true"}}})
		for _, policy := range one.Policies[:3] {
			policy.Metadata.Namespace = name
			world.Policies = append(world.Policies, policy)
		}
		for number := range 5 {
			pod := Pod{Metadata: Metadata{Namespace: name, Name: fmt.Sprint("pod-", number), UID: fmt.Sprint(tenant, "-", number)}}
			pod.Status.PodIPs = append(pod.Status.PodIPs, struct {
				IP string `json:"ip"`
			}{fmt.Sprintf("10.9.0.%d", 2+tenant*5+number)})
			world.Pods = append(world.Pods, pod)
		}
	}
	return world
}

func BenchmarkCompile200Pods(b *testing.B) {
	world := large(b)
	for b.Loop() {
		Compile(world, testSettings())
	}
}

// BenchmarkLoad200Pods is how long the whole table of a full node takes into the kernel.
func BenchmarkLoad200Pods(b *testing.B) {
	n := newNetwork(b, nil)
	script := Compile(large(b), testSettings())
	for b.Loop() {
		n.load(b, script)
	}
}
