package walls

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"slices"
	"strings"

	"github.com/vishvananda/netlink"
)

// PluginType is the plugin's name in a network's configuration, and that of its file.
const PluginType = "brainpod-walls"

// tryAgainLater is the error code of the plugins' specification for what passes.
const tryAgainLater = 11

// Plugin is the last of the plugins that connect a pod, as the Container Network Interface's specification has it: the
// parameters are in the environment and on standard input, the answer goes to standard output. It puts the pod's
// interface into the group that the rules go by, and waits until the agent has the pod's rules in the kernel.
func Plugin(environment func(string) string, input io.Reader, output io.Writer) int {
	answer, err := runPlugin(environment, input)
	code := 0
	if err != nil {
		code = 1
		answer = map[string]any{"cniVersion": "1.0.0", "code": tryAgainLater, "msg": err.Error()}
	}
	if answer == nil {
		return code
	}
	if err := json.NewEncoder(output).Encode(answer); err != nil {
		return 1
	}
	return code
}

// PluginConfig is the plugin's part of a network's configuration, besides its type.
type PluginConfig struct {
	Type           string `json:"type"`
	Socket         string `json:"socket"`
	InterfaceGroup uint32 `json:"interfaceGroup"`
}

type pluginInput struct {
	PluginConfig
	PrevResult json.RawMessage `json:"prevResult"`
}

// networkInterface is one that a plugin made; without a sandbox it is on this machine's side.
type networkInterface struct {
	Name    string `json:"name"`
	Sandbox string `json:"sandbox"`
}

// result is what of the plugins' before it matters here.
type result struct {
	Interfaces []networkInterface `json:"interfaces"`
	IPs        []struct {
		Address netip.Prefix `json:"address"`
	} `json:"ips"`
}

func runPlugin(environment func(string) string, input io.Reader) (any, error) {
	command := environment("CNI_COMMAND")
	if command == "VERSION" {
		return map[string]any{"cniVersion": "1.0.0", "supportedVersions": []string{"0.4.0", "1.0.0", "1.1.0"}}, nil
	}
	var given pluginInput
	if err := json.NewDecoder(input).Decode(&given); err != nil {
		return nil, fmt.Errorf("the configuration cannot be read: %w", err)
	}
	switch command {
	case "ADD":
		return given.PrevResult, connect(environment, given)
	case "DEL":
		// An agent that is away learns it from the cluster; a pod must be removable without it.
		_ = askRelease(context.Background(), given.Socket, environment("CNI_CONTAINERID"))
		return nil, nil
	case "CHECK", "GC", "STATUS":
		return nil, nil
	}
	return nil, fmt.Errorf("there is no command %q", command)
}

func connect(environment func(string) string, given pluginInput) error {
	var before result
	if err := json.Unmarshal(given.PrevResult, &before); err != nil {
		return fmt.Errorf("the plugins before this one gave no result: %w", err)
	}
	claim, err := claimOf(environment, before)
	if err != nil {
		return err
	}
	if err := joinGroup(before, given.InterfaceGroup); err != nil {
		return err
	}
	return askClaim(context.Background(), given.Socket, claim)
}

func claimOf(environment func(string) string, before result) (Claim, error) {
	claim := Claim{Container: environment("CNI_CONTAINERID")}
	for _, argument := range strings.Split(environment("CNI_ARGS"), ";") {
		key, value, _ := strings.Cut(argument, "=")
		switch key {
		case "K8S_POD_NAMESPACE":
			claim.Namespace = value
		case "K8S_POD_NAME":
			claim.Name = value
		case "K8S_POD_UID":
			claim.UID = value
		}
	}
	for _, ip := range before.IPs {
		if ip.Address.Addr().Is4() {
			claim.Address = ip.Address.Addr()
		}
	}
	return claim, claim.check()
}

// joinGroup marks the pod's interfaces on this machine's side.
func joinGroup(before result, group uint32) error {
	own := slices.DeleteFunc(before.Interfaces, func(i networkInterface) bool { return i.Sandbox != "" })
	if len(own) == 0 {
		return errors.New("the plugins before this one made no interface")
	}
	for _, each := range own {
		link, err := netlink.LinkByName(each.Name)
		if err != nil {
			return fmt.Errorf("the interface %s: %w", each.Name, err)
		}
		if err := netlink.LinkSetGroup(link, int(group)); err != nil {
			return fmt.Errorf("the interface %s: %w", each.Name, err)
		}
	}
	return nil
}
