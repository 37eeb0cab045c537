package platform

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strconv"

	"brainpod.io/engine/internal/component"
	"brainpod.io/engine/internal/config"
	"brainpod.io/engine/internal/kubectl"
	"brainpod.io/engine/internal/pki"
	"brainpod.io/engine/internal/reserved"
)

const (
	metricsName = "metrics-server"
	metricsUser = "brainpod:metrics-server"
	// metricsHost is the name by which the API server knows an extension: its Service's.
	metricsHost = "metrics-server.kube-system.svc"
)

func metricsServer(cfg *config.Config, certificates *pki.PKI, client *kubectl.Client) component.Component {
	kubeconfig := filepath.Join(cfg.RunDir, metricsName, "kubeconfig")
	serving := func() (pki.Paths, error) {
		return certificates.Issue(pki.Request{
			// It reads the files again when they change: nobody has to be restarted.
			Name: metricsName + "-serving", Authority: pki.Cluster, Usages: pki.Server,
			Subject: pki.Subject{CommonName: metricsHost}, Names: pki.Names{DNS: []string{metricsHost}},
		})
	}
	return component.Component{
		Name:  metricsName,
		Needs: []string{apiserver},
		Prepare: func(ctx context.Context) error {
			identity, err := certificates.Issue(pki.Request{
				Name: metricsName, Authority: pki.Cluster, Usages: pki.Client,
				Subject: pki.Subject{CommonName: metricsUser}, Users: []string{metricsName},
			})
			if err != nil {
				return err
			}
			if err := os.MkdirAll(filepath.Dir(kubeconfig), 0o700); err != nil {
				return err
			}
			if err := pki.WriteKubeconfig(kubeconfig, cfg.APIServerURL(), identity); err != nil {
				return err
			}
			bundle, err := os.ReadFile(identity.CA)
			if err != nil {
				return err
			}
			return applyObjects(ctx, client, metricsName, metricsManifests(cfg, bundle))
		},
		Command: func() (component.Command, error) {
			own, err := serving()
			if err != nil {
				return component.Command{}, err
			}
			return component.Command{Path: cfg.Bin(metricsName), Args: metricsArgs(cfg, kubeconfig, own), Env: withoutProxy}, nil
		},
		Ready: func(ctx context.Context) error {
			own, err := serving()
			if err != nil {
				return err
			}
			return metricsReady(ctx, cfg, own.CA)
		},
	}
}

func metricsArgs(cfg *config.Config, kubeconfig string, serving pki.Paths) []string {
	return []string{
		"--kubeconfig=" + kubeconfig,
		"--authentication-kubeconfig=" + kubeconfig,
		"--authorization-kubeconfig=" + kubeconfig,
		"--bind-address=" + cfg.NodeAddress,
		"--secure-port=" + strconv.Itoa(reserved.Metrics),
		"--tls-cert-file=" + serving.Cert,
		"--tls-private-key-file=" + serving.Key,
		"--kubelet-certificate-authority=" + serving.CA,
		"--kubelet-preferred-address-types=InternalIP",
		"--kubelet-use-node-status-port",
		"--metric-resolution=15s",
	}
}

// metricsReady asks whether it runs. Whether it has measured anything yet is another question: that takes two rounds.
func metricsReady(ctx context.Context, cfg *config.Config, bundlePath string) error {
	bundle, err := os.ReadFile(bundlePath)
	if err != nil {
		return err
	}
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(bundle)
	transport := &http.Transport{
		DisableKeepAlives: true,
		TLSClientConfig:   &tls.Config{RootCAs: roots, ServerName: metricsHost, MinVersion: tls.VersionTLS12},
	}
	address := net.JoinHostPort(cfg.NodeAddress, strconv.Itoa(reserved.Metrics))
	return httpReady(ctx, transport, fmt.Sprintf("https://%s/livez", address))
}

func metricsManifests(cfg *config.Config, bundle []byte) []object {
	read := []string{"get", "list", "watch"}
	return append(rights(metricsUser, []object{
		rule([]string{""}, []string{"get"}, "nodes/metrics"),
		rule([]string{""}, read, "pods", "nodes"),
	}),
		binding("ClusterRoleBinding", metricsUser+":delegator", "", metricsUser, "ClusterRole", "system:auth-delegator"),
		binding("RoleBinding", metricsUser, "kube-system", metricsUser, "Role", "extension-apiserver-authentication-reader"),
		object{
			"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRole",
			"metadata": object{"name": "system:aggregated-metrics-reader", "labels": object{
				"app.kubernetes.io/managed-by":                 "brainpod",
				"rbac.authorization.k8s.io/aggregate-to-view":  "true",
				"rbac.authorization.k8s.io/aggregate-to-edit":  "true",
				"rbac.authorization.k8s.io/aggregate-to-admin": "true",
			}},
			"rules": []object{rule([]string{"metrics.k8s.io"}, read, "pods", "nodes")},
		},
		object{
			"apiVersion": "v1", "kind": "Service",
			"metadata": object{"name": metricsName, "namespace": "kube-system", "labels": ownLabels},
			"spec":     object{"ports": []object{{"name": "https", "port": 443, "targetPort": reserved.Metrics, "protocol": "TCP"}}},
		},
		endpointSlice(metricsName, "kube-system", cfg.NodeAddress,
			[]object{{"name": "https", "port": reserved.Metrics, "protocol": "TCP"}}),
		object{
			"apiVersion": "apiregistration.k8s.io/v1", "kind": "APIService",
			"metadata": object{"name": "v1beta1.metrics.k8s.io", "labels": ownLabels},
			"spec": object{
				"group": "metrics.k8s.io", "version": "v1beta1", "groupPriorityMinimum": 100, "versionPriority": 100,
				"service":  object{"name": metricsName, "namespace": "kube-system", "port": 443},
				"caBundle": base64.StdEncoding.EncodeToString(bundle),
			},
		},
	)
}
