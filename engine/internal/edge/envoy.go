package edge

import (
	"context"
	"fmt"
	"os"
	"runtime"
	"time"

	"brainpod.io/engine/internal/atomicfile"
	"brainpod.io/engine/internal/component"
	"brainpod.io/engine/internal/pki"
	"brainpod.io/engine/internal/reserved"
	"golang.org/x/sys/unix"
)

const (
	// drainTime is how long clients are asked to come back on a new connection before the old Envoy stops listening.
	drainTime = 5 * time.Second
	// Each worker has its own copy of most state; more of them than this serve nobody faster on one machine.
	maxWorkers = 8
)

func (e *Edge) envoy() component.Component {
	return component.Component{
		Name:        EnvoyName,
		Prepare:     func(context.Context) error { return e.writeEnvoyFiles() },
		Command:     func() (component.Command, error) { return e.envoyCommand(Main), nil },
		Ready:       e.envoyReady,
		Settled:     e.exchangeOutdated,
		StopTimeout: 10 * time.Second,
		Survives:    true,
	}
}

func (e *Edge) envoyCommand(instance Instance) component.Command {
	return component.Command{
		Path: e.config.EnvoyBinary,
		Args: append([]string{"--config-path", e.files.bootstrap(instance)}, envoyArgs(mainWorkers())...),
		Env:  withoutProxy,
	}
}

func mainWorkers() int { return min(runtime.NumCPU(), maxWorkers) }

// envoyArgs are the same for both instances.
func envoyArgs(workers int) []string {
	return []string{
		"--concurrency", fmt.Sprint(workers),
		// Envoy's own hot restart cannot exchange a killed or a different Envoy; listening twice can.
		"--disable-hot-restart",
		"--drain-time-s", fmt.Sprintf("%.0f", drainTime.Seconds()), "--drain-strategy", "immediate",
		"--log-level", "warning", "--log-format", "%Y-%m-%dT%T.%e %l %n %v",
		// Each attempt to reach an Envoy Gateway that is away would be a line, for as long as the engine is stopped.
		"--component-log-level", "config:error",
	}
}

// writeEnvoySecrets writes the files by which every Envoy finds its certificate and whom it may trust.
func (e *Edge) writeEnvoySecrets() error {
	if err := os.MkdirAll(e.files.folder, 0o700); err != nil {
		return err
	}
	client, err := e.pki.Issue(pki.Request{
		// Envoy reads the files again when they change: nobody has to be restarted.
		Name: "envoy-xds", Authority: pki.Edge, Usages: pki.Client, Subject: pki.Subject{CommonName: "envoy"},
	})
	if err != nil {
		return err
	}
	certificate, err := certificateSecret(client.Cert, client.Key)
	if err != nil {
		return err
	}
	if err := atomicfile.WriteIfChanged(e.files.xdsCertificate(), certificate, 0o600); err != nil {
		return err
	}
	trusted, err := trustedCASecret(client.CA)
	if err != nil {
		return err
	}
	return atomicfile.WriteIfChanged(e.files.xdsTrustedCA(), trusted, 0o600)
}

// writeEnvoyFiles writes both instances' bootstraps and what they refer to.
func (e *Edge) writeEnvoyFiles() error {
	if err := e.writeEnvoySecrets(); err != nil {
		return err
	}
	for _, instance := range []Instance{Main, Interim} {
		bootstrap, err := e.bootstrap(instance)
		if err != nil {
			return err
		}
		content, err := bootstrap.Render()
		if err != nil {
			return err
		}
		if err := atomicfile.WriteIfChanged(e.files.bootstrap(instance), content, 0o600); err != nil {
			return err
		}
	}
	return nil
}

func (e *Edge) bootstrap(instance Instance) (Bootstrap, error) {
	var descriptors unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_NOFILE, &descriptors); err != nil {
		return Bootstrap{}, err
	}
	var memory unix.Sysinfo_t
	if err := unix.Sysinfo(&memory); err != nil {
		return Bootstrap{}, err
	}
	bootstrap := Bootstrap{
		Cluster: e.config.GatewayClass, Instance: Main,
		AdminSocket: e.files.adminSocket(Main), XDSSocket: e.files.xdsSocket(),
		Certificate: e.files.xdsCertificate(), TrustedCA: e.files.xdsTrustedCA(), StatsPort: reserved.EnvoyStatistics,
		AccessLogSocket: e.config.AccessLogSocket,
		MaxConnections:  maxConnections(descriptors.Max),
		MaxHeapBytes:    maxHeapBytes(memory.Totalram * uint64(memory.Unit)),
	}
	generation, err := generationOf(e.config.EnvoyBinary, envoyArgs(mainWorkers()), bootstrap)
	if err != nil {
		return Bootstrap{}, err
	}
	bootstrap.Generation = generation
	bootstrap.Instance, bootstrap.AdminSocket = instance, e.files.adminSocket(instance)
	return bootstrap, nil
}

// maxConnections leaves a descriptor for the upstream side of each client's connection, and some for the rest.
func maxConnections(descriptors uint64) int {
	const most, reserve = 50_000, 1_000
	if descriptors < 2*reserve {
		return int(descriptors / 4)
	}
	return int(min(most, (descriptors-reserve)/2))
}

// maxHeapBytes is an eighth of the machine's memory, within bounds that a small and a large machine can live with.
func maxHeapBytes(memory uint64) int64 {
	const least, most = 256 << 20, 2 << 30
	return int64(min(max(memory/8, least), most))
}

// envoyReady asks whether Envoy answers; until there is a Gateway it has nothing to serve.
func (e *Edge) envoyReady(ctx context.Context) error {
	_, err := adminAt(e.files.adminSocket(Main)).info(ctx)
	return err
}
