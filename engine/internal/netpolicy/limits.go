package netpolicy

import (
	"fmt"
	"strings"
)

// connectionShare is the part of the kernel's table of connections that one pod may fill.
const connectionShare = 32

// MaxConnections is what one pod may have of a table of connections that takes this many.
func MaxConnections(tableSize int) int { return max(tableSize/connectionShare, 1) }

// LimitsTable is the table beside the one of policies that counts connections. It is not deleted when rules are
// exchanged: what it has counted would be gone, and every pod could open as many connections again.
func LimitsTable(table string) string { return table + "_limits" }

// writeLimits writes a table that counts what each pod has opened, by its address. It comes after the policies: what
// they refuse, senders that are not who they say among it, is not tracked and does not count.
func writeLimits(out *strings.Builder, settings Settings) {
	chains := []chain{
		refuse,
		{"opened", []string{
			fmt.Sprintf("add @connections { ip saddr ct count over %d } goto refuse", settings.MaxConnections),
		}},
		{"input", []string{
			"type filter hook input priority filter - 3; policy accept;",
			fmt.Sprintf("iifgroup %d ct state new goto opened", settings.InterfaceGroup),
		}},
		{"forward", []string{
			"type filter hook forward priority filter - 3; policy accept;",
			fmt.Sprintf("iifgroup %d ct state new goto opened", settings.InterfaceGroup),
		}},
	}
	name := LimitsTable(settings.Table)
	// A table that is there loses its rules and keeps what it has counted.
	fmt.Fprintf(out, "table inet %[1]s {}\nflush table inet %[1]s\ntable inet %[1]s {\n", name)
	out.WriteString("\tset connections {\n\t\ttype ipv4_addr;\n\t\tsize 65535;\n\t\tflags dynamic;\n\t}\n")
	for _, chain := range chains {
		writeChain(out, chain.name, chain.rules)
	}
	out.WriteString("}\n")
}
