package logfile

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestWriterRotatesAndKeepsThree(t *testing.T) {
	path := filepath.Join(t.TempDir(), "logs", "x.log")
	w, err := Open(path, 20)
	if err != nil {
		t.Fatal(err)
	}
	for i := range 12 {
		if _, err := fmt.Fprintf(w, "line %04d\n", i); err != nil {
			t.Fatal(err)
		}
	}
	if got := w.LastLine(); got != "line 0011" {
		t.Errorf("last line = %q", got)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	for file, want := range map[string]string{
		path: "line 0010\nline 0011\n", path + ".1": "line 0008\nline 0009\n",
		path + ".2": "line 0006\nline 0007\n", path + ".3": "line 0004\nline 0005\n",
	} {
		if raw, err := os.ReadFile(file); err != nil || string(raw) != want {
			t.Errorf("%s = %q, %v", file, raw, err)
		}
	}
	if _, err := os.Stat(path + ".4"); !os.IsNotExist(err) {
		t.Errorf("a fourth rotated file was kept: %v", err)
	}
}

func TestWriterGoesOnWhereItWas(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x.log")
	for range 2 {
		w, err := Open(path, 14)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write([]byte("12345678\n")); err != nil {
			t.Fatal(err)
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
	}
	if raw, err := os.ReadFile(path + ".1"); err != nil || string(raw) != "12345678\n" {
		t.Errorf("the size of the first run was forgotten: %q, %v", raw, err)
	}
}

func TestRotateInPlaceLeavesTheOpenFileUsable(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x.log")
	file, err := OpenAppend(path)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	before := strings.Repeat("a", 30)
	if _, err := file.WriteString(before); err != nil {
		t.Fatal(err)
	}
	if err := RotateInPlace(path, 20); err != nil {
		t.Fatal(err)
	}
	if _, err := file.WriteString("after"); err != nil {
		t.Fatal(err)
	}
	old, err1 := os.ReadFile(path + ".1")
	current, err2 := os.ReadFile(path)
	if err1 != nil || err2 != nil || string(old) != before || string(current) != "after" {
		t.Errorf("old %q %v, current %q %v", old, err1, current, err2)
	}
}
