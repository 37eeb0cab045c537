package walls

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"time"
)

const askTime = 15 * time.Second

// AskStatus asks the agent with this folder about itself.
func AskStatus(ctx context.Context, folder string) (Status, error) {
	raw, err := ask(ctx, SocketPath(folder), http.MethodGet, statusPath, nil)
	if err != nil {
		return Status{}, err
	}
	var status Status
	return status, json.Unmarshal(raw, &status)
}

func askClaim(ctx context.Context, socket string, claim Claim) error {
	raw, err := json.Marshal(claim)
	if err != nil {
		return err
	}
	_, err = ask(ctx, socket, http.MethodPut, claimsPath, raw)
	return err
}

func askRelease(ctx context.Context, socket, container string) error {
	_, err := ask(ctx, socket, http.MethodDelete, claimsPath+"/"+url.PathEscape(container), nil)
	return err
}

func ask(ctx context.Context, socket, method, path string, body []byte) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, askTime)
	defer cancel()
	transport := &http.Transport{DisableKeepAlives: true, DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, "unix", socket)
	}}
	request, err := http.NewRequestWithContext(ctx, method, "http://agent"+path, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	response, err := (&http.Client{Transport: transport}).Do(request)
	if err != nil {
		return nil, fmt.Errorf("the agent of network policies does not answer: %w", err)
	}
	said, err := io.ReadAll(response.Body)
	if err := errors.Join(err, response.Body.Close()); err != nil {
		return nil, err
	}
	if response.StatusCode/100 != 2 {
		return nil, fmt.Errorf("the agent of network policies: %s", bytes.TrimSpace(said))
	}
	return said, nil
}
