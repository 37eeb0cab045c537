package sandbox

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"syscall"

	"golang.org/x/sys/unix"
)

// enter builds the private root, gives up every capability and becomes the program.
func enter(spec Spec) error {
	// Capabilities belong to a thread: the one that gives them up must be the one that executes.
	runtime.LockOSThread()
	if err := buildRoot(spec); err != nil {
		return err
	}
	if err := dropPrivileges(); err != nil {
		return err
	}
	err := syscall.Exec(spec.Command[0], spec.Command, os.Environ())
	return fmt.Errorf("could not execute %s: %w", spec.Command[0], err)
}

func buildRoot(spec Spec) error {
	// Without this a mount made here would appear on the host.
	if err := unix.Mount("", "/", "", unix.MS_REC|unix.MS_PRIVATE, ""); err != nil {
		return fmt.Errorf("could not make the mount namespace private: %w", err)
	}
	if err := unix.Mount("tmpfs", spec.Root, "tmpfs", unix.MS_NOSUID|unix.MS_NODEV, "mode=0755,size=64m"); err != nil {
		return fmt.Errorf("could not mount the private root: %w", err)
	}
	for _, bind := range spec.Binds {
		if err := bindInto(spec.Root, bind); err != nil {
			return fmt.Errorf("could not bind %s: %w", bind.Source, err)
		}
	}
	for _, path := range spec.Scratch {
		if err := os.MkdirAll(filepath.Join(spec.Root, path), 0o700); err != nil {
			return err
		}
	}
	return changeRoot(spec.Root)
}

func bindInto(root string, bind Bind) error {
	target := filepath.Join(root, bind.Target)
	if err := makeMountPoint(bind.Source, target); err != nil {
		return err
	}
	if err := unix.Mount(bind.Source, target, "", unix.MS_BIND|unix.MS_REC, ""); err != nil {
		return err
	}
	if bind.Writable {
		return nil
	}
	// A bind mount takes its flags only when it is mounted again.
	return unix.Mount("", target, "", unix.MS_BIND|unix.MS_REMOUNT|unix.MS_RDONLY, "")
}

func makeMountPoint(source, target string) error {
	info, err := os.Stat(source)
	if err != nil {
		return err
	}
	if info.IsDir() {
		return os.MkdirAll(target, 0o755)
	}
	if err := os.MkdirAll(filepath.Dir(target), 0o755); err != nil {
		return err
	}
	file, err := os.OpenFile(target, os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	return file.Close()
}

func changeRoot(root string) error {
	if err := unix.Chdir(root); err != nil {
		return err
	}
	// With both arguments the same, the old root lies over the new one until it is unmounted: no directory is needed for it.
	if err := unix.PivotRoot(".", "."); err != nil {
		return fmt.Errorf("could not change the root: %w", err)
	}
	if err := unix.Unmount(".", unix.MNT_DETACH); err != nil {
		return fmt.Errorf("could not leave the old root: %w", err)
	}
	return unix.Chdir("/")
}

// dropPrivileges leaves the program no capability although its user is root, and no way to get one.
func dropPrivileges() error {
	const noRoot, noRootLocked = 1 << 0, 1 << 1
	securebits := unix.Prctl(unix.PR_SET_SECUREBITS, noRoot|noRootLocked, 0, 0, 0)
	ambient := unix.Prctl(unix.PR_CAP_AMBIENT, unix.PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0)
	header := unix.CapUserHeader{Version: unix.LINUX_CAPABILITY_VERSION_3}
	var none [2]unix.CapUserData
	capabilities := unix.Capset(&header, &none[0])
	noNew := unix.Prctl(unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
	if err := errors.Join(securebits, ambient, capabilities, noNew); err != nil {
		return fmt.Errorf("could not give up privileges: %w", err)
	}
	return nil
}
