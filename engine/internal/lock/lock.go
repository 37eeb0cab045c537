// Package lock lets one engine at a time use a run directory.
package lock

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"

	"brainpod.io/engine/internal/config"
)

// HeldError says who holds the lock.
type HeldError struct{ PID int }

func (e *HeldError) Error() string {
	return fmt.Sprintf("an engine is running here already (process %d)", e.PID)
}

func path(cfg *config.Config) string { return filepath.Join(cfg.RunDir, "engine.lock") }

// Take holds the lock until the process ends, however it ends. When another
// process has it, the error is a HeldError.
func Take(cfg *config.Config) error {
	file, err := os.OpenFile(path(cfg), os.O_RDWR|os.O_CREATE, 0o644)
	if err != nil {
		return err
	}
	if err := unix.Flock(int(file.Fd()), unix.LOCK_EX|unix.LOCK_NB); err != nil {
		pid := readPID(file)
		if closeErr := file.Close(); closeErr != nil {
			return closeErr
		}
		if errors.Is(err, unix.EWOULDBLOCK) {
			return &HeldError{PID: pid}
		}
		return fmt.Errorf("cannot lock %s: %w", path(cfg), err)
	}
	if err := file.Truncate(0); err != nil {
		return err
	}
	_, err = file.WriteAt([]byte(strconv.Itoa(os.Getpid())+"\n"), 0)
	// Kept open, and from the garbage collector, for as long as the process lives.
	held = append(held, file)
	return err
}

var held []*os.File

// Holder is the process id of the engine that has the lock; zero when none has.
func Holder(cfg *config.Config) (int, error) {
	file, err := os.Open(path(cfg))
	if errors.Is(err, fs.ErrNotExist) {
		return 0, nil
	}
	if err != nil {
		return 0, err
	}
	defer file.Close()
	err = unix.Flock(int(file.Fd()), unix.LOCK_SH|unix.LOCK_NB)
	if errors.Is(err, unix.EWOULDBLOCK) {
		return readPID(file), nil
	}
	return 0, err
}

func readPID(file *os.File) int {
	raw, err := io.ReadAll(io.NewSectionReader(file, 0, 32))
	if err != nil {
		return 0
	}
	pid, err := strconv.Atoi(strings.TrimSpace(string(raw)))
	if err != nil {
		// The holder has not written it yet.
		return 0
	}
	return pid
}
