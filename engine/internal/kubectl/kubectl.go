// Package kubectl talks to the API server as its administrator.
package kubectl

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"time"

	"brainpod.io/engine/internal/pki"
)

// FieldManager owns the fields of everything that the engine applies.
const FieldManager = "brainpod-engine"

const getTimeout = 10 * time.Second

// Client runs the kubectl that is part of the kube binary. It is safe for concurrent use.
type Client struct {
	kubeBinary string
	kubeconfig string
	server     string
	identity   func() (pki.Paths, error)
}

// New returns a client. kubeconfig is the administrator's file; server is the API
// server's address; identity gives the administrator's certificate, renewed when due.
func New(kubeBinary, kubeconfig, server string, identity func() (pki.Paths, error)) *Client {
	return &Client{kubeBinary: kubeBinary, kubeconfig: kubeconfig, server: server, identity: identity}
}

// Apply makes the objects of a YAML or JSON stream what the cluster has, by
// server-side apply as FieldManager, and takes over fields that others own.
// The error holds kubectl's own words.
func (c *Client) Apply(ctx context.Context, manifests []byte) error {
	_, err := c.run(ctx, manifests, "apply", "--server-side", "--force-conflicts",
		"--field-manager="+FieldManager, "--filename=-")
	return err
}

// Run runs kubectl with the given arguments and returns its standard output.
func (c *Client) Run(ctx context.Context, args ...string) ([]byte, error) {
	return c.run(ctx, nil, args...)
}

func (c *Client) run(ctx context.Context, input []byte, args ...string) ([]byte, error) {
	identity, err := c.identity()
	if err != nil {
		return nil, err
	}
	if err := pki.WriteKubeconfig(c.kubeconfig, c.server, identity); err != nil {
		return nil, err
	}
	command := exec.CommandContext(ctx, c.kubeBinary, append([]string{"kubectl", "--kubeconfig=" + c.kubeconfig}, args...)...)
	// No home: kubectl would cache discovery there, and read what a person put there.
	command.Env = append(os.Environ(), "HOME=/nonexistent", "KUBECONFIG=")
	command.Stdin = bytes.NewReader(input)
	var output, complaint bytes.Buffer
	command.Stdout, command.Stderr = &output, &complaint
	if err := command.Run(); err != nil {
		return nil, fmt.Errorf("kubectl %s: %w: %s", args[0], err, strings.TrimSpace(complaint.String()))
	}
	return output.Bytes(), nil
}

// NotFoundError is returned by Get for a path that the API server has nothing at.
type NotFoundError struct{ Path string }

func (e *NotFoundError) Error() string { return e.Path + " does not exist in the cluster" }

// IsNotFound tells a NotFoundError from other errors.
func IsNotFound(err error) bool {
	var notFound *NotFoundError
	return errors.As(err, &notFound)
}

// Get returns the body of a GET of a raw path such as "/readyz" or
// "/api/v1/nodes/name". An answer other than 2xx is an error, with the answer's
// first words; 404 is a NotFoundError. It starts no process.
func (c *Client) Get(ctx context.Context, path string) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, getTimeout)
	defer cancel()
	client, err := c.httpClient()
	if err != nil {
		return nil, err
	}
	defer client.CloseIdleConnections()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, c.server+path, nil)
	if err != nil {
		return nil, err
	}
	response, err := client.Do(request)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		return nil, err
	}
	switch {
	case response.StatusCode == http.StatusNotFound:
		return nil, &NotFoundError{Path: path}
	case response.StatusCode/100 != 2:
		return nil, fmt.Errorf("%s answered %s: %.300s", path, response.Status, bytes.TrimSpace(body))
	}
	return body, nil
}

func (c *Client) httpClient() (*http.Client, error) {
	identity, err := c.identity()
	if err != nil {
		return nil, err
	}
	certificate, err := tls.LoadX509KeyPair(identity.Cert, identity.Key)
	if err != nil {
		return nil, err
	}
	bundle, err := os.ReadFile(identity.CA)
	if err != nil {
		return nil, err
	}
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(bundle)
	return &http.Client{Transport: &http.Transport{
		// Never through a proxy of the environment: the API server is on this machine.
		Proxy:           nil,
		TLSClientConfig: &tls.Config{Certificates: []tls.Certificate{certificate}, RootCAs: roots, MinVersion: tls.VersionTLS12},
	}}, nil
}
