package pauseimage

import (
	"archive/tar"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"io"
	"strings"
	"testing"
)

func read(t *testing.T, archive []byte) map[string][]byte {
	t.Helper()
	found := map[string][]byte{}
	files := tar.NewReader(bytes.NewReader(archive))
	for {
		header, err := files.Next()
		if err == io.EOF {
			return found
		}
		if err != nil {
			t.Fatal(err)
		}
		if found[header.Name], err = io.ReadAll(files); err != nil {
			t.Fatal(err)
		}
	}
}

func TestPackIsAConsistentLayout(t *testing.T) {
	image, err := Pack([]byte("program"))
	if err != nil {
		t.Fatal(err)
	}
	files := read(t, image.Archive)
	for name, content := range files {
		if digest, isBlob := strings.CutPrefix(name, "blobs/sha256/"); isBlob {
			if sum := sha256.Sum256(content); hex.EncodeToString(sum[:]) != digest {
				t.Errorf("%s has another digest", name)
			}
		}
	}
	blob := func(d descriptor) []byte {
		content, there := files["blobs/sha256/"+strings.TrimPrefix(d.Digest, "sha256:")]
		if !there || len(content) != d.Size {
			t.Fatalf("%+v is not in the archive", d)
		}
		return content
	}
	var index struct{ Manifests []descriptor }
	if err := json.Unmarshal(files["index.json"], &index); err != nil {
		t.Fatal(err)
	}
	if got := index.Manifests[0].Annotations[imageNameKey]; got != image.Reference {
		t.Errorf("the image is called %q, not %q", got, image.Reference)
	}
	var manifest struct {
		Config descriptor
		Layers []descriptor
	}
	if err := json.Unmarshal(blob(index.Manifests[0]), &manifest); err != nil {
		t.Fatal(err)
	}
	var config struct {
		Config struct {
			Entrypoint []string
			User       string
		}
		Rootfs struct {
			DiffIDs []string `json:"diff_ids"`
		}
	}
	if err := json.Unmarshal(blob(manifest.Config), &config); err != nil {
		t.Fatal(err)
	}
	if config.Rootfs.DiffIDs[0] != manifest.Layers[0].Digest || config.Config.User != unprivileged {
		t.Errorf("config = %+v", config)
	}
	layer := read(t, blob(manifest.Layers[0]))
	if string(layer[strings.TrimPrefix(config.Config.Entrypoint[0], "/")]) != "program" {
		t.Errorf("the program is not where it is started: %v", layer)
	}
}

func TestPackIsTheSameForTheSameProgramAndNamedAfterIt(t *testing.T) {
	first, err1 := Pack([]byte("program"))
	again, err2 := Pack([]byte("program"))
	other, err3 := Pack([]byte("another"))
	if err1 != nil || err2 != nil || err3 != nil {
		t.Fatal(err1, err2, err3)
	}
	if !bytes.Equal(first.Archive, again.Archive) || first.Reference != again.Reference {
		t.Error("the same program gave another image")
	}
	if first.Reference == other.Reference {
		t.Error("another program gave an image of the same name")
	}
}
