// Package buildstep gives the steps of image builds what the server's machine knows about reaching the network: the
// certificates that it trusts, its proxies and the addresses of its package registries. It stands between BuildKit and runc in
// a builder, which has the settings from the server (packages/server/src/builds/step-files.ts), and reaches each step through mounts below /dev, which is memory in every container, and through the environment of the
// process: no layer of an image and no image's configuration ever holds any of it.
package buildstep

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
)

const (
	// SettingsVariable names the settings file to the runc that BuildKit starts.
	SettingsVariable = "BRAINPOD_BUILD_STEP_SETTINGS"
	// stepFolder is where a step sees the files.
	stepFolder = "/dev/brainpod"
)

// Settings are what Run reads.
type Settings struct {
	// Runc is the path of the real runc.
	Runc string `json:"runc"`
	// Mounts are files of the builder by their name in a step's folder.
	Mounts map[string]string `json:"mounts"`
	// Environment is set in a step where the step does not set it itself.
	Environment map[string]string `json:"environment"`
}

// readSettings is nil without an error when there are none: then steps run as BuildKit made them.
func readSettings(path string) (*Settings, error) {
	content, err := os.ReadFile(path)
	if path == "" || errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var settings Settings
	if err := json.Unmarshal(content, &settings); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return &settings, nil
}
