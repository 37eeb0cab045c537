// Package pauseimage packs the program that holds a pod's namespaces into a
// container image, since there may be no registry to get one from.
package pauseimage

import (
	"archive/tar"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"runtime"
	"time"
)

const (
	repository    = "localhost/brainpod/pause"
	indexType     = "application/vnd.oci.image.index.v1+json"
	manifestType  = "application/vnd.oci.image.manifest.v1+json"
	configType    = "application/vnd.oci.image.config.v1+json"
	layerType     = "application/vnd.oci.image.layer.v1.tar"
	imageNameKey  = "io.containerd.image.name"
	unprivileged  = "65535:65535"
	programInside = "pause"
)

// Image is an OCI image in memory.
type Image struct {
	// Reference holds a digest of the program: another program is another image.
	Reference string
	// Archive is the OCI layout as a tar file.
	Archive []byte
}

type descriptor struct {
	MediaType   string            `json:"mediaType"`
	Digest      string            `json:"digest"`
	Size        int               `json:"size"`
	Annotations map[string]string `json:"annotations,omitempty"`
}

// Reference is the image's name for the program at a path.
func Reference(program string) (string, error) {
	content, err := os.ReadFile(program)
	if err != nil {
		return "", fmt.Errorf("cannot read the pause program: %w", err)
	}
	return reference(content), nil
}

func reference(program []byte) string {
	sum := sha256.Sum256(program)
	return repository + ":" + hex.EncodeToString(sum[:6])
}

// Pack makes the image of a static program. The same program gives the same bytes.
func Pack(program []byte) (Image, error) {
	layer, err := tarOf([]file{{name: programInside, content: program, mode: 0o555}})
	if err != nil {
		return Image{}, err
	}
	blobs := []file{}
	add := func(mediaType string, content []byte) descriptor {
		sum := sha256.Sum256(content)
		digest := hex.EncodeToString(sum[:])
		blobs = append(blobs, file{name: "blobs/sha256/" + digest, content: content, mode: 0o444})
		return descriptor{MediaType: mediaType, Digest: "sha256:" + digest, Size: len(content)}
	}
	layerDescriptor := add(layerType, layer)
	config, err := json.Marshal(map[string]any{
		"architecture": runtime.GOARCH,
		"os":           "linux",
		"config":       map[string]any{"Entrypoint": []string{"/" + programInside}, "User": unprivileged},
		"rootfs":       map[string]any{"type": "layers", "diff_ids": []string{layerDescriptor.Digest}},
	})
	if err != nil {
		return Image{}, err
	}
	manifest, err := json.Marshal(map[string]any{
		"schemaVersion": 2, "mediaType": manifestType,
		"config": add(configType, config), "layers": []descriptor{layerDescriptor},
	})
	if err != nil {
		return Image{}, err
	}
	image := Image{Reference: reference(program)}
	manifestDescriptor := add(manifestType, manifest)
	manifestDescriptor.Annotations = map[string]string{imageNameKey: image.Reference}
	index, err := json.Marshal(map[string]any{
		"schemaVersion": 2, "mediaType": indexType, "manifests": []descriptor{manifestDescriptor},
	})
	if err != nil {
		return Image{}, err
	}
	layout := []file{
		{name: "oci-layout", content: []byte(`{"imageLayoutVersion":"1.0.0"}`), mode: 0o444},
		{name: "index.json", content: index, mode: 0o444},
	}
	image.Archive, err = tarOf(append(layout, blobs...))
	return image, err
}

type file struct {
	name    string
	content []byte
	mode    int64
}

func tarOf(files []file) ([]byte, error) {
	var buffer bytes.Buffer
	archive := tar.NewWriter(&buffer)
	for _, f := range files {
		header := &tar.Header{Name: f.name, Mode: f.mode, Size: int64(len(f.content)), ModTime: time.Unix(0, 0)}
		if err := archive.WriteHeader(header); err != nil {
			return nil, err
		}
		if _, err := io.Copy(archive, bytes.NewReader(f.content)); err != nil {
			return nil, err
		}
	}
	if err := archive.Close(); err != nil {
		return nil, err
	}
	return buffer.Bytes(), nil
}
