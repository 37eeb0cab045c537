package variant

import "math"

// Variant is how the engine runs on this machine.
type Variant struct {
	// Cgroup is "v1" or "v2".
	Cgroup string `json:"cgroup"`
	// CgroupDriver is who makes control groups: "cgroupfs" or "systemd".
	CgroupDriver   string `json:"cgroupDriver"`
	CapSysResource bool   `json:"capSysResource"`
	// FailCgroupV1 is the kubelet's refusal to start on cgroup v1.
	FailCgroupV1 bool `json:"failCgroupV1"`
	// RestrictOOMScoreAdj keeps the runtime from lowering a score, for which it
	// would need CAP_SYS_RESOURCE.
	RestrictOOMScoreAdj bool `json:"restrictOomScoreAdj"`
	// KubeletInUserNamespace makes the kubelet bear what it may not do.
	KubeletInUserNamespace bool `json:"kubeletInUserNamespace"`

	Thresholds Thresholds `json:"thresholds"`
}

// Thresholds keep the disk and the memory from filling up.
type Thresholds struct {
	// EvictionFreeBytes is the free space below which pods are moved away.
	EvictionFreeBytes uint64 `json:"evictionFreeBytes"`
	// ImageHighPercent of the disk used starts the removal of unused images,
	// ImageLowPercent ends it.
	ImageHighPercent int `json:"imageHighPercent"`
	ImageLowPercent  int `json:"imageLowPercent"`
	// EvictionMemoryBytes is the free memory below which pods are ended.
	EvictionMemoryBytes uint64 `json:"evictionMemoryBytes"`
	// ReservedMemoryBytes is what pods may not use: the engine's own share.
	ReservedMemoryBytes uint64 `json:"reservedMemoryBytes"`
}

const (
	mebibyte = 1 << 20
	gibibyte = 1 << 30
)

// Decide is a pure function of the facts.
func Decide(facts Facts) Variant {
	v := Variant{
		Cgroup:                 facts.Cgroup,
		CgroupDriver:           "cgroupfs",
		CapSysResource:         facts.CapSysResource,
		FailCgroupV1:           facts.Cgroup != "v1",
		RestrictOOMScoreAdj:    !facts.CapSysResource,
		KubeletInUserNamespace: !facts.CapSysResource,
		Thresholds:             decideThresholds(facts),
	}
	// With systemd there must be one writer of cgroup v2's tree, and that is systemd.
	if facts.Cgroup == "v2" && facts.Systemd {
		v.CgroupDriver = "systemd"
	}
	return v
}

// decideThresholds goes by free bytes and not by shares of the disk: a developer's
// disk may well be 80 % full, and that alone must evict nothing.
func decideThresholds(facts Facts) Thresholds {
	total := facts.Disk.TotalBytes
	eviction := clamp(total/50, 512*mebibyte, 4*gibibyte)
	high := 100
	if total > 0 {
		// Images go well before pods do.
		images := clamp(total/20, 2*eviction, 16*gibibyte)
		high = 100 - int(math.Ceil(100*float64(images)/float64(total)))
	}
	high = min(max(high, 50), 99)
	return Thresholds{
		EvictionFreeBytes:   eviction,
		ImageHighPercent:    high,
		ImageLowPercent:     high - 2,
		EvictionMemoryBytes: 100 * mebibyte,
		ReservedMemoryBytes: clamp(facts.MemoryTotalBytes/4, 0, 1536*mebibyte),
	}
}

func clamp(value, least, most uint64) uint64 { return min(max(value, least), max(least, most)) }
