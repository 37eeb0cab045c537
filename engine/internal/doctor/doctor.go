// Package doctor judges whether a machine can run the engine, and says what to do
// about what is in the way. It decides from facts alone.
package doctor

import (
	"fmt"
	"math"
	"slices"
	"sort"
	"strconv"
	"strings"

	"brainpod.io/engine/internal/variant"
)

// Result is one check.
type Result struct {
	ID string `json:"id"`
	// Title says what was looked at.
	Title string `json:"title"`
	OK    bool   `json:"ok"`
	// Warning is a check that failed without being in the way.
	Warning bool `json:"warning"`
	// Found says what there is, Remedy what to do when that is not enough.
	Found  string `json:"found"`
	Remedy string `json:"remedy,omitempty"`
}

const (
	gibibyte = 1 << 30
	// What images, logs and databases of a small installation take.
	diskForUse      = 4 * gibibyte
	leastMemory     = 2500 << 20
	leastFreeMemory = 1200 << 20
)

// Check makes every check. Nothing that runs already counts against the machine
// when it is an engine's own.
func Check(facts variant.Facts) []Result {
	results := []Result{
		checkRoot(facts), checkKernel(facts), checkCgroups(facts), checkMemory(facts), checkDisk(facts),
		checkBinaries(facts), checkPrograms(facts),
	}
	results = append(results, checkFeatures(facts)...)
	results = append(results, checkPorts(facts), checkOverlaps(facts))
	return results
}

// Failed are the checks that are in the way.
func Failed(results []Result) []Result {
	return slices.DeleteFunc(slices.Clone(results), func(r Result) bool { return r.OK || r.Warning })
}

func checkRoot(facts variant.Facts) Result {
	r := Result{ID: "root", Title: "Root", OK: facts.Root, Found: "running as root"}
	if !facts.Root {
		r.Found = "not running as root"
		r.Remedy = "Run it as root (sudo): it makes network interfaces, mounts and containers. " +
			"Without root, use an existing cluster with: npm start -- --kubeconfig FILE"
	}
	return r
}

func checkKernel(facts variant.Facts) Result {
	r := Result{ID: "kernel", Title: "Linux kernel", OK: atLeast(facts.Kernel, 5, 13), Found: facts.Kernel}
	if !r.OK {
		r.Remedy = "Linux 5.13 or newer is needed; upgrade the system (Debian 12 has 6.1)."
	}
	return r
}

func atLeast(release string, major, minor int) bool {
	parts := strings.SplitN(release, ".", 3)
	if len(parts) < 2 {
		return false
	}
	haveMajor, err1 := strconv.Atoi(parts[0])
	digits, rest := parts[1], strings.TrimLeft(parts[1], "0123456789")
	haveMinor, err2 := strconv.Atoi(strings.TrimSuffix(digits, rest))
	return err1 == nil && err2 == nil && (haveMajor > major || haveMajor == major && haveMinor >= minor)
}

func checkCgroups(facts variant.Facts) Result {
	r := Result{ID: "cgroups", Title: "Control groups", OK: true, Found: "cgroup " + facts.Cgroup}
	if facts.Cgroup == "" {
		r.OK, r.Found = false, "no control groups are mounted"
		r.Remedy = "Mount them: mount -t cgroup2 none /sys/fs/cgroup"
		return r
	}
	var missing []string
	for _, controller := range []string{"cpu", "cpuset", "memory", "pids"} {
		if !slices.Contains(facts.CgroupControllers, controller) {
			missing = append(missing, controller)
		}
	}
	if len(missing) > 0 {
		r.OK = false
		r.Found += ", without the controllers " + strings.Join(missing, ", ")
		r.Remedy = "Switch them on at boot, for memory with the kernel parameters cgroup_enable=memory swapaccount=1."
	}
	return r
}

func checkMemory(facts variant.Facts) Result {
	r := Result{ID: "memory", Title: "Memory", OK: true, Found: fmt.Sprintf(
		"%s, %s of it free", size(facts.MemoryTotalBytes), size(facts.MemoryAvailableBytes))}
	switch {
	case facts.MemoryTotalBytes < leastMemory:
		r.OK = false
		r.Remedy = fmt.Sprintf("%s more are needed: the machine must have %s.",
			size(leastMemory-facts.MemoryTotalBytes), size(leastMemory))
	case facts.Engine == 0 && facts.MemoryAvailableBytes < leastFreeMemory:
		r.OK = false
		r.Remedy = fmt.Sprintf("%s more must be free to start: end other programs.",
			size(leastFreeMemory-facts.MemoryAvailableBytes))
	}
	return r
}

func checkDisk(facts variant.Facts) Result {
	needed := variant.Decide(facts).Thresholds.EvictionFreeBytes + diskForUse
	if facts.Engine != 0 {
		needed = variant.Decide(facts).Thresholds.EvictionFreeBytes
	}
	r := Result{ID: "disk", Title: "Disk", OK: facts.Disk.FreeBytes >= needed, Found: fmt.Sprintf(
		"%s of %s free at %s", size(facts.Disk.FreeBytes), size(facts.Disk.TotalBytes), facts.Disk.Path)}
	if !r.OK {
		r.Remedy = fmt.Sprintf("%s more must be free at %s.", size(needed-facts.Disk.FreeBytes), facts.Disk.Path)
	}
	return r
}

func size(bytes uint64) string {
	// Up, so that what is missing is never said to be less than it is.
	return fmt.Sprintf("%.1f GB", math.Ceil(float64(bytes)/1e8)/10)
}

func checkBinaries(facts variant.Facts) Result {
	r := Result{ID: "binaries", Title: "The engine's programs", OK: true, Found: "all there"}
	var missing []string
	for path, there := range facts.Binaries {
		if !there {
			missing = append(missing, path)
		}
	}
	if len(missing) > 0 {
		sort.Strings(missing)
		r.OK, r.Found = false, "missing: "+strings.Join(missing, ", ")
		r.Remedy = "Build them with: npm start"
	}
	return r
}

// packages are Debian's names for what has the programs in it.
var packages = map[string]string{
	"nft": "nftables", "runc": "runc", "mount": "mount", "umount": "mount", "nsenter": "util-linux",
	"host-local": "containernetworking-plugins", "ptp": "containernetworking-plugins",
}

func checkPrograms(facts variant.Facts) Result {
	r := Result{ID: "programs", Title: "Programs of the system", OK: true, Found: "all there"}
	var missing, install []string
	for _, group := range []map[string]string{facts.Programs, facts.CNIPlugins} {
		for name, path := range group {
			if path == "" {
				missing = append(missing, name)
				install = append(install, packages[name])
			}
		}
	}
	if len(missing) > 0 {
		sort.Strings(missing)
		sort.Strings(install)
		r.OK, r.Found = false, "missing: "+strings.Join(missing, ", ")
		r.Remedy = "Install them with: apt-get install " + strings.Join(slices.Compact(install), " ")
	}
	return r
}

func checkFeatures(facts variant.Facts) []Result {
	if !facts.Root {
		// Only root can try them, and being root is a check of its own.
		return nil
	}
	features := facts.Features
	var results []Result
	for _, f := range []struct {
		id, title string
		there     bool
		module    string
		warning   string
	}{
		{"overlayfs", "Layered file systems", features.Overlayfs, "overlay", ""},
		{"network-namespaces", "Network namespaces", features.NetworkNamespaces, "", ""},
		{"bridge", "Network bridges", features.Bridge, "bridge", ""},
		{"veth", "Virtual network cables", features.Veth, "veth", ""},
		{"nftables", "Firewall rules", features.NFTables, "nf_tables", ""},
		{"conntrack", "Address translation", features.Conntrack, "nft_masq", ""},
		{"network-policies", "Walls between pods", features.NetworkPolicies, "-a nft_fib_inet nft_connlimit", ""},
		{"loop", "Loop devices", features.Loop, "loop", "Disks of a fixed size cannot be made."},
	} {
		r := Result{ID: f.id, Title: f.title, OK: f.there, Found: "works", Warning: !f.there && f.warning != ""}
		if !f.there {
			r.Found = "the kernel cannot do it"
			r.Remedy = remedyOfFeature(facts, f.id, f.module)
			if f.warning != "" {
				r.Remedy = f.warning + " " + r.Remedy
			}
		}
		results = append(results, r)
	}
	return results
}

func remedyOfFeature(facts variant.Facts, id, module string) string {
	switch {
	case (id == "nftables" || id == "conntrack" || id == "network-policies") && facts.Programs["nft"] == "":
		return "It could not be tried without the program nft: apt-get install nftables"
	case module == "":
		return "Use a kernel with this feature; a container must be given the right to it."
	default:
		return fmt.Sprintf("Load the kernel module with: modprobe %s. If there is none, use the distribution's full kernel.", module)
	}
}

func checkPorts(facts variant.Facts) Result {
	r := Result{ID: "ports", Title: "Ports", OK: true, Found: "all free"}
	if len(facts.Ports) == 0 {
		return r
	}
	var found, remedies []string
	for _, use := range facts.Ports {
		holder := "a process that cannot be seen from here"
		remedy := fmt.Sprintf("Free port %d, or choose another.", use.Port)
		if use.PID != 0 {
			holder = fmt.Sprintf("%s (process %d)", use.Program, use.PID)
			remedy = fmt.Sprintf("Stop %s, or choose another port than %d.", holder, use.Port)
		}
		found = append(found, fmt.Sprintf("port %d for %s is held by %s", use.Port, use.Purpose, holder))
		remedies = append(remedies, remedy)
	}
	r.OK, r.Found, r.Remedy = false, strings.Join(found, "; "), strings.Join(remedies, " ")
	return r
}

func checkOverlaps(facts variant.Facts) Result {
	r := Result{ID: "networks", Title: "Address ranges", OK: true, Found: "none is in use"}
	if len(facts.Overlaps) == 0 {
		return r
	}
	var found, remedies []string
	for _, o := range facts.Overlaps {
		found = append(found, fmt.Sprintf("%s (%s) meets %s of the interface %s", o.Range, o.Field, o.Network, o.Interface))
		remedies = append(remedies, fmt.Sprintf("Remove the interface %s, or choose another %s.", o.Interface, o.Field))
	}
	r.OK, r.Found, r.Remedy = false, strings.Join(found, "; "), strings.Join(remedies, " ")
	return r
}
