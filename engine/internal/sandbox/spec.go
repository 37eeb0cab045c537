// Package sandbox runs one program in a mount and network namespace of its own: a root that holds only what is
// bound into it, and a network that has nothing but loopback. What must pass between the program and the host
// passes through named forwards. Both namespaces end with the program, so nothing is left on the host.
package sandbox

import (
	"errors"
	"fmt"
	"path/filepath"
	"strings"
)

// Spec says what a sandboxed program sees.
type Spec struct {
	// Root is an existing empty directory on which the private root is mounted. The host never sees the mount.
	Root string
	// Binds are the host's files and directories that the program sees.
	Binds []Bind
	// Scratch are writable directories that live in memory and end with the program.
	Scratch []string
	// Inward forwards carry connections from the program's loopback to the host.
	Inward []Forward
	// Outward forwards carry connections from a unix socket of the host to the program's loopback.
	Outward []Forward
	// Command is the program, as seen inside, with its arguments.
	Command []string
}

// Bind makes the host's path Source appear as Target; read-only unless Writable.
type Bind struct {
	Source, Target string
	Writable       bool
}

// Forward carries stream connections from Listen to Dial. Of an inward forward Listen is "IP:port" inside and Dial
// "IP:port" outside; of an outward one Listen is the path of a unix socket outside and Dial "IP:port" inside.
type Forward struct {
	Listen, Dial string
}

// Args renders the specification as the arguments that Parse reads.
func (s Spec) Args() []string {
	args := []string{"--root", s.Root}
	for _, bind := range s.Binds {
		name := "--bind"
		if bind.Writable {
			name = "--bind-writable"
		}
		args = append(args, name, bind.Source+"="+bind.Target)
	}
	for _, path := range s.Scratch {
		args = append(args, "--scratch", path)
	}
	for _, forward := range s.Inward {
		args = append(args, "--inward", forward.Listen+"="+forward.Dial)
	}
	for _, forward := range s.Outward {
		args = append(args, "--outward", forward.Listen+"="+forward.Dial)
	}
	return append(append(args, "--"), s.Command...)
}

// Parse reads what Args wrote. It returns every fault at once.
func Parse(args []string) (Spec, error) {
	var spec Spec
	var faults []error
	for len(args) > 0 && args[0] != "--" {
		if len(args) < 2 {
			return Spec{}, fmt.Errorf("%s needs a value", args[0])
		}
		if err := spec.set(args[0], args[1]); err != nil {
			faults = append(faults, err)
		}
		args = args[2:]
	}
	if len(args) > 0 {
		spec.Command = args[1:]
	}
	return spec, errors.Join(append(faults, spec.check())...)
}

func (s *Spec) set(name, value string) error {
	left, right, paired := strings.Cut(value, "=")
	switch name {
	case "--root":
		s.Root = value
		return nil
	case "--scratch":
		s.Scratch = append(s.Scratch, value)
		return nil
	}
	if !paired {
		return fmt.Errorf("%s: %q is not of the form LEFT=RIGHT", name, value)
	}
	switch name {
	case "--bind", "--bind-writable":
		s.Binds = append(s.Binds, Bind{Source: left, Target: right, Writable: name == "--bind-writable"})
	case "--inward":
		s.Inward = append(s.Inward, Forward{Listen: left, Dial: right})
	case "--outward":
		s.Outward = append(s.Outward, Forward{Listen: left, Dial: right})
	default:
		return fmt.Errorf("unknown option %s", name)
	}
	return nil
}

func (s *Spec) check() error {
	var faults []error
	absolute := map[string]string{"--root": s.Root}
	for _, bind := range s.Binds {
		absolute["--bind source "+bind.Source] = bind.Source
		absolute["--bind target "+bind.Target] = bind.Target
	}
	for _, path := range s.Scratch {
		absolute["--scratch "+path] = path
	}
	for name, path := range absolute {
		if !filepath.IsAbs(path) {
			faults = append(faults, fmt.Errorf("%s: %q is not an absolute path", name, path))
		}
	}
	if len(s.Command) == 0 {
		faults = append(faults, errors.New("no program is named after --"))
	}
	return errors.Join(faults...)
}
