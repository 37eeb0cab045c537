package edge

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"os"

	"brainpod.io/engine/internal/applied"
	"brainpod.io/engine/internal/kubectl"
	"brainpod.io/engine/internal/pki"
)

const (
	hmacSecret = "envoy-oidc-hmac"

	definitionsSet, objectsSet = "edge-definitions", "edge"
)

// applyManifests brings the definitions of the Gateway API, then Envoy Gateway's own objects into the cluster.
func (e *Edge) applyManifests(ctx context.Context) error {
	definitions, err := os.ReadFile(e.config.Bin("manifests/edge-definitions.yaml"))
	if err != nil {
		return fmt.Errorf("the engine was built without its manifests: %w", err)
	}
	if err := applied.Ensure(ctx, e.kubectl, applied.Set{
		Name: definitionsSet, Manifests: definitions, Finish: e.waitForDefinitions,
	}); err != nil {
		return err
	}
	secret, err := e.envoySecret()
	if err != nil {
		return err
	}
	items := append(manifests(e.config), secret)
	if e.gateways == nil {
		// A policy for all Gateways of a class is taken only where they are merged.
		items = append(items, errorPages(e.config))
	}
	objects, err := json.Marshal(object{"apiVersion": "v1", "kind": "List", "items": items})
	if err != nil {
		return err
	}
	return applied.Ensure(ctx, e.kubectl, applied.Set{Name: objectsSet, Manifests: objects, Finish: e.finishManifests})
}

func (e *Edge) waitForDefinitions(ctx context.Context) error {
	_, err := e.kubectl.Run(ctx, "wait", "--for=condition=Established", "--timeout=60s", "customresourcedefinitions", "--all")
	return err
}

// envoySecret is the certificate with which Envoy would fetch extensions from Envoy Gateway. None are in use, but
// without it Envoy Gateway takes every translation for a faulty one.
func (e *Edge) envoySecret() (object, error) {
	client, err := e.pki.Issue(pki.Request{
		Name: "envoy-extensions", Authority: pki.Edge, Usages: pki.Client,
		Subject: pki.Subject{CommonName: "envoy"}, Users: []string{GatewayName},
	})
	if err != nil {
		return nil, err
	}
	data := object{}
	for name, source := range map[string]string{"tls.crt": client.Cert, "tls.key": client.Key, "ca.crt": client.CA} {
		content, err := os.ReadFile(source)
		if err != nil {
			return nil, err
		}
		data[name] = base64.StdEncoding.EncodeToString(content)
	}
	return object{
		"apiVersion": "v1", "kind": "Secret", "type": "kubernetes.io/tls",
		"metadata": object{"name": "envoy", "namespace": Namespace, "labels": ownLabels}, "data": data,
	}, nil
}

// finishManifests writes the address that Gateways show, and makes the key that must never change once it is there.
func (e *Edge) finishManifests(ctx context.Context) error {
	if e.gateways == nil {
		if err := e.publishAddress(ctx, serviceName, e.config.NodeAddress); err != nil {
			return err
		}
	}
	_, err := e.kubectl.Get(ctx, "/api/v1/namespaces/"+Namespace+"/secrets/"+hmacSecret)
	if !kubectl.IsNotFound(err) {
		return err
	}
	key := make([]byte, 32)
	rand.Read(key)
	secret, err := json.Marshal(object{
		"apiVersion": "v1", "kind": "Secret", "type": "Opaque",
		"metadata": object{"name": hmacSecret, "namespace": Namespace, "labels": ownLabels},
		"data":     object{"hmac-secret": base64.StdEncoding.EncodeToString(key)},
	})
	if err != nil {
		return err
	}
	return e.kubectl.Apply(ctx, secret)
}

// publishAddress writes where a Service's load balancer is: Envoy Gateway reports that as the Gateways' address.
func (e *Edge) publishAddress(ctx context.Context, service, address string) error {
	status, err := json.Marshal(object{"status": object{"loadBalancer": object{
		// "Proxy": Envoy itself is at the address, kube-proxy must not divert what is sent there.
		"ingress": []object{{"ip": address, "ipMode": "Proxy"}},
	}}})
	if err != nil {
		return err
	}
	_, err = e.kubectl.Run(ctx, "patch", "service", service, "--namespace="+Namespace,
		"--subresource=status", "--type=merge", "--patch="+string(status))
	return err
}
