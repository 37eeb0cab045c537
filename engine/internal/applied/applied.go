// Package applied brings manifests into the cluster once, and leaves them alone while they stay the same: an engine
// that starts again asks one question per set instead of applying megabytes.
package applied

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"

	"brainpod.io/engine/internal/kubectl"
)

const namespace = "kube-system"

// Set is a group of manifests that are applied together.
type Set struct {
	// Name is unique in the cluster: a DNS label.
	Name string
	// Manifests is a YAML or JSON stream.
	Manifests []byte
	// Finish does what applying cannot, such as waiting, or writing a status. Optional; idempotent. It runs whenever the
	// manifests have been applied.
	Finish func(ctx context.Context) error
}

// Ensure applies a set unless the cluster records that this very content has been applied.
func Ensure(ctx context.Context, client *kubectl.Client, set Set) error {
	sum := sha256.Sum256(set.Manifests)
	wanted := hex.EncodeToString(sum[:])
	recordName := recordOf(set.Name)
	present, err := recorded(ctx, client, recordName)
	if err != nil {
		return err
	}
	if present == wanted {
		return nil
	}
	if err := client.Apply(ctx, set.Manifests); err != nil {
		return err
	}
	if set.Finish != nil {
		if err := set.Finish(ctx); err != nil {
			return err
		}
	}
	record, err := json.Marshal(map[string]any{
		"apiVersion": "v1", "kind": "ConfigMap",
		"metadata": map[string]any{
			"name": recordName, "namespace": namespace,
			"labels": map[string]string{"app.kubernetes.io/managed-by": "brainpod"},
		},
		"data": map[string]string{"sha256": wanted},
	})
	if err != nil {
		return err
	}
	// Last, so that a set that was applied half is applied again.
	return client.Apply(ctx, record)
}

func recordOf(name string) string { return "brainpod-applied-" + name }

func recorded(ctx context.Context, client *kubectl.Client, name string) (string, error) {
	body, err := client.Get(ctx, "/api/v1/namespaces/"+namespace+"/configmaps/"+name)
	if kubectl.IsNotFound(err) {
		return "", nil
	}
	if err != nil {
		return "", err
	}
	var record struct {
		Data map[string]string `json:"data"`
	}
	if err := json.Unmarshal(body, &record); err != nil {
		return "", fmt.Errorf("the record of what was applied cannot be read: %w", err)
	}
	return record.Data["sha256"], nil
}
