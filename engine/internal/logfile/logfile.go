// Package logfile keeps a process's output within a size.
package logfile

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
)

const (
	// MaxBytes is how large a log file grows before it is rotated.
	MaxBytes = 10 << 20
	// Kept is how many rotated files are kept beside the current one.
	Kept = 3

	maxLastLine = 300
)

// Writer appends to a file and rotates it by renaming: name.log becomes
// name.log.1, and so on. It is safe for concurrent use.
type Writer struct {
	path     string
	maxBytes int64

	mu   sync.Mutex
	file *os.File
	size int64
	last []byte
}

// Open opens or makes a log file. A maxBytes of zero means MaxBytes.
func Open(path string, maxBytes int64) (*Writer, error) {
	if maxBytes == 0 {
		maxBytes = MaxBytes
	}
	w := &Writer{path: path, maxBytes: maxBytes}
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return nil, err
	}
	if err := w.open(); err != nil {
		return nil, err
	}
	return w, nil
}

func (w *Writer) open() error {
	file, err := OpenAppend(w.path)
	if err != nil {
		return err
	}
	info, err := file.Stat()
	if err != nil {
		return errors.Join(err, file.Close())
	}
	w.file, w.size = file, info.Size()
	return nil
}

// Write appends; a file that would grow over its size is rotated first.
func (w *Writer) Write(p []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.remember(p)
	if w.size > 0 && w.size+int64(len(p)) > w.maxBytes {
		if err := w.rotate(); err != nil {
			return 0, err
		}
	}
	n, err := w.file.Write(p)
	w.size += int64(n)
	return n, err
}

// LastLine is the last line that is not empty, cut to a length fit for a message.
func (w *Writer) LastLine() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return string(w.last)
}

// Close closes the file.
func (w *Writer) Close() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.file.Close()
}

func (w *Writer) remember(p []byte) {
	lines := bytes.Split(bytes.TrimSpace(p), []byte("\n"))
	if last := bytes.TrimSpace(lines[len(lines)-1]); len(last) > 0 {
		w.last = bytes.Clone(last[:min(len(last), maxLastLine)])
	}
}

func (w *Writer) rotate() error {
	if err := w.file.Close(); err != nil {
		return err
	}
	if err := shift(w.path); err != nil {
		return err
	}
	if err := renameIfThere(w.path, numbered(w.path, 1)); err != nil {
		return err
	}
	return w.open()
}

// OpenAppend opens a log file for a process that writes it by itself.
func OpenAppend(path string) (*os.File, error) {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return nil, err
	}
	return os.OpenFile(path, os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o640)
}

// RotateInPlace rotates the file of a process that has it open itself and will
// not open it again: the content is copied and the file emptied. What is written
// between the two is lost, which is why Writer does not work this way.
func RotateInPlace(path string, maxBytes int64) error {
	if maxBytes == 0 {
		maxBytes = MaxBytes
	}
	info, err := os.Stat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil || info.Size() <= maxBytes {
		return err
	}
	if err := shift(path); err != nil {
		return err
	}
	if err := copyFile(path, numbered(path, 1)); err != nil {
		return err
	}
	return os.Truncate(path, 0)
}

func shift(path string) error {
	for i := Kept - 1; i >= 1; i-- {
		if err := renameIfThere(numbered(path, i), numbered(path, i+1)); err != nil {
			return err
		}
	}
	return nil
}

func numbered(path string, i int) string { return fmt.Sprintf("%s.%d", path, i) }

func renameIfThere(from, to string) error {
	if err := os.Rename(from, to); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

func copyFile(from, to string) error {
	source, err := os.Open(from)
	if err != nil {
		return err
	}
	defer source.Close()
	target, err := os.OpenFile(to, os.O_CREATE|os.O_WRONLY|os.O_TRUNC, 0o640)
	if err != nil {
		return err
	}
	if _, err := io.Copy(target, source); err != nil {
		return errors.Join(err, target.Close())
	}
	return target.Close()
}
