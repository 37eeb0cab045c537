package netpolicy

import (
	"encoding/binary"
	"fmt"
	"net/netip"
	"slices"
	"strings"
)

// span is a range of numbers, both ends included: IPv4 addresses or ports.
type span struct{ first, last uint32 }

func spanOf(prefix netip.Prefix) span {
	bytes := prefix.Masked().Addr().As4()
	first := binary.BigEndian.Uint32(bytes[:])
	return span{first, first | uint32(uint64(1)<<(32-prefix.Bits())-1)}
}

// merge sorts spans and joins those that overlap or touch.
func merge(spans []span) []span {
	sorted := slices.Clone(spans)
	slices.SortFunc(sorted, func(a, b span) int {
		if a.first != b.first {
			return int(int64(a.first) - int64(b.first))
		}
		return int(int64(a.last) - int64(b.last))
	})
	var merged []span
	for _, next := range sorted {
		end := len(merged) - 1
		if end >= 0 && uint64(next.first) <= uint64(merged[end].last)+1 {
			merged[end].last = max(merged[end].last, next.last)
			continue
		}
		merged = append(merged, next)
	}
	return merged
}

// subtract is what is left of a span without holes; holes are merged.
func subtract(whole span, holes []span) []span {
	var left []span
	from := uint64(whole.first)
	for _, hole := range holes {
		if uint64(hole.last) < from || hole.first > whole.last {
			continue
		}
		if uint64(hole.first) > from {
			left = append(left, span{uint32(from), hole.first - 1})
		}
		from = uint64(hole.last) + 1
	}
	if from <= uint64(whole.last) {
		left = append(left, span{uint32(from), whole.last})
	}
	return left
}

// spansOf is the union of blocks, each without its exceptions. IPv6 is left out: no pod of this engine has it. A block
// that cannot be read opens nothing, and an exception that cannot be read closes its whole block.
func spansOf(blocks []IPBlock) []span {
	var all []span
	for _, block := range blocks {
		whole, err := netip.ParsePrefix(block.CIDR)
		if err != nil || !whole.Addr().Is4() {
			continue
		}
		holes, readable := holesOf(block.Except)
		if readable {
			all = append(all, subtract(spanOf(whole), merge(holes))...)
		}
	}
	return merge(all)
}

func holesOf(except []string) ([]span, bool) {
	var holes []span
	for _, text := range except {
		hole, err := netip.ParsePrefix(text)
		if err != nil || !hole.Addr().Is4() {
			return nil, false
		}
		holes = append(holes, spanOf(hole))
	}
	return holes, true
}

func addressText(number uint32) string {
	var bytes [4]byte
	binary.BigEndian.PutUint32(bytes[:], number)
	return netip.AddrFrom4(bytes).String()
}

func portText(number uint32) string { return fmt.Sprint(number) }

// texts writes spans as nft reads them.
func texts(spans []span, text func(uint32) string) []string {
	var all []string
	for _, s := range spans {
		if s.first == s.last {
			all = append(all, text(s.first))
			continue
		}
		all = append(all, text(s.first)+"-"+text(s.last))
	}
	return all
}

func braces(elements []string) string { return "{ " + strings.Join(elements, ", ") + " }" }
