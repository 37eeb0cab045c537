package sandbox

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
)

// The test binary is the sandbox, and the program in it, too.
const programVariable = "SANDBOX_TEST_PROGRAM"

func TestMain(m *testing.M) {
	if os.Args[0] == innerStage || len(os.Args) > 1 && os.Args[1] == "--root" {
		os.Exit(Main(os.Args))
	}
	if os.Getenv(programVariable) != "" {
		if err := program(); err != nil {
			fmt.Println("FAULT", err)
			os.Exit(3)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// program looks around in the sandbox, calls the host once and then answers one caller.
func program() error {
	entries, err := os.ReadDir("/")
	if err != nil {
		return err
	}
	var names []string
	for _, entry := range entries {
		names = append(names, entry.Name())
	}
	fmt.Println("ROOT", strings.Join(names, " "))
	interfaces, err := net.Interfaces()
	if err != nil {
		return err
	}
	fmt.Println("INTERFACES", len(interfaces), interfaces[0].Name)
	if err := os.WriteFile("/data/new", nil, 0o600); err == nil {
		return errors.New("a read-only bind can be written")
	}
	if err := os.WriteFile("/scratch/new", nil, 0o600); err != nil {
		return err
	}
	if file, err := os.OpenFile("/data/closed", os.O_RDONLY, 0); err == nil {
		return errors.Join(errors.New("it has rights that root lost"), file.Close())
	}
	host, err := net.Dial("tcp", "10.1.2.3:7")
	if err != nil {
		return err
	}
	heard, err := io.ReadAll(host)
	if err != nil {
		return err
	}
	fmt.Println("HEARD", string(heard))
	listener, err := net.Listen("tcp", "127.0.0.1:8008")
	if err != nil {
		return err
	}
	fmt.Println("LISTENS")
	caller, err := listener.Accept()
	if err != nil {
		return err
	}
	question, err := io.ReadAll(caller)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(caller, "you asked %s", question)
	return errors.Join(err, caller.Close())
}

func TestSandbox(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("only root may make namespaces")
	}
	folder := t.TempDir()
	for _, name := range []string{"root", "data"} {
		if err := os.Mkdir(filepath.Join(folder, name), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	// Of another user: without capabilities root may not read it.
	closed := filepath.Join(folder, "data", "closed")
	if err := errors.Join(os.WriteFile(closed, nil, 0o600), os.Chown(closed, 65534, 65534)); err != nil {
		t.Fatal(err)
	}
	host, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	go func() {
		if called, err := host.Accept(); err == nil {
			_, _ = io.WriteString(called, "the host")
			_ = called.Close()
		}
	}()
	own, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	socket := filepath.Join(folder, "out.sock")
	command := exec.Command(own, Spec{
		Root:    filepath.Join(folder, "root"),
		Binds:   []Bind{{Source: own, Target: "/program"}, {Source: filepath.Join(folder, "data"), Target: "/data"}},
		Scratch: []string{"/scratch"},
		Inward:  []Forward{{Listen: "10.1.2.3:7", Dial: host.Addr().String()}},
		Outward: []Forward{{Listen: socket, Dial: "127.0.0.1:8008"}},
		Command: []string{"/program"},
	}.Args()...)
	command.Env = append(os.Environ(), programVariable+"=1")
	command.Stderr = os.Stderr
	output, err := command.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(output)
	for _, want := range []string{"ROOT data program scratch", "INTERFACES 1 lo", "HEARD the host", "LISTENS"} {
		if !lines.Scan() || lines.Text() != want {
			t.Fatalf("the program said %q, want %q", lines.Text(), want)
		}
	}
	checkOutside(t, folder, socket)
	if err := command.Wait(); err != nil {
		t.Fatalf("it ended with %v", err)
	}
}

func checkOutside(t *testing.T, folder, socket string) {
	t.Helper()
	mounts, err := os.ReadFile("/proc/self/mountinfo")
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(string(mounts), folder) {
		t.Error("the host sees the sandbox's mounts")
	}
	info, err := os.Stat(socket)
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the socket's mode is %v (%v), want 0600", info.Mode(), err)
	}
	call, err := net.Dial("unix", socket)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.WriteString(call, "why"); err != nil {
		t.Fatal(err)
	}
	// Only half of the connection is closed: the answer must still come through.
	if err := call.(*net.UnixConn).CloseWrite(); err != nil {
		t.Fatal(err)
	}
	answer, err := io.ReadAll(call)
	if err != nil || string(answer) != "you asked why" {
		t.Errorf("the answer is %q (%v)", answer, err)
	}
}

func TestExitCodes(t *testing.T) {
	for script, want := range map[string]int{"exit 0": 0, "exit 7": 7, "kill -9 $$": 137} {
		if got, err := exitCode(exec.Command("sh", "-c", script).Run()); err != nil || got != want {
			t.Errorf("%s: got %d, %v; want %d", script, got, err, want)
		}
	}
}

func TestArgsAndParse(t *testing.T) {
	spec := Spec{
		Root:    "/root",
		Binds:   []Bind{{Source: "/a", Target: "/b"}, {Source: "/c", Target: "/d", Writable: true}},
		Scratch: []string{"/tmp"},
		Inward:  []Forward{{Listen: "10.0.0.1:1", Dial: "10.0.0.1:2"}},
		Outward: []Forward{{Listen: "/s.sock", Dial: "127.0.0.1:3"}},
		Command: []string{"/b", "--flag", "--", "x=y"},
	}
	parsed, err := Parse(spec.Args())
	if err != nil || !reflect.DeepEqual(parsed, spec) {
		t.Errorf("got %+v, %v; want %+v", parsed, err, spec)
	}
}

func TestParseNamesEveryFault(t *testing.T) {
	_, err := Parse([]string{"--root", "here", "--bind", "/a", "--odd", "a=b", "--scratch", "tmp"})
	if err == nil {
		t.Fatal("no fault")
	}
	for _, want := range []string{`--root: "here"`, `--bind: "/a" is not of the form`, "unknown option --odd", "--scratch tmp", "no program"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("%q is not named in: %v", want, err)
		}
	}
	if _, err := Parse([]string{"--root"}); err == nil {
		t.Error("an option without a value is no fault")
	}
}
