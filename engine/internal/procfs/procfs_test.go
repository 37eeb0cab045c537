package procfs

import (
	"errors"
	"os"
	"os/exec"
	"runtime"
	"slices"
	"testing"
)

func TestParseStatWithAParenthesisInTheName(t *testing.T) {
	const stat = "42 (a) R (b) S 7 9 42 0 -1 4194560 1 0 0 0 1 2 0 0 20 0 5 0 123456 1000 200 1844"
	process, err := parseStat(stat)
	if err != nil {
		t.Fatal(err)
	}
	want := Process{PID: 42, Parent: 7, Group: 9, StartTime: 123456, Name: "a) R (b"}
	if process != want {
		t.Errorf("got %+v, want %+v", process, want)
	}
}

func TestReadsAProcessUntilItIsGone(t *testing.T) {
	command := exec.Command("sleep", "60")
	command.Env = []string{"MARK=1"}
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	pid := command.Process.Pid
	// Start returns a moment before the kernel has put the new arguments in place.
	for len(Arguments(pid)) == 0 {
		runtime.Gosched()
	}
	process, err := Read(pid)
	if err != nil || process.Parent != os.Getpid() {
		t.Fatalf("process = %+v, err = %v", process, err)
	}
	if !IsAlive(pid, process.StartTime) || IsAlive(pid, process.StartTime+1) {
		t.Error("the start time does not tell processes apart")
	}
	if !slices.Contains(Environment(pid), "MARK=1") || !slices.Equal(Arguments(pid), []string{"sleep", "60"}) {
		t.Errorf("environment %v, arguments %v", Environment(pid), Arguments(pid))
	}
	if err := command.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	if err := command.Wait(); err == nil {
		t.Fatal("the process was not killed")
	}
	if _, err := Read(pid); !errors.Is(err, os.ErrNotExist) || IsAlive(pid, process.StartTime) {
		t.Errorf("err = %v", err)
	}
}
