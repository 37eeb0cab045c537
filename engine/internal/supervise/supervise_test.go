package supervise

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"brainpod.io/engine/internal/component"
	"brainpod.io/engine/internal/procfs"
)

const childDirectory = "SUPERVISE_TEST_CHILD"

// TestMain lets the test binary play an engine of its own, to be killed.
func TestMain(m *testing.M) {
	if dir := os.Getenv(childDirectory); dir != "" {
		if err := playEngine(dir); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	os.Exit(m.Run())
}

func playEngine(dir string) error {
	s, err := New(Options{
		Components: []component.Component{sleeper("mortal"), survivor("survivor")},
		LogDir:     filepath.Join(dir, "logs"), RunDir: dir, Timing: quick,
		OnStatus: func(all []Status) {
			if raw, err := json.Marshal(all); err == nil && IsUp(all) {
				_ = os.WriteFile(filepath.Join(dir, "up.json"), raw, 0o600) // The test waits for it.
			}
		},
	})
	if err != nil {
		return err
	}
	return s.Run(context.Background())
}

var quick = Timing{
	ReadyPoll: 5 * time.Millisecond, HealthPoll: 10 * time.Millisecond, FailedChecks: 3,
	BackoffFirst: 10 * time.Millisecond, BackoffMost: 50 * time.Millisecond, StopTimeout: 5 * time.Second,
	StartTimeout: 5 * time.Second,
}

func shell(script string) func() (component.Command, error) {
	return func() (component.Command, error) {
		return component.Command{Path: "/bin/sh", Args: []string{"-c", script}}, nil
	}
}

func sleeper(name string, needs ...string) component.Component {
	return component.Component{Name: name, Needs: needs, Command: func() (component.Command, error) {
		return component.Command{Path: "/bin/sleep", Args: []string{"300"}}, nil
	}}
}

func survivor(name string) component.Component {
	c := sleeper(name)
	c.Survives = true
	return c
}

type running struct {
	*Supervisor
	t    *testing.T
	stop func()
}

// run starts a supervisor that is stopped, and waited for, at the test's end.
func run(t *testing.T, dir string, components ...component.Component) running {
	t.Helper()
	s, err := New(Options{
		Components: components, LogDir: filepath.Join(dir, "logs"), RunDir: dir, Timing: quick, Logf: t.Logf,
	})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- s.Run(ctx) }()
	stop := sync.OnceFunc(func() {
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
	t.Cleanup(stop)
	return running{Supervisor: s, t: t, stop: stop}
}

func (r running) until(what string, condition func(map[string]Status) bool) map[string]Status {
	r.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	var last map[string]Status
	err := r.WaitUntil(ctx, func(all []Status) bool {
		last = map[string]Status{}
		for _, status := range all {
			last[status.Name] = status
		}
		return condition(last)
	})
	if err != nil {
		r.t.Fatalf("never came: %s; %+v", what, last)
	}
	return last
}

func (r running) up() map[string]Status {
	r.t.Helper()
	return r.until("all up", func(all map[string]Status) bool {
		for _, status := range all {
			if status.State != Ready || !status.Settled {
				return false
			}
		}
		return true
	})
}

func eventually(t *testing.T, what string, condition func() bool) {
	t.Helper()
	for deadline := time.Now().Add(20 * time.Second); !condition(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("never came: %s", what)
		}
	}
}

func mustKill(t *testing.T, pid int, signal syscall.Signal) {
	t.Helper()
	if err := syscall.Kill(pid, signal); err != nil {
		t.Fatal(err)
	}
}

func TestNewNamesEveryFaultOfTheGraph(t *testing.T) {
	_, err := New(Options{LogDir: t.TempDir(), Components: []component.Component{
		sleeper("a", "b"), sleeper("b", "a"), sleeper("c", "nothing"), sleeper("c"),
	}})
	for _, want := range []string{"needs itself", "two components are named c"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q is missing in %v", want, err)
		}
	}
	_, err = New(Options{LogDir: t.TempDir(), Components: []component.Component{sleeper("c", "nothing")}})
	if err == nil || !strings.Contains(err.Error(), "needs nothing, which there is not") {
		t.Errorf("err = %v", err)
	}
}

func TestStartsInOrderAndOnlyWhenReady(t *testing.T) {
	gate := make(chan struct{})
	first := sleeper("first")
	first.Ready = func(context.Context) error {
		select {
		case <-gate:
			return nil
		default:
			return errors.New("not yet")
		}
	}
	r := run(t, t.TempDir(), sleeper("second", "first"), first)
	all := r.until("first starting", func(all map[string]Status) bool {
		return all["first"].State == Starting && all["second"].WaitsFor == "first"
	})
	if all["second"].State != Waiting || all["second"].PID != 0 {
		t.Errorf("second = %+v", all["second"])
	}
	close(gate)
	r.up()
}

func TestKilledProcessComesBackAndItsDependantGoesOn(t *testing.T) {
	r := run(t, t.TempDir(), sleeper("base"), sleeper("dependant", "base"))
	before := r.up()
	mustKill(t, before["base"].PID, syscall.SIGKILL)
	after := r.until("base again", func(all map[string]Status) bool {
		return all["base"].State == Ready && all["base"].PID != before["base"].PID
	})
	if after["base"].Restarts != 1 || after["dependant"].PID != before["dependant"].PID || after["dependant"].Restarts != 0 {
		t.Errorf("after = %+v", after)
	}
}

func TestHungProcessIsRestartedButNotForTheFaultOfWhatItNeeds(t *testing.T) {
	var mu sync.Mutex
	sick := map[string]bool{}
	check := func(name string) func(context.Context) error {
		return func(context.Context) error {
			mu.Lock()
			defer mu.Unlock()
			if sick[name] {
				return errors.New("no answer")
			}
			return nil
		}
	}
	set := func(name string, value bool) {
		mu.Lock()
		defer mu.Unlock()
		sick[name] = value
	}
	base, dependant := sleeper("base"), sleeper("dependant", "base")
	base.Ready, dependant.Ready = check("base"), check("dependant")
	r := run(t, t.TempDir(), base, dependant)
	before := r.up()

	set("base", true)
	// The dependant falls ill of it a moment later, as it would in life.
	eventually(t, "base's first failed check", func() bool { return r.isAnyUnwell([]string{"base"}) })
	set("dependant", true)
	r.until("base restarted", func(all map[string]Status) bool { return all["base"].Restarts >= 1 })
	// base stays sick, so the dependant's failing checks must not count.
	time.Sleep(10 * quick.HealthPoll)
	if all := r.Snapshot(); all[1].PID != before["dependant"].PID {
		t.Errorf("the dependant was restarted: %+v", all)
	}
	set("base", false)
	r.until("dependant restarted", func(all map[string]Status) bool { return all["dependant"].Restarts >= 1 })
	set("dependant", false)
	r.up()
}

func TestOneThatNeverServesFailsAndIsTriedOn(t *testing.T) {
	r := run(t, t.TempDir(), component.Component{
		Name: "broken", Command: shell("echo first; echo the reason >&2; exit 3"),
		Ready: func(context.Context) error { return errors.New("never") },
	})
	all := r.until("failed", func(all map[string]Status) bool { return all["broken"].State == Failed })
	if message := all["broken"].Message; !strings.Contains(message, "exit status 3") || !strings.Contains(message, "the reason") {
		t.Errorf("message = %q", message)
	}
	restarts := all["broken"].Restarts
	r.until("another try", func(all map[string]Status) bool { return all["broken"].Restarts > restarts })
}

func TestPrepareErrorIsSaidAndTriedAgain(t *testing.T) {
	tries := 0
	c := sleeper("c")
	c.Prepare = func(context.Context) error {
		if tries++; tries < 3 {
			return errors.New("disk is full")
		}
		return nil
	}
	r := run(t, t.TempDir(), c)
	all := r.until("the message", func(all map[string]Status) bool { return all["c"].State == Backoff })
	if !strings.Contains(all["c"].Message, "disk is full") {
		t.Errorf("c = %+v", all["c"])
	}
	r.up()
}

func TestSettlesAgainAfterEachReadiness(t *testing.T) {
	var mu sync.Mutex
	calls := 0
	c := sleeper("c")
	c.Settled = func(context.Context) error {
		mu.Lock()
		defer mu.Unlock()
		if calls++; calls == 1 {
			return errors.New("not at once")
		}
		return nil
	}
	r := run(t, t.TempDir(), c)
	first := r.up()
	mustKill(t, first["c"].PID, syscall.SIGKILL)
	r.until("settled again", func(all map[string]Status) bool {
		return all["c"].PID != first["c"].PID && all["c"].State == Ready && all["c"].Settled
	})
	mu.Lock()
	defer mu.Unlock()
	if calls != 3 {
		t.Errorf("settled was called %d times, want 3", calls)
	}
}

func TestStopsInTheReverseOrderAndKillsWhatDoesNotStop(t *testing.T) {
	dir := t.TempDir()
	ended := filepath.Join(dir, "ended")
	withTrap := func(name string, needs ...string) component.Component {
		return component.Component{Name: name, Needs: needs, Command: shell(
			fmt.Sprintf(`trap 'echo %s >> %s; exit 0' TERM; while :; do sleep 0.01; done`, name, ended))}
	}
	deaf := component.Component{
		Name: "deaf", Needs: []string{"b"}, StopTimeout: 50 * time.Millisecond,
		Command: shell(`trap '' TERM; while :; do sleep 0.01; done`),
	}
	r := run(t, dir, withTrap("a"), withTrap("b", "a"), withTrap("c", "b"), deaf)
	all := r.up()
	// A shell that got its signal before its trap would end without a word.
	time.Sleep(100 * time.Millisecond)
	r.stop()
	raw, err := os.ReadFile(ended)
	if err != nil || string(raw) != "c\nb\na\n" {
		t.Errorf("ended = %q, %v", raw, err)
	}
	for name, status := range all {
		eventually(t, "the end of "+name, func() bool { return syscall.Kill(-status.PID, 0) != nil })
	}
	for _, status := range r.Snapshot() {
		if status.State != Stopped || status.PID != 0 {
			t.Errorf("status = %+v", status)
		}
	}
}

func TestEndsTheChildrenThatAProcessLeavesBehind(t *testing.T) {
	dir := t.TempDir()
	child := filepath.Join(dir, "child")
	r := run(t, dir, component.Component{
		Name: "parent", Command: shell("sleep 300 & echo $! > " + child + ".new; mv " + child + ".new " + child + "; wait"),
	})
	all := r.up()
	var pid int
	eventually(t, "the child", func() bool {
		raw, err := os.ReadFile(child)
		return err == nil && len(raw) > 0 && func() bool { _, err := fmt.Sscan(string(raw), &pid); return err == nil }()
	})
	mustKill(t, all["parent"].PID, syscall.SIGKILL)
	eventually(t, "the child's end", func() bool { process, err := procfs.Read(pid); return err != nil || process.Zombie })
}

func TestRestartOnRequest(t *testing.T) {
	r := run(t, t.TempDir(), sleeper("a"), sleeper("b", "a"))
	before := r.up()
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	if err := r.RestartAndWait(ctx, "a"); err != nil {
		t.Fatal(err)
	}
	after := r.until("anything", func(map[string]Status) bool { return true })
	if after["a"].State != Ready || after["a"].PID == before["a"].PID || after["a"].Restarts != 1 {
		t.Errorf("a = %+v", after["a"])
	}
	if after["b"].PID != before["b"].PID {
		t.Error("b was restarted too")
	}
}

func TestRestartWithDependantsKeepsTheirOrderAndSurvivors(t *testing.T) {
	var mu sync.Mutex
	var order []string
	noting := func(c component.Component) component.Component {
		c.Prepare = func(context.Context) error {
			mu.Lock()
			defer mu.Unlock()
			order = append(order, c.Name)
			return nil
		}
		return c
	}
	lasting := survivor("lasting")
	lasting.Needs = []string{"a"}
	r := run(t, t.TempDir(), noting(sleeper("c", "b")), noting(sleeper("b", "a")), noting(sleeper("a")), sleeper("x"), lasting)
	before := r.up()
	r.RestartWithDependants("a")
	after := r.until("all again", func(all map[string]Status) bool {
		return all["a"].Restarts == 1 && all["b"].Restarts == 1 && all["c"].State == Ready && all["c"].Restarts == 1
	})
	if after["x"].PID != before["x"].PID || after["lasting"].PID != before["lasting"].PID {
		t.Error("something else was restarted")
	}
	mu.Lock()
	defer mu.Unlock()
	if got := strings.Join(order, " "); got != "a b c a b c" {
		t.Errorf("order = %s", got)
	}
	mustKill(t, after["lasting"].PID, syscall.SIGKILL)
}

func TestLogsWhatTheProcessSays(t *testing.T) {
	dir := t.TempDir()
	r := run(t, dir, component.Component{Name: "talker", Command: shell("echo out; echo err >&2; exec sleep 300")})
	r.up()
	eventually(t, "the log", func() bool {
		raw, err := os.ReadFile(filepath.Join(dir, "logs", "talker.log"))
		return err == nil && string(raw) == "out\nerr\n"
	})
}

// The engine is killed: its children end with it, its survivor goes on and the
// next engine adopts it, restarts it when it is killed, and leaves it at its end.
func TestSurvivorIsAdoptedAfterTheEngineWasKilled(t *testing.T) {
	dir := t.TempDir()
	engine := exec.Command(os.Args[0])
	engine.Env = append(os.Environ(), childDirectory+"="+dir)
	engine.Stderr = os.Stderr
	if err := engine.Start(); err != nil {
		t.Fatal(err)
	}
	var up []Status
	eventually(t, "the first engine up", func() bool {
		raw, err := os.ReadFile(filepath.Join(dir, "up.json"))
		return err == nil && json.Unmarshal(raw, &up) == nil
	})
	mortal, survived := up[0].PID, up[1].PID
	if err := engine.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	if err := engine.Wait(); err == nil {
		t.Fatal("the engine was not killed")
	}
	eventually(t, "the mortal's end", func() bool {
		process, err := procfs.Read(mortal)
		return err != nil || process.Zombie
	})
	if _, err := procfs.Read(survived); err != nil {
		t.Fatalf("the survivor ended: %v", err)
	}

	next := run(t, dir, sleeper("mortal"), survivor("survivor"))
	adopted := next.up()
	if adopted["survivor"].PID != survived || adopted["mortal"].PID == mortal {
		t.Errorf("adopted = %+v", adopted)
	}
	mustKill(t, survived, syscall.SIGKILL)
	again := next.until("the survivor anew", func(all map[string]Status) bool {
		return all["survivor"].State == Ready && all["survivor"].PID != survived
	})["survivor"].PID
	next.stop()
	if process, err := procfs.Read(again); err != nil || process.Zombie {
		t.Errorf("the survivor did not outlive its engine: %v", err)
	}
	mustKill(t, again, syscall.SIGKILL)
}

// An id that was given to another process since must not be adopted.
func TestDoesNotAdoptAProcessWithAnotherStartTime(t *testing.T) {
	dir := t.TempDir()
	stranger := exec.Command("sleep", "300")
	if err := stranger.Start(); err != nil {
		t.Fatal(err)
	}
	if err := os.MkdirAll(filepath.Join(dir, "survivors"), 0o755); err != nil {
		t.Fatal(err)
	}
	content := fmt.Sprintf(`{"pid":%d,"startTime":1}`, stranger.Process.Pid)
	if err := os.WriteFile(RecordPath(dir, "survivor"), []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	r := run(t, dir, survivor("survivor"))
	all := r.up()
	if all["survivor"].PID == stranger.Process.Pid {
		t.Error("a stranger was adopted")
	}
	r.stop()
	mustKill(t, all["survivor"].PID, syscall.SIGKILL)
	mustKill(t, stranger.Process.Pid, syscall.SIGKILL)
	if err := stranger.Wait(); err == nil {
		t.Error("the stranger ended by itself")
	}
}
