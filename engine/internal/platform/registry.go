package platform

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strconv"

	"brainpod.io/engine/internal/atomicfile"
	"brainpod.io/engine/internal/component"
	"brainpod.io/engine/internal/config"
)

const registryName = "registry"

// registry stores images. It listens on loopback and asks nobody who they are: Brainpod's server stands before it.
func registry(cfg *config.Config) component.Component {
	folder := filepath.Join(cfg.DataDir, registryName)
	path := filepath.Join(cfg.RunDir, registryName, "config.json")
	address := net.JoinHostPort("127.0.0.1", strconv.Itoa(cfg.Ports.Registry))
	return component.Component{
		Name: registryName,
		Prepare: func(context.Context) error {
			if err := os.MkdirAll(folder, 0o700); err != nil {
				return err
			}
			secret, err := lastingSecret(filepath.Join(cfg.DataDir, "registry.secret"))
			if err != nil {
				return err
			}
			content, err := registryConfiguration(folder, address, secret)
			if err != nil {
				return err
			}
			return atomicfile.WriteIfChanged(path, content, 0o600)
		},
		Command: func() (component.Command, error) {
			return component.Command{
				Path: cfg.Bin(registryName), Args: []string{"serve", path},
				// Else it sends traces to a collector that nobody runs.
				Env: append([]string{"OTEL_TRACES_EXPORTER=none"}, withoutProxy...),
			}, nil
		},
		Ready: func(ctx context.Context) error {
			return httpReady(ctx, http.DefaultTransport, fmt.Sprintf("http://%s/v2/", address))
		},
	}
}

// registryConfiguration is JSON, which the registry reads as the YAML that it is too. It caches no blobs' descriptors:
// a blob that is swept while it serves must be gone at once.
func registryConfiguration(folder, address, secret string) ([]byte, error) {
	return json.MarshalIndent(object{
		"version": "0.1",
		"log":     object{"level": "warn", "accesslog": object{"disabled": true}},
		"storage": object{
			"filesystem": object{"rootdirectory": folder},
			"delete":     object{"enabled": true},
			"maintenance": object{"uploadpurging": object{
				"enabled": true, "age": "24h", "interval": "6h", "dryrun": false,
			}},
		},
		"http": object{
			"addr": address, "secret": secret, "draintimeout": "5s",
			"headers": object{"X-Content-Type-Options": []string{"nosniff"}},
		},
	}, "", "  ")
}

// lastingSecret is a random text that stays the same; uploads that a restart interrupted go on with it.
func lastingSecret(path string) (string, error) {
	present, err := os.ReadFile(path)
	if err == nil && len(present) > 0 {
		return string(present), nil
	}
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return "", err
	}
	random := make([]byte, 32)
	rand.Read(random)
	secret := hex.EncodeToString(random)
	return secret, atomicfile.WriteIfChanged(path, []byte(secret), 0o600)
}
