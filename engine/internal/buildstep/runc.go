package buildstep

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"

	"brainpod.io/engine/internal/atomicfile"
)

// Run is runc for BuildKit: it completes the bundle of a container that is about to start, and becomes runc. It
// returns only when that fails.
func Run(args, environment []string) error {
	settings, err := readSettings(os.Getenv(SettingsVariable))
	if err != nil {
		return err
	}
	runc := ""
	if settings != nil {
		runc = settings.Runc
		if bundle, starts := bundleOf(args); starts {
			if err := complete(filepath.Join(bundle, "config.json"), *settings); err != nil {
				return err
			}
		}
	}
	if runc == "" {
		if runc, err = exec.LookPath("runc"); err != nil {
			return err
		}
	}
	err = syscall.Exec(runc, append([]string{"runc"}, args[1:]...), environment)
	return fmt.Errorf("%s cannot be executed: %w", runc, err)
}

// bundleOf finds the bundle's folder in a command line of runc that makes a container.
func bundleOf(args []string) (bundle string, starts bool) {
	for index, arg := range args {
		switch {
		case arg == "run" || arg == "create":
			starts = true
		case (arg == "--bundle" || arg == "-b") && index+1 < len(args):
			bundle = args[index+1]
		case strings.HasPrefix(arg, "--bundle="):
			bundle = strings.TrimPrefix(arg, "--bundle=")
		}
	}
	return bundle, starts && bundle != ""
}

func complete(path string, settings Settings) error {
	content, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	completed, err := completeSpec(content, settings)
	if err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	return atomicfile.Write(path, completed, 0o600)
}

// completeSpec adds mounts and environment to a container's OCI specification and leaves all else as it is.
func completeSpec(content []byte, settings Settings) ([]byte, error) {
	var spec map[string]json.RawMessage
	if err := unmarshal(content, &spec); err != nil {
		return nil, err
	}
	var mounts []json.RawMessage
	if err := unmarshal(spec["mounts"], &mounts); err != nil {
		return nil, fmt.Errorf("mounts: %w", err)
	}
	if !hasMemoryAtDev(mounts) {
		// Mounting there would make a file in the step's own layer.
		return nil, errors.New("mounts: /dev is not a tmpfs")
	}
	for _, name := range sortedKeys(settings.Mounts) {
		mount, err := json.Marshal(map[string]any{
			"destination": filepath.Join(stepFolder, name), "type": "bind", "source": settings.Mounts[name],
			"options": []string{"bind", "ro", "nosuid", "nodev", "noexec"},
		})
		if err != nil {
			return nil, err
		}
		mounts = append(mounts, mount)
	}
	process, err := completeProcess(spec["process"], settings.Environment)
	if err != nil {
		return nil, fmt.Errorf("process: %w", err)
	}
	spec["process"] = process
	if spec["mounts"], err = json.Marshal(mounts); err != nil {
		return nil, err
	}
	return json.Marshal(spec)
}

func hasMemoryAtDev(mounts []json.RawMessage) bool {
	return slices.ContainsFunc(mounts, func(raw json.RawMessage) bool {
		var mount struct{ Destination, Type string }
		return json.Unmarshal(raw, &mount) == nil && mount.Destination == "/dev" && mount.Type == "tmpfs"
	})
}

func completeProcess(raw json.RawMessage, wanted map[string]string) (json.RawMessage, error) {
	var process map[string]json.RawMessage
	if err := unmarshal(raw, &process); err != nil {
		return nil, err
	}
	var environment []string
	if err := unmarshal(process["env"], &environment); err != nil {
		return nil, fmt.Errorf("env: %w", err)
	}
	present := map[string]bool{}
	for _, entry := range environment {
		name, _, _ := strings.Cut(entry, "=")
		present[strings.ToLower(name)] = true
	}
	for _, name := range sortedKeys(wanted) {
		// Without regard to case: a step that sets HTTP_PROXY does not want another http_proxy.
		if !present[strings.ToLower(name)] {
			environment = append(environment, name+"="+wanted[name])
		}
	}
	encoded, err := json.Marshal(environment)
	if err != nil {
		return nil, err
	}
	process["env"] = encoded
	return json.Marshal(process)
}

// unmarshal keeps numbers as they are written and takes nothing for an empty value.
func unmarshal[T any](content []byte, into *T) error {
	if len(bytes.TrimSpace(content)) == 0 {
		return nil
	}
	return json.Unmarshal(content, into)
}

func sortedKeys(from map[string]string) []string {
	keys := make([]string, 0, len(from))
	for key := range from {
		keys = append(keys, key)
	}
	slices.Sort(keys)
	return keys
}
