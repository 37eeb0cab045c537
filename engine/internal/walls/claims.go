package walls

import (
	"encoding/json"
	"errors"
	"io/fs"
	"net/netip"
	"os"
	"path/filepath"

	"brainpod.io/engine/internal/atomicfile"
)

// Claim says that a pod has been given an address. It is made before the pod's first process starts.
type Claim struct {
	Address   netip.Addr `json:"address"`
	Namespace string     `json:"namespace"`
	Name      string     `json:"name"`
	UID       string     `json:"uid"`
	// Container is the runtime's name for what has the address.
	Container string `json:"container"`
}

func (c Claim) check() error {
	if !c.Address.Is4() || c.UID == "" || c.Container == "" || c.Container != filepath.Base(c.Container) {
		return errors.New("the claim of an address is not complete")
	}
	return nil
}

// claims are all of them, by container, kept in a folder for an agent that starts again.
type claims struct {
	folder      string
	byContainer map[string]Claim
}

func loadClaims(folder string) (*claims, error) {
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return nil, err
	}
	entries, err := os.ReadDir(folder)
	if err != nil {
		return nil, err
	}
	loaded := &claims{folder: folder, byContainer: map[string]Claim{}}
	for _, entry := range entries {
		raw, err := os.ReadFile(filepath.Join(folder, entry.Name()))
		if err != nil {
			return nil, err
		}
		var claim Claim
		if errors.Join(json.Unmarshal(raw, &claim), claim.check()) != nil {
			// Cut off by a crash. Its pod stays closed until the cluster reports its address.
			if err := os.Remove(filepath.Join(folder, entry.Name())); err != nil {
				return nil, err
			}
			continue
		}
		loaded.byContainer[claim.Container] = claim
	}
	return loaded, nil
}

// add takes a claim, and forgets those before it of the same pod or address.
func (c *claims) add(claim Claim) error {
	for _, other := range c.byContainer {
		if other.Container != claim.Container && (other.UID == claim.UID || other.Address == claim.Address) {
			if err := c.remove(other.Container); err != nil {
				return err
			}
		}
	}
	raw, err := json.Marshal(claim)
	if err != nil {
		return err
	}
	c.byContainer[claim.Container] = claim
	return atomicfile.WriteIfChanged(filepath.Join(c.folder, claim.Container), raw, 0o600)
}

func (c *claims) remove(container string) error {
	delete(c.byContainer, container)
	err := os.Remove(filepath.Join(c.folder, filepath.Base(container)))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}

// addresses are those of pods, by UID. What is left of a pod that is gone names a UID that nobody has.
func (c *claims) addresses() map[string]netip.Addr {
	found := map[string]netip.Addr{}
	for _, claim := range c.byContainer {
		found[claim.UID] = claim.Address
	}
	return found
}
