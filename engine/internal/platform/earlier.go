package platform

import (
	"os"
	"path/filepath"
	"strings"

	"brainpod.io/engine/internal/config"
	"brainpod.io/engine/internal/leftovers"
)

// RemoveEarlier removes the cache of images that engines before this one built on the machine itself. While something is
// mounted there, all of it stays: a teardown unmounts that.
func RemoveEarlier(cfg *config.Config) error {
	folder := filepath.Join(cfg.DataDir, "buildkit")
	mounts, err := leftovers.Mounts(cfg)
	if err != nil {
		return err
	}
	for _, mount := range mounts {
		if strings.HasPrefix(mount.Path, folder+"/") {
			return nil
		}
	}
	return os.RemoveAll(folder)
}
