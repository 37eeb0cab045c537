package walls

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"os/exec"
	"strings"

	"github.com/vishvananda/netlink/nl"
	"golang.org/x/sys/unix"

	"brainpod.io/engine/internal/netpolicy"
)

// table is the nftables table in the kernel, and what it is known to be.
type table struct {
	name string
	// script is what was loaded last, listing what the kernel then said of it.
	script, listing string
	// generation is the kernel's count of changes to any table when the listing was compared last.
	generation uint32
}

// load puts a script in the place of the table, in one transaction.
func (t *table) load(ctx context.Context, script string) error {
	if _, err := runNFT(ctx, script, "-f", "-"); err != nil {
		return err
	}
	// Before the listing: a change between the two is then looked at again.
	generation, err := currentGeneration()
	if err != nil {
		return err
	}
	listing, err := t.list(ctx)
	if err != nil {
		return err
	}
	t.script, t.listing, t.generation = script, listing, generation
	return nil
}

// difference says what of the table is not what was loaded any more; empty when it is intact. It asks the kernel for
// one number, and for the table only when that changed.
func (t *table) difference(ctx context.Context) (string, error) {
	generation, err := currentGeneration()
	if err != nil || generation == t.generation {
		return "", err
	}
	listing, err := t.list(ctx)
	if errors.Is(err, errNoTable) {
		return "it is gone", nil
	}
	if err != nil {
		return "", err
	}
	if listing != t.listing {
		return firstDifference(t.listing, listing), nil
	}
	t.generation = generation
	return "", nil
}

func firstDifference(before, after string) string {
	old, new := strings.Split(before, "\n"), strings.Split(after, "\n")
	for index, line := range old {
		if index >= len(new) || new[index] != line {
			return fmt.Sprintf("line %d was %q", index+1, strings.TrimSpace(line))
		}
	}
	return "there is more in it"
}

// list is what the kernel says of the table and of the one beside it that counts connections, without what that has
// counted. Where there is no such table beside it, as there was none in former versions, it is left out.
func (t *table) list(ctx context.Context) (string, error) {
	policies, err := listTable(ctx, t.name, "--stateless")
	if err != nil {
		return "", err
	}
	limits, err := listTable(ctx, netpolicy.LimitsTable(t.name), "--stateless", "--terse")
	if err != nil && !errors.Is(err, errNoTable) {
		return "", err
	}
	return policies + limits, nil
}

func listTable(ctx context.Context, name string, options ...string) (string, error) {
	listing, err := runNFT(ctx, "", append(options, "list", "table", "inet", name)...)
	if err != nil && strings.Contains(err.Error(), "No such file or directory") {
		return "", errNoTable
	}
	return listing, err
}

var errNoTable = errors.New("the table does not exist")

func runNFT(ctx context.Context, input string, args ...string) (string, error) {
	command := exec.CommandContext(ctx, "nft", args...)
	command.Stdin = strings.NewReader(input)
	var output, complaint bytes.Buffer
	command.Stdout, command.Stderr = &output, &complaint
	if err := command.Run(); err != nil {
		return "", fmt.Errorf("nft %s: %w: %.500s", args[0], err, strings.TrimSpace(complaint.String()))
	}
	return output.String(), nil
}

// getGeneration is NFT_MSG_GETGEN of the kernel's interface, of its subsystem nftables.
const getGeneration = unix.NFNL_SUBSYS_NFTABLES<<8 | unix.NFT_MSG_GETGEN

// currentGeneration changes with every transaction of anybody.
func currentGeneration() (uint32, error) {
	request := nl.NewNetlinkRequest(getGeneration, 0)
	request.AddData(&nl.Nfgenmsg{NfgenFamily: unix.AF_UNSPEC, Version: nl.NFNETLINK_V0})
	answers, err := request.Execute(unix.NETLINK_NETFILTER, 0)
	if err != nil {
		return 0, fmt.Errorf("the kernel does not say whether packet rules changed: %w", err)
	}
	for _, answer := range answers {
		if len(answer) < nl.SizeofNfgenmsg {
			continue
		}
		attributes, err := nl.ParseRouteAttr(answer[nl.SizeofNfgenmsg:])
		if err != nil {
			return 0, err
		}
		for _, attribute := range attributes {
			if attribute.Attr.Type == unix.NFTA_GEN_ID && len(attribute.Value) == 4 {
				return binary.BigEndian.Uint32(attribute.Value), nil
			}
		}
	}
	return 0, errors.New("the kernel's answer about packet rules has no number in it")
}
