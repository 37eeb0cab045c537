package network

import (
	"errors"
	"testing"

	"github.com/vishvananda/netlink"
)

func TestTheBridgeOfEarlierEnginesIsRemoved(t *testing.T) {
	cfg := gatewayConfig(t)
	inNamespace(t, func() error {
		if _, err := ensureBridge("brainpod-build"); err != nil {
			return err
		}
		if err := RemoveLinks(cfg); err != nil {
			return err
		}
		if _, err := netlink.LinkByName("brainpod-build"); !errors.As(err, new(netlink.LinkNotFoundError)) {
			t.Errorf("it is there: %v", err)
		}
		return nil
	})
}
