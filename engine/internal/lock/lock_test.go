package lock

import (
	"bufio"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"testing"

	"brainpod.io/engine/internal/config"
)

const holderDirectory = "LOCK_TEST_HOLDER"

// TestMain lets the test binary play another engine: a lock does not hold against
// the process that has it.
func TestMain(m *testing.M) {
	if dir := os.Getenv(holderDirectory); dir != "" {
		if err := Take(&config.Config{RunDir: dir}); err != nil {
			fmt.Println(err)
			os.Exit(1)
		}
		fmt.Println("held")
		select {}
	}
	os.Exit(m.Run())
}

func TestASecondEngineIsToldTheFirstOnesProcess(t *testing.T) {
	cfg := &config.Config{RunDir: t.TempDir()}
	if pid, err := Holder(cfg); pid != 0 || err != nil {
		t.Fatalf("holder = %d, %v", pid, err)
	}
	first := exec.Command(os.Args[0])
	first.Env = append(os.Environ(), holderDirectory+"="+cfg.RunDir)
	output, err := first.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := first.Start(); err != nil {
		t.Fatal(err)
	}
	if line, err := bufio.NewReader(output).ReadString('\n'); err != nil || line != "held\n" {
		t.Fatalf("%q %v", line, err)
	}
	var held *HeldError
	if err := Take(cfg); !errors.As(err, &held) || held.PID != first.Process.Pid {
		t.Errorf("err = %v", err)
	}
	if pid, err := Holder(cfg); pid != first.Process.Pid || err != nil {
		t.Errorf("holder = %d, %v", pid, err)
	}
	if err := first.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	if first.Wait() == nil {
		t.Fatal("the first ended by itself")
	}
	if pid, err := Holder(cfg); pid != 0 || err != nil {
		t.Errorf("a killed engine still holds: %d, %v", pid, err)
	}
	if err := Take(cfg); err != nil {
		t.Errorf("the lock is not free after its holder was killed: %v", err)
	}
}
