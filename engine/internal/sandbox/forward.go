package sandbox

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"os"
	"time"
)

const acceptPause = 100 * time.Millisecond

// listenUnix listens on a unix socket that only its owner may use, in place of one that an earlier run left.
func listenUnix(path string) (net.Listener, error) {
	if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("could not remove the old socket: %w", err)
	}
	listener, err := net.Listen("unix", path)
	if err != nil {
		return nil, err
	}
	if err := os.Chmod(path, 0o600); err != nil {
		return nil, errors.Join(err, listener.Close())
	}
	return listener, nil
}

// carry joins each accepted connection with one that dial makes, until the listener closes.
func carry(listener net.Listener, dial func() (net.Conn, error)) {
	for {
		accepted, err := listener.Accept()
		if errors.Is(err, net.ErrClosed) {
			return
		}
		if err != nil {
			fmt.Fprintln(os.Stderr, "sandbox: could not accept a connection:", err)
			// Such as too many open files: it would fail again at once.
			time.Sleep(acceptPause)
			continue
		}
		go func() {
			dialled, err := dial()
			if err != nil {
				// The program is not listening yet; whoever called sees a closed connection and comes again.
				_ = accepted.Close()
				return
			}
			join(accepted, dialled)
		}()
	}
}

type halfCloser interface{ CloseWrite() error }

// join copies both ways and passes each side's end on, so that half-closed connections keep working.
func join(left, right net.Conn) {
	done := make(chan struct{}, 2)
	pipe := func(to, from net.Conn) {
		_, err := io.Copy(to, from)
		if half, ok := to.(halfCloser); ok && err == nil {
			// It fails only on a connection that is already gone.
			_ = half.CloseWrite()
		} else {
			_ = to.Close()
			_ = from.Close()
		}
		done <- struct{}{}
	}
	go pipe(left, right)
	go pipe(right, left)
	<-done
	<-done
	_ = left.Close()
	_ = right.Close()
}
