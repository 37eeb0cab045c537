package cluster

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strconv"

	"brainpod.io/engine/internal/component"
	"brainpod.io/engine/internal/pki"
)

const (
	serviceAccountIssuer = "https://kubernetes.default.svc.cluster.local"
	frontProxyName       = "front-proxy-client"
)

func (c *Cluster) apiServer() component.Component {
	return component.Component{
		Name:    APIServer,
		Needs:   []string{Etcd},
		Prepare: func(context.Context) error { return c.prepareAPIServer() },
		Command: c.apiServerCommand,
		Ready: func(ctx context.Context) error {
			_, err := c.kubectl.Get(ctx, "/readyz")
			return err
		},
		Settled: func(ctx context.Context) error {
			if err := c.kubectl.Apply(ctx, accessRules()); err != nil {
				return err
			}
			return c.WriteKubeconfigs()
		},
	}
}

// apiServerIdentities are the certificates with which the API server shows itself.
type apiServerIdentities struct {
	serving, etcd, kubelet, frontProxy pki.Paths
	tokenKey                           string
}

func (c *Cluster) apiServerIdentities() (ids apiServerIdentities, err error) {
	ids.serving, err = c.servingCertificate(APIServer, pki.Subject{CommonName: APIServer}, pki.Names{
		DNS: []string{
			"kubernetes", "kubernetes.default", "kubernetes.default.svc", "kubernetes.default.svc.cluster.local",
		},
		IPs: []net.IP{net.ParseIP(c.cfg.NodeAddress), firstServiceAddress(c.cfg.ServiceCIDR)},
	})
	if err != nil {
		return ids, err
	}
	if ids.etcd, err = c.etcdClient(APIServer); err != nil {
		return ids, err
	}
	ids.kubelet, err = c.pki.Issue(pki.Request{
		Name: "kube-apiserver-kubelet-client", Authority: pki.Cluster, Usages: pki.Client,
		Subject: pki.Subject{CommonName: kubeletClientUser}, Users: []string{APIServer},
	})
	if err != nil {
		return ids, err
	}
	ids.frontProxy, err = c.pki.Issue(pki.Request{
		Name: frontProxyName, Authority: pki.FrontProxy, Usages: pki.Client,
		Subject: pki.Subject{CommonName: frontProxyName}, Users: []string{APIServer},
	})
	if err != nil {
		return ids, err
	}
	ids.tokenKey, err = c.pki.KeyFile("service-account")
	return ids, err
}

func (c *Cluster) prepareAPIServer() error {
	if _, err := c.apiServerIdentities(); err != nil {
		return err
	}
	if err := c.writeConfig("authentication.json", object{
		"apiVersion": "apiserver.config.k8s.io/v1", "kind": "AuthenticationConfiguration", "jwt": []object{},
		"anonymous": object{"enabled": true, "conditions": []object{
			{"path": "/livez"}, {"path": "/readyz"}, {"path": "/healthz"},
		}},
	}); err != nil {
		return err
	}
	return c.ensureEncryptionKey()
}

func (c *Cluster) encryptionPath() string {
	return filepath.Join(c.cfg.DataDir, "pki", "encryption.json")
}

// ensureEncryptionKey makes the key that secrets are stored under, once: without it
// they could not be read any more.
func (c *Cluster) ensureEncryptionKey() error {
	if _, err := os.Stat(c.encryptionPath()); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	key := make([]byte, 32)
	if _, err := rand.Read(key); err != nil {
		return err
	}
	providers := []object{
		{"secretbox": object{"keys": []object{{"name": "first", "secret": base64.StdEncoding.EncodeToString(key)}}}},
		{"identity": object{}},
	}
	return c.writeConfigAt(c.encryptionPath(), object{
		"apiVersion": "apiserver.config.k8s.io/v1", "kind": "EncryptionConfiguration",
		"resources": []object{{"resources": []string{"secrets"}, "providers": providers}},
	})
}

func (c *Cluster) apiServerCommand() (component.Command, error) {
	ids, err := c.apiServerIdentities()
	if err != nil {
		return component.Command{}, err
	}
	return c.binary(APIServer,
		"--bind-address="+c.cfg.NodeAddress,
		"--advertise-address="+c.cfg.NodeAddress,
		"--secure-port="+strconv.Itoa(c.cfg.Ports.APIServer),
		"--tls-cert-file="+ids.serving.Cert, "--tls-private-key-file="+ids.serving.Key,
		"--tls-min-version=VersionTLS12",
		"--client-ca-file="+ids.serving.CA,
		"--authentication-config="+c.configPath("authentication.json"),
		"--authorization-mode=Node,RBAC",
		"--enable-admission-plugins=NodeRestriction",
		"--allow-privileged",
		"--profiling=false",
		"--etcd-servers="+c.etcdURL(),
		"--etcd-cafile="+ids.etcd.CA, "--etcd-certfile="+ids.etcd.Cert, "--etcd-keyfile="+ids.etcd.Key,
		"--encryption-provider-config="+c.encryptionPath(),
		"--service-cluster-ip-range="+c.cfg.ServiceCIDR,
		"--service-account-issuer="+serviceAccountIssuer,
		"--service-account-key-file="+ids.tokenKey, "--service-account-signing-key-file="+ids.tokenKey,
		"--kubelet-preferred-address-types=InternalIP",
		"--kubelet-certificate-authority="+ids.kubelet.CA,
		"--kubelet-client-certificate="+ids.kubelet.Cert, "--kubelet-client-key="+ids.kubelet.Key,
		"--enable-aggregator-routing",
		"--proxy-client-cert-file="+ids.frontProxy.Cert, "--proxy-client-key-file="+ids.frontProxy.Key,
		"--requestheader-client-ca-file="+ids.frontProxy.CA,
		"--requestheader-allowed-names="+frontProxyName,
		"--requestheader-extra-headers-prefix=X-Remote-Extra-",
		"--requestheader-group-headers=X-Remote-Group",
		"--requestheader-username-headers=X-Remote-User",
	)
}

func (c *Cluster) controllerManager() component.Component {
	return c.loopOver(ControllerManager, controllerManagerHealthPort, "system:kube-controller-manager",
		func() ([]string, error) {
			tokenKey, err := c.pki.KeyFile("service-account")
			if err != nil {
				return nil, err
			}
			root, err := c.pki.CAPath(pki.Cluster)
			return []string{
				"--service-account-private-key-file=" + tokenKey,
				"--root-ca-file=" + root,
				"--use-service-account-credentials",
				"--terminated-pod-gc-threshold=200",
				"--kube-api-qps=50", "--kube-api-burst=100",
			}, err
		})
}

func (c *Cluster) scheduler() component.Component {
	return c.loopOver(Scheduler, schedulerHealthPort, "system:kube-scheduler",
		func() ([]string, error) { return []string{"--kube-api-qps=50", "--kube-api-burst=100"}, nil })
}

// loopOver is a component that watches the API server and serves only its own state.
func (c *Cluster) loopOver(name string, port int, user string, more func() ([]string, error)) component.Component {
	identities := func() (kubeconfig string, serving pki.Paths, err error) {
		if kubeconfig, err = c.clientKubeconfig(name, pki.Subject{CommonName: user}); err != nil {
			return kubeconfig, serving, err
		}
		serving, err = c.servingCertificate(name, pki.Subject{CommonName: name}, loopbackNames())
		return kubeconfig, serving, err
	}
	return component.Component{
		Name:  name,
		Needs: []string{APIServer},
		Prepare: func(context.Context) error {
			_, _, err := identities()
			return err
		},
		Command: func() (component.Command, error) {
			kubeconfig, serving, err := identities()
			if err != nil {
				return component.Command{}, err
			}
			extra, err := more()
			if err != nil {
				return component.Command{}, err
			}
			return c.binary(name, append(extra,
				"--kubeconfig="+kubeconfig, "--authentication-kubeconfig="+kubeconfig, "--authorization-kubeconfig="+kubeconfig,
				"--bind-address=127.0.0.1", "--secure-port="+strconv.Itoa(port),
				"--tls-cert-file="+serving.Cert, "--tls-private-key-file="+serving.Key, "--client-ca-file="+serving.CA,
				"--leader-elect=false", "--profiling=false",
			)...)
		},
		Ready: func(ctx context.Context) error {
			_, serving, err := identities()
			if err != nil {
				return err
			}
			_, err = getTLS(ctx, fmt.Sprintf("https://127.0.0.1:%d/healthz", port), serving, false)
			return err
		},
	}
}

// getPlain reads a health address that is served without TLS, on loopback only.
func getPlain(ctx context.Context, port int, path string) error {
	_, err := get(ctx, "http://"+loopback(port)+path, &http.Transport{})
	return err
}
