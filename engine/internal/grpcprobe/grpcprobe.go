// Package grpcprobe asks whether a gRPC server answers, without a gRPC library:
// such a call is one HTTP/2 request.
package grpcprobe

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
)

// An empty message: no compression, length zero.
var emptyMessage = []byte{0, 0, 0, 0, 0}

// Call calls a method such as "/grpc.health.v1.Health/Check" with an empty message
// over a unix socket and returns nil when the server answers with success.
func Call(ctx context.Context, socket, method string) error {
	protocols := new(http.Protocols)
	protocols.SetUnencryptedHTTP2(true)
	transport := &http.Transport{
		Protocols: protocols,
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			return new(net.Dialer).DialContext(ctx, "unix", socket)
		},
	}
	defer transport.CloseIdleConnections()
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://localhost"+method, bytes.NewReader(emptyMessage))
	if err != nil {
		return err
	}
	request.Header.Set("Content-Type", "application/grpc")
	request.Header.Set("TE", "trailers")
	response, err := transport.RoundTrip(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	if _, err := io.Copy(io.Discard, response.Body); err != nil {
		return err
	}
	status, message := response.Trailer.Get("grpc-status"), response.Trailer.Get("grpc-message")
	if status == "" {
		status, message = response.Header.Get("grpc-status"), response.Header.Get("grpc-message")
	}
	if status != "0" {
		return fmt.Errorf("%s answered with status %q: %s", method, status, message)
	}
	return nil
}
