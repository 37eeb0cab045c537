package edge

import (
	"fmt"
	"hash/crc32"
	"net/netip"
)

// reservedBefore are the range's own address and the bridge's; the last address is for broadcasts.
const reservedBefore = 2

// freeAddress is the same for the same id whenever no other Gateway has it: addresses outlast restarts.
func (g *gateways) freeAddress(id string) (netip.Addr, error) {
	taken := map[netip.Addr]bool{}
	for _, served := range g.serving {
		taken[served.address] = true
	}
	usable := 1<<(32-g.addresses.Bits()) - reservedBefore - 1
	start := int(crc32.ChecksumIEEE([]byte(id)) % uint32(usable))
	for i := range usable {
		if address := offset(g.addresses.Addr(), reservedBefore+(start+i)%usable); !taken[address] {
			return address, nil
		}
	}
	return netip.Addr{}, fmt.Errorf("all %d addresses of gatewayCidr %s are taken: choose a larger range", usable, g.addresses)
}

func offset(address netip.Addr, by int) netip.Addr {
	bytes := address.As4()
	for i := len(bytes) - 1; i >= 0; i-- {
		by += int(bytes[i])
		bytes[i] = byte(by)
		by >>= 8
	}
	return netip.AddrFrom4(bytes)
}
