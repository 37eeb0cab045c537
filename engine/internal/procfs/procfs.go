// Package procfs reads what the kernel says about processes.
package procfs

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// Process is one running process. StartTime is in clock ticks since boot: with
// the id it names a process for good, since ids are used again.
type Process struct {
	PID       int
	Parent    int
	Group     int
	StartTime uint64
	// Name is the program's, cut to 15 characters by the kernel.
	Name string
	// Zombie is a process that has ended and that nobody has waited for.
	Zombie bool
}

// Read returns a process, or an error that is os.ErrNotExist when there is none.
func Read(pid int) (Process, error) {
	raw, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return Process{}, gone(err)
	}
	return parseStat(string(raw))
}

// parseStat reads /proc/<pid>/stat. The name is in parentheses and may contain any
// character, so what follows is found from the last closing one.
func parseStat(stat string) (Process, error) {
	open, end := strings.IndexByte(stat, '('), strings.LastIndexByte(stat, ')')
	if open < 0 || end < open {
		return Process{}, fmt.Errorf("unexpected process state %q", stat)
	}
	fields := strings.Fields(stat[end+1:])
	if len(fields) < 20 {
		return Process{}, fmt.Errorf("unexpected process state %q", stat)
	}
	pid, err1 := strconv.Atoi(strings.TrimSpace(stat[:open]))
	parent, err2 := strconv.Atoi(fields[1])
	group, err3 := strconv.Atoi(fields[2])
	started, err4 := strconv.ParseUint(fields[19], 10, 64)
	if err := errors.Join(err1, err2, err3, err4); err != nil {
		return Process{}, err
	}
	return Process{
		PID: pid, Parent: parent, Group: group, StartTime: started,
		Name: stat[open+1 : end], Zombie: fields[0] == "Z" || fields[0] == "X",
	}, nil
}

// List returns every process that is running now, in no order.
func List() ([]Process, error) {
	entries, err := os.ReadDir("/proc")
	if err != nil {
		return nil, err
	}
	var found []Process
	for _, entry := range entries {
		pid, err := strconv.Atoi(entry.Name())
		if err != nil {
			continue
		}
		process, err := Read(pid)
		if errors.Is(err, os.ErrNotExist) {
			continue
		}
		if err != nil {
			return nil, err
		}
		found = append(found, process)
	}
	return found, nil
}

// IsAlive tells whether the process with this id and start time still runs.
func IsAlive(pid int, startTime uint64) bool {
	process, err := Read(pid)
	return err == nil && process.StartTime == startTime && !process.Zombie
}

// Arguments is a process's command line; empty for a kernel thread or one that is gone.
func Arguments(pid int) []string { return readList(pid, "cmdline") }

// Environment is a process's environment as it was when it was started.
func Environment(pid int) []string { return readList(pid, "environ") }

// Program is the path of a process's binary; empty when it cannot be read.
func Program(pid int) string {
	path, err := os.Readlink(fmt.Sprintf("/proc/%d/exe", pid))
	if err != nil {
		return ""
	}
	return strings.TrimSuffix(path, " (deleted)")
}

// Describe names a process for people: the program's name, and its id.
func Describe(pid int) string {
	if program := Program(pid); program != "" {
		return fmt.Sprintf("%s (process %d)", filepath.Base(program), pid)
	}
	if process, err := Read(pid); err == nil {
		return fmt.Sprintf("%s (process %d)", process.Name, pid)
	}
	return fmt.Sprintf("process %d", pid)
}

func readList(pid int, file string) []string {
	raw, err := os.ReadFile(fmt.Sprintf("/proc/%d/%s", pid, file))
	if err != nil || len(raw) == 0 {
		return nil
	}
	return strings.Split(string(bytes.TrimRight(raw, "\x00")), "\x00")
}

// gone makes "no such process", which reading an ending process gives, the same as
// a missing file.
func gone(err error) error {
	if strings.Contains(err.Error(), "no such process") {
		return fmt.Errorf("%w: %v", os.ErrNotExist, err)
	}
	return err
}
