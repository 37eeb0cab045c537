// Package atomicfile replaces files so that a reader sees the old or the new
// content and never a part, whatever dies in between.
package atomicfile

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
)

// Write replaces the file at path. The folder must exist. The content is on the
// disk when Write returns.
func Write(path string, content []byte, mode os.FileMode) error {
	temporary, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+".")
	if err != nil {
		return fmt.Errorf("cannot write %s: %w", path, err)
	}
	if err := fill(temporary, content, mode); err != nil {
		return discard(temporary, fmt.Errorf("cannot write %s: %w", path, err))
	}
	if err := os.Rename(temporary.Name(), path); err != nil {
		return discard(temporary, fmt.Errorf("cannot replace %s: %w", path, err))
	}
	return nil
}

// WriteIfChanged is Write, but leaves a file alone that has this content and
// mode already. It makes the folder when it is missing.
func WriteIfChanged(path string, content []byte, mode os.FileMode) error {
	if info, err := os.Stat(path); err == nil && info.Mode().Perm() == mode {
		if present, err := os.ReadFile(path); err == nil && bytes.Equal(present, content) {
			return nil
		}
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return fmt.Errorf("cannot write %s: %w", path, err)
	}
	return Write(path, content, mode)
}

func fill(file *os.File, content []byte, mode os.FileMode) error {
	if err := file.Chmod(mode); err != nil {
		return err
	}
	if _, err := file.Write(content); err != nil {
		return err
	}
	if err := file.Sync(); err != nil {
		return err
	}
	return file.Close()
}

func discard(temporary *os.File, cause error) error {
	_ = temporary.Close() // It may be closed already; the cause is what counts.
	if err := os.Remove(temporary.Name()); err != nil {
		return fmt.Errorf("%w (and %s is left over: %v)", cause, temporary.Name(), err)
	}
	return cause
}

// Replace is Write without waiting for the disk: for files that need not outlive
// the machine's next start, and are written often.
func Replace(path string, content []byte, mode os.FileMode) error {
	temporary := filepath.Join(filepath.Dir(path), "."+filepath.Base(path)+".new")
	if err := os.WriteFile(temporary, content, mode); err != nil {
		return fmt.Errorf("cannot write %s: %w", path, err)
	}
	return os.Rename(temporary, path)
}
