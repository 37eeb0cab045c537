package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"brainpod.io/engine/internal/atomicfile"
	"brainpod.io/engine/internal/cgroups"
	"brainpod.io/engine/internal/cluster"
	"brainpod.io/engine/internal/config"
	"brainpod.io/engine/internal/doctor"
	"brainpod.io/engine/internal/kubectl"
	"brainpod.io/engine/internal/lock"
	"brainpod.io/engine/internal/network"
	"brainpod.io/engine/internal/owned"
	"brainpod.io/engine/internal/pki"
	"brainpod.io/engine/internal/platform"
	"brainpod.io/engine/internal/probe"
	"brainpod.io/engine/internal/procfs"
	"brainpod.io/engine/internal/supervise"
	"brainpod.io/engine/internal/variant"
)

const (
	networkCheck     = 30 * time.Second
	certificateCheck = time.Hour
	stragglersEnd    = 20 * time.Second
	renewalRestart   = 5 * time.Minute
)

// report is status.json.
type report struct {
	PID        int                `json:"pid"`
	StartedAt  time.Time          `json:"startedAt"`
	Ready      bool               `json:"ready"`
	Variant    variant.Variant    `json:"variant"`
	Kubeconfig string             `json:"kubeconfig"`
	Components []supervise.Status `json:"components"`
}

func logf(format string, args ...any) { log.Printf(format, args...) }

// runEngine runs everything until the context ends.
func runEngine(ctx context.Context, cfg *config.Config, _ bool) error {
	log.SetFlags(log.LstdFlags | log.LUTC)
	startedAt := time.Now().UTC()
	for _, dir := range []string{cfg.DataDir, cfg.RunDir, cfg.LogDir} {
		if err := os.MkdirAll(dir, 0o755); err != nil {
			return fmt.Errorf("cannot make a folder of the engine: %w", err)
		}
	}
	if err := lock.Take(cfg); err != nil {
		return err
	}
	if err := endStragglers(cfg); err != nil {
		return err
	}
	decided, err := examine(ctx, cfg)
	if err != nil {
		return err
	}
	// Whatever is started from here on can be told by this.
	name, value, _ := strings.Cut(owned.Mark(cfg), "=")
	if err := os.Setenv(name, value); err != nil {
		return err
	}
	if err := network.Ensure(ctx, cfg); err != nil {
		return err
	}
	if err := cgroups.Ensure(cfg.Name, decided.CgroupDriver); err != nil {
		return err
	}
	go func() {
		if err := platform.RemoveEarlier(cfg); err != nil {
			logf("what an engine before this one built cannot be removed: %v", err)
		}
	}()
	return supervised(ctx, cfg, decided, startedAt)
}

// examine refuses a machine that cannot run the engine before anything is done to it.
func examine(ctx context.Context, cfg *config.Config) (variant.Variant, error) {
	if err := probe.WaitForDyingHolders(ctx, cfg, stragglersEnd); err != nil {
		return variant.Variant{}, err
	}
	facts, err := probe.Gather(ctx, cfg)
	if err != nil {
		return variant.Variant{}, err
	}
	// The lock that it sees is ours.
	facts.Engine = 0
	results := doctor.Check(facts)
	for _, r := range results {
		if r.Warning {
			logf("%s: %s. %s", r.Title, r.Found, r.Remedy)
		}
	}
	if failed := doctor.Failed(results); len(failed) > 0 {
		fmt.Fprintln(os.Stderr, "This machine cannot run the engine yet:")
		printResults(os.Stderr, failed)
		return variant.Variant{}, errReported
	}
	return variant.Decide(facts), nil
}

func supervised(ctx context.Context, cfg *config.Config, decided variant.Variant, startedAt time.Time) error {
	keys := pki.New(filepath.Join(cfg.DataDir, "pki"), time.Now)
	client := kubectl.New(cfg.Bin("kube"), cfg.AdminKubeconfig(), cfg.APIServerURL(),
		func() (pki.Paths, error) { return cluster.AdminIdentity(keys) })
	var supervisor *supervise.Supervisor
	kubernetes := cluster.New(cfg, keys, client, decided, probe.CNIDir(), func(name string) { supervisor.RestartWithDependants(name) })

	wasReady, everReady := false, false
	publish := func(all []supervise.Status) {
		ready := supervise.IsUp(all)
		switch {
		case ready && !everReady:
			logf("everything is ready, %s after the start", time.Since(startedAt).Round(time.Millisecond))
		case ready && !wasReady:
			logf("everything is ready again")
		}
		wasReady, everReady = ready, everReady || ready
		if err := writeStatus(cfg, decided, startedAt, ready, all); err != nil {
			logf("the status cannot be written: %v", err)
		}
	}
	supervisor, err := supervise.New(supervise.Options{
		Components: components(cfg, keys, client, kubernetes),
		LogDir:     cfg.LogDir, RunDir: cfg.RunDir, OnStatus: publish, Logf: logf,
	})
	if err != nil {
		return err
	}
	logf("engine %s starts with cgroup %s, driver %s, CAP_SYS_RESOURCE %t", version,
		decided.Cgroup, decided.CgroupDriver, decided.CapSysResource)
	publish(supervisor.Snapshot())
	go maintain(ctx, cfg, keys, kubernetes, supervisor)
	err = supervisor.Run(ctx)
	logf("stopped")
	return err
}

func writeStatus(
	cfg *config.Config, decided variant.Variant, startedAt time.Time, ready bool, all []supervise.Status,
) error {
	content, err := json.MarshalIndent(report{
		PID: os.Getpid(), StartedAt: startedAt, Ready: ready, Variant: decided,
		Kubeconfig: cfg.Kubeconfig(), Components: all,
	}, "", "  ")
	if err != nil {
		return err
	}
	return atomicfile.Replace(filepath.Join(cfg.RunDir, "status.json"), append(content, '\n'), 0o644)
}

// maintain keeps the network as it must be, and certificates fresh.
func maintain(
	ctx context.Context, cfg *config.Config, keys *pki.PKI, kubernetes *cluster.Cluster, supervisor *supervise.Supervisor,
) {
	networkTicks, certificateTicks := time.NewTicker(networkCheck), time.NewTicker(certificateCheck)
	defer networkTicks.Stop()
	defer certificateTicks.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-networkTicks.C:
			if err := network.Ensure(ctx, cfg); err != nil && ctx.Err() == nil {
				logf("the network: %v", err)
			}
		case <-certificateTicks.C:
			if err := renewCertificates(ctx, keys, kubernetes, supervisor); err != nil && ctx.Err() == nil {
				logf("the certificates: %v", err)
			}
		}
	}
}

// renewCertificates restarts those that use renewed certificates one after the
// other, so that there is always as much as possible that serves.
func renewCertificates(
	ctx context.Context, keys *pki.PKI, kubernetes *cluster.Cluster, supervisor *supervise.Supervisor,
) error {
	users, err := keys.Renew()
	faults := []error{err}
	for _, user := range users {
		logf("%s: restarting with renewed certificates", user)
		limited, cancel := context.WithTimeout(ctx, renewalRestart)
		err := supervisor.RestartAndWait(limited, user)
		cancel()
		if err != nil {
			// The others have new certificates, too: they must be restarted all the same.
			faults = append(faults, fmt.Errorf("%s did not come back with renewed certificates in time: %w", user, err))
		}
	}
	return errors.Join(append(faults, kubernetes.WriteKubeconfigs())...)
}

// endStragglers kills what an engine before this one was still running when it was
// killed, except what is to outlive it: containers, their shims and survivors.
func endStragglers(cfg *config.Config) error {
	for deadline := time.Now().Add(stragglersEnd); ; time.Sleep(20 * time.Millisecond) {
		processes, err := owned.Processes(cfg)
		if err != nil {
			return err
		}
		survivors, err := supervise.Survivors(cfg.RunDir)
		if err != nil {
			return err
		}
		left := 0
		for _, process := range processes {
			if process.Kind != owned.Part || survivors[process.Group] {
				continue
			}
			left = process.PID
			if err := syscall.Kill(process.PID, syscall.SIGKILL); err != nil && !errors.Is(err, syscall.ESRCH) {
				return err
			}
		}
		if left == 0 {
			return nil
		}
		if time.Now().After(deadline) {
			return fmt.Errorf("%s of an engine before this one cannot be ended", procfs.Describe(left))
		}
	}
}
