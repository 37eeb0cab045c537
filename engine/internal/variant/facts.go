// Package variant decides, from facts about a machine, how the engine runs on it.
// It reads nothing by itself: facts are gathered by package probe.
package variant

// Facts are what a machine is and has. A recorded one is a test's input.
type Facts struct {
	// Kernel is its release, such as "6.1.0-18-amd64".
	Kernel string `json:"kernel"`
	Root   bool   `json:"root"`
	// Cgroup is "v1", "v2", or empty when no control groups are mounted.
	Cgroup string `json:"cgroup"`
	// CgroupControllers are those that can be used.
	CgroupControllers []string `json:"cgroupControllers"`
	// Systemd tells whether it is the machine's first process.
	Systemd        bool `json:"systemd"`
	CapSysResource bool `json:"capSysResource"`

	Features Features `json:"features"`

	CPUs                 int    `json:"cpus"`
	MemoryTotalBytes     uint64 `json:"memoryTotalBytes"`
	MemoryAvailableBytes uint64 `json:"memoryAvailableBytes"`
	// Disk is the one with the data directory.
	Disk Disk `json:"disk"`

	// Programs maps those that are needed to their paths, empty when not found.
	Programs map[string]string `json:"programs"`
	// CNIPlugins maps network plugins to their paths, empty when not found.
	CNIPlugins map[string]string `json:"cniPlugins"`
	// Binaries maps the engine's own binaries to whether they are there.
	Binaries map[string]bool `json:"binaries"`

	// Ports are those the engine needs and somebody else listens on.
	Ports []PortInUse `json:"ports"`
	// Overlaps are networks of this machine that lie in the engine's ranges.
	Overlaps []Overlap `json:"overlaps"`
	// ForwardDropped tells that a firewall of this machine drops what is forwarded.
	ForwardDropped bool `json:"forwardDropped"`
	// Engine is the process id of one that already runs here; zero for none.
	Engine int `json:"engine"`
}

// Features are what the kernel can do, found by doing it.
type Features struct {
	Overlayfs         bool `json:"overlayfs"`
	NetworkNamespaces bool `json:"networkNamespaces"`
	Bridge            bool `json:"bridge"`
	Veth              bool `json:"veth"`
	NFTables          bool `json:"nftables"`
	Conntrack         bool `json:"conntrack"`
	// NetworkPolicies are the packet rules that enforce them.
	NetworkPolicies bool `json:"networkPolicies"`
	Loop            bool `json:"loop"`
}

// Disk is a file system's size and what is free of it for root, in bytes.
type Disk struct {
	Path       string `json:"path"`
	TotalBytes uint64 `json:"totalBytes"`
	FreeBytes  uint64 `json:"freeBytes"`
}

// PortInUse is a TCP port of the engine's that another process holds.
type PortInUse struct {
	Port    int    `json:"port"`
	Purpose string `json:"purpose"`
	Address string `json:"address"`
	// PID and Program are zero and empty when the holder cannot be seen.
	PID     int    `json:"pid"`
	Program string `json:"program"`
}

// Overlap is an address range of the engine's that the machine uses otherwise.
type Overlap struct {
	Range     string `json:"range"`
	Field     string `json:"field"`
	Network   string `json:"network"`
	Interface string `json:"interface"`
}
