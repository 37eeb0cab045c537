package grpcprobe

import (
	"context"
	"errors"
	"net"
	"net/http"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// serve answers like a gRPC server: HTTP/2 without TLS, the status in the trailer.
func serve(t *testing.T, status string) string {
	t.Helper()
	socket := filepath.Join(t.TempDir(), "s")
	listener, err := net.Listen("unix", socket)
	if err != nil {
		t.Fatal(err)
	}
	protocols := new(http.Protocols)
	protocols.SetUnencryptedHTTP2(true)
	server := &http.Server{Protocols: protocols, Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/test.Service/Method" || r.Header.Get("Content-Type") != "application/grpc" {
			status = "12"
		}
		w.Header().Set("Trailer", "Grpc-Status, Grpc-Message")
		w.Header().Set("Content-Type", "application/grpc")
		w.WriteHeader(http.StatusOK)
		if _, err := w.Write(emptyMessage); err != nil {
			t.Error(err)
		}
		w.Header().Set("Grpc-Status", status)
		w.Header().Set("Grpc-Message", "in words")
	})}
	done := make(chan error, 1)
	go func() { done <- server.Serve(listener) }()
	t.Cleanup(func() {
		if err := server.Close(); err != nil {
			t.Error(err)
		}
		if err := <-done; !errors.Is(err, http.ErrServerClosed) {
			t.Error(err)
		}
	})
	return socket
}

func TestCallGoesByTheStatusInTheTrailer(t *testing.T) {
	if err := Call(context.Background(), serve(t, "0"), "/test.Service/Method"); err != nil {
		t.Error(err)
	}
	err := Call(context.Background(), serve(t, "14"), "/test.Service/Method")
	if err == nil || !strings.Contains(err.Error(), "in words") {
		t.Errorf("err = %v", err)
	}
}

// A stopped process still has its socket: the kernel takes the connection.
func TestCallGivesUpOnAServerThatDoesNotAnswer(t *testing.T) {
	socket := filepath.Join(t.TempDir(), "s")
	listener, err := net.Listen("unix", socket)
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	ctx, cancel := context.WithTimeout(context.Background(), 100*time.Millisecond)
	defer cancel()
	if err := Call(ctx, socket, "/test.Service/Method"); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("err = %v", err)
	}
}
