package sandbox

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"os/signal"
	"runtime"
	"syscall"

	"golang.org/x/sys/unix"
)

// innerStage is argv[0] of the second stage, which runs in the new namespaces and becomes the program.
const innerStage = "sandbox-inner"

// Main runs the sandbox for a command line and returns the exit code of the program: 128+signal when a signal
// ended it, 125 when it could not be started.
func Main(argv []string) int {
	spec, err := Parse(argv[1:])
	if err == nil {
		if argv[0] == innerStage {
			err = enter(spec)
		} else {
			var code int
			if code, err = run(spec, argv[1:]); err == nil {
				return code
			}
		}
	}
	fmt.Fprintln(os.Stderr, "sandbox:", err)
	return 125
}

// run starts the second stage in new namespaces, carries its connections and waits for its end.
func run(spec Spec, args []string) (int, error) {
	network, err := newNetwork(spec.Inward)
	if err != nil {
		return 0, err
	}
	for _, forward := range spec.Outward {
		listener, err := listenUnix(forward.Listen)
		if err != nil {
			return 0, err
		}
		defer func() { _ = listener.Close() }()
		go carry(listener, func() (net.Conn, error) { return network.dial(forward.Dial) })
	}
	for index, listener := range network.listeners {
		target := spec.Inward[index].Dial
		go carry(listener, func() (net.Conn, error) { return net.Dial("tcp", target) })
	}

	signals := make(chan os.Signal, 4)
	signal.Notify(signals, syscall.SIGTERM, syscall.SIGINT, syscall.SIGHUP)
	command := &exec.Cmd{
		Path: "/proc/self/exe", Args: append([]string{innerStage}, args...), Env: os.Environ(),
		Stdout: os.Stdout, Stderr: os.Stderr,
		// The parent-death signal follows the thread that forks: that thread is the network's, which never ends.
		SysProcAttr: &syscall.SysProcAttr{Unshareflags: syscall.CLONE_NEWNS, Pdeathsig: syscall.SIGKILL},
	}
	if err := network.start(command); err != nil {
		return 0, fmt.Errorf("could not start %s: %w", spec.Command[0], err)
	}
	go func() {
		for received := range signals {
			// The only failure is that the program has already ended, which Wait reports.
			_ = command.Process.Signal(received)
		}
	}()
	return exitCode(command.Wait())
}

func exitCode(err error) (int, error) {
	var exit *exec.ExitError
	switch {
	case err == nil:
		return 0, nil
	case !errors.As(err, &exit):
		return 0, err
	}
	if status, ok := exit.Sys().(syscall.WaitStatus); ok && status.Signaled() {
		return 128 + int(status.Signal()), nil
	}
	return exit.ExitCode(), nil
}

// network is a thread that lives in a network namespace of its own and works there for others.
type network struct {
	listeners []net.Listener
	work      chan func()
}

// newNetwork makes the namespace, brings its loopback up and listens on the inward forwards.
func newNetwork(inward []Forward) (*network, error) {
	n := &network{work: make(chan func())}
	ready := make(chan error)
	go func() {
		// Never unlocked: the namespace must not return to the scheduler's pool of threads.
		runtime.LockOSThread()
		ready <- n.prepare(inward)
		for task := range n.work {
			task()
		}
	}()
	return n, <-ready
}

func (n *network) prepare(inward []Forward) error {
	if err := unix.Unshare(unix.CLONE_NEWNET); err != nil {
		return fmt.Errorf("could not make a network namespace: %w", err)
	}
	if err := configureLoopback(inward); err != nil {
		return err
	}
	for _, forward := range inward {
		listener, err := net.Listen("tcp", forward.Listen)
		if err != nil {
			return fmt.Errorf("could not listen inside the sandbox: %w", err)
		}
		n.listeners = append(n.listeners, listener)
	}
	return nil
}

// dial connects to an address inside. The socket is made on the namespace's thread and belongs to it from then on.
func (n *network) dial(address string) (net.Conn, error) {
	type result struct {
		connection net.Conn
		err        error
	}
	done := make(chan result, 1)
	n.work <- func() {
		target, err := net.ResolveTCPAddr("tcp", address)
		if err != nil {
			done <- result{err: err}
			return
		}
		connection, err := net.DialTCP("tcp", nil, target)
		done <- result{connection, err}
	}
	made := <-done
	return made.connection, made.err
}

func (n *network) start(command *exec.Cmd) error {
	done := make(chan error, 1)
	n.work <- func() { done <- command.Start() }
	return <-done
}

// configureLoopback brings loopback up and gives it the addresses that inward forwards listen on.
func configureLoopback(inward []Forward) error {
	socket, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return fmt.Errorf("could not open a socket in the sandbox: %w", err)
	}
	defer func() { _ = unix.Close(socket) }()
	request, err := unix.NewIfreq("lo")
	if err != nil {
		return err
	}
	request.SetUint16(unix.IFF_UP)
	if err := unix.IoctlIfreq(socket, unix.SIOCSIFFLAGS, request); err != nil {
		return fmt.Errorf("could not bring up loopback in the sandbox: %w", err)
	}
	for index, forward := range inward {
		target, err := netip.ParseAddrPort(forward.Listen)
		if err != nil {
			return fmt.Errorf("an inward forward listens on an IPv4 address and port: %w", err)
		}
		if target.Addr().IsLoopback() {
			continue
		}
		if err := addAddress(socket, fmt.Sprintf("lo:%d", index), target.Addr().AsSlice()); err != nil {
			return fmt.Errorf("could not give loopback the address %s: %w", target.Addr(), err)
		}
	}
	return nil
}

// addAddress gives an interface's alias one IPv4 address, and no network around it.
func addAddress(socket int, alias string, address []byte) error {
	for _, step := range []struct {
		call    uint
		address []byte
	}{{unix.SIOCSIFADDR, address}, {unix.SIOCSIFNETMASK, []byte{255, 255, 255, 255}}} {
		request, err := unix.NewIfreq(alias)
		if err != nil {
			return err
		}
		if err := request.SetInet4Addr(step.address); err != nil {
			return err
		}
		if err := unix.IoctlIfreq(socket, step.call, request); err != nil {
			return err
		}
	}
	return nil
}
