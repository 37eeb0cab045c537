package cluster

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"brainpod.io/engine/internal/atomicfile"
	"brainpod.io/engine/internal/component"
	"brainpod.io/engine/internal/pki"
)

const etcdQuotaBytes = 4 << 30

func (c *Cluster) etcd() component.Component {
	return component.Component{
		Name:        Etcd,
		Prepare:     func(context.Context) error { return c.prepareEtcd() },
		Command:     c.etcdCommand,
		Ready:       c.etcdReady,
		Settled:     func(context.Context) error { return c.noticeEmptyEtcd() },
		StopTimeout: 20 * time.Second,
	}
}

func (c *Cluster) etcdDir() string { return filepath.Join(c.cfg.DataDir, "etcd") }

// prepareEtcd gives each data directory a token of its own, so that two stores
// can never be taken for one.
func (c *Cluster) prepareEtcd() error {
	data := filepath.Join(c.etcdDir(), "data")
	tokenPath := filepath.Join(c.etcdDir(), "token")
	if err := os.MkdirAll(c.etcdDir(), 0o700); err != nil {
		return err
	}
	token, err := os.ReadFile(tokenPath)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	_, err = os.Stat(filepath.Join(data, "member"))
	if errors.Is(err, fs.ErrNotExist) || len(token) == 0 {
		token = []byte(rand.Text())
		if err := atomicfile.WriteIfChanged(tokenPath, token, 0o600); err != nil {
			return err
		}
	} else if err != nil {
		return err
	}
	if err := os.MkdirAll(data, 0o700); err != nil {
		return err
	}
	text := strings.TrimSpace(string(token))
	if c.etcdToken.Swap(&text) == nil {
		c.startedWithToken.Store(&text)
	}
	_, _, err = c.etcdCertificates()
	return err
}

// noticeEmptyEtcd restarts what remembers an etcd that is no more: their caches
// speak of revisions that the new one has not reached, and what they had applied
// is gone.
func (c *Cluster) noticeEmptyEtcd() error {
	now := c.etcdToken.Load()
	if before := c.startedWithToken.Swap(now); before == nil || *before == *now {
		return nil
	}
	c.restart(APIServer)
	return nil
}

func (c *Cluster) etcdCertificates() (server, peer pki.Paths, err error) {
	server, err = c.pki.Issue(pki.Request{
		Name: "etcd-server", Authority: pki.Etcd, Subject: pki.Subject{CommonName: "etcd"},
		// etcd's own gateway shows this certificate as a client, too.
		Names: loopbackNames(), Usages: pki.Server | pki.Client, Users: []string{Etcd},
	})
	if err != nil {
		return server, peer, err
	}
	peer, err = c.pki.Issue(pki.Request{
		Name: "etcd-peer", Authority: pki.Etcd, Subject: pki.Subject{CommonName: "etcd-peer"},
		Names: loopbackNames(), Usages: pki.Server | pki.Client, Users: []string{Etcd},
	})
	return server, peer, err
}

func (c *Cluster) etcdClient(component string) (pki.Paths, error) {
	return c.pki.Issue(pki.Request{
		Name: component + "-etcd-client", Authority: pki.Etcd, Subject: pki.Subject{CommonName: component},
		Usages: pki.Client, Users: []string{component},
	})
}

func (c *Cluster) etcdURL() string { return "https://" + loopback(c.cfg.Ports.EtcdClient) }

func (c *Cluster) etcdCommand() (component.Command, error) {
	server, peer, err := c.etcdCertificates()
	if err != nil {
		return component.Command{}, err
	}
	peerURL := "https://" + loopback(c.cfg.Ports.EtcdPeer)
	return c.binary("etcd",
		"--name=node",
		"--data-dir="+filepath.Join(c.etcdDir(), "data"),
		"--initial-cluster-token="+*c.etcdToken.Load(),
		"--listen-client-urls="+c.etcdURL(),
		"--advertise-client-urls="+c.etcdURL(),
		"--listen-peer-urls="+peerURL,
		"--initial-advertise-peer-urls="+peerURL,
		"--initial-cluster=node="+peerURL,
		"--client-cert-auth", "--trusted-ca-file="+server.CA, "--cert-file="+server.Cert, "--key-file="+server.Key,
		"--peer-client-cert-auth", "--peer-trusted-ca-file="+peer.CA, "--peer-cert-file="+peer.Cert, "--peer-key-file="+peer.Key,
		"--quota-backend-bytes="+strconv.Itoa(etcdQuotaBytes),
		"--auto-compaction-mode=periodic", "--auto-compaction-retention=1h",
		"--logger=zap", "--log-level=warn",
	)
}

func (c *Cluster) etcdReady(ctx context.Context) error {
	identity, err := c.etcdClient("engine")
	if err != nil {
		return err
	}
	body, err := getTLS(ctx, c.etcdURL()+"/health", identity, true)
	if err != nil {
		return err
	}
	if !bytes.Contains(body, []byte(`"health":"true"`)) {
		return fmt.Errorf("etcd says of itself: %.200s", body)
	}
	return nil
}

// getTLS reads a health address of a component on this machine, whose certificate
// is of the identity's authority, and shows the identity's certificate where asked.
func getTLS(ctx context.Context, url string, identity pki.Paths, asClient bool) ([]byte, error) {
	bundle, err := os.ReadFile(identity.CA)
	if err != nil {
		return nil, err
	}
	settings := &tls.Config{RootCAs: x509.NewCertPool(), MinVersion: tls.VersionTLS12}
	settings.RootCAs.AppendCertsFromPEM(bundle)
	if asClient {
		certificate, err := tls.LoadX509KeyPair(identity.Cert, identity.Key)
		if err != nil {
			return nil, err
		}
		settings.Certificates = []tls.Certificate{certificate}
	}
	return get(ctx, url, &http.Transport{TLSClientConfig: settings})
}

// get reads an address on this machine, never through a proxy.
func get(ctx context.Context, url string, transport *http.Transport) ([]byte, error) {
	defer transport.CloseIdleConnections()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return nil, err
	}
	response, err := transport.RoundTrip(request)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		return nil, err
	}
	if response.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("%s answered %s: %.200s", url, response.Status, bytes.TrimSpace(body))
	}
	return body, nil
}
