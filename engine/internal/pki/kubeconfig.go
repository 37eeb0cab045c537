package pki

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"os"

	"brainpod.io/engine/internal/atomicfile"
)

// WriteKubeconfig writes a kubeconfig that holds the certificate, its key and the
// authority's bundle, so that the file works wherever it is copied to. Mode 0600.
func WriteKubeconfig(path, server string, identity Paths) error {
	var encoded [3]string
	for i, file := range []string{identity.CA, identity.Cert, identity.Key} {
		raw, err := os.ReadFile(file)
		if err != nil {
			return fmt.Errorf("cannot write the kubeconfig %s: %w", path, err)
		}
		encoded[i] = base64.StdEncoding.EncodeToString(raw)
	}
	type object map[string]any
	content, err := json.MarshalIndent(object{
		"apiVersion": "v1",
		"kind":       "Config",
		"clusters": []object{{"name": "brainpod", "cluster": object{
			"server": server, "certificate-authority-data": encoded[0],
		}}},
		"users": []object{{"name": "brainpod", "user": object{
			"client-certificate-data": encoded[1], "client-key-data": encoded[2],
		}}},
		"contexts":        []object{{"name": "brainpod", "context": object{"cluster": "brainpod", "user": "brainpod"}}},
		"current-context": "brainpod",
	}, "", "  ")
	if err != nil {
		return err
	}
	return atomicfile.WriteIfChanged(path, append(content, '\n'), 0o600)
}
