package variant_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"brainpod.io/engine/internal/variant"
)

const mebibyte = 1 << 20

func recorded(t *testing.T, name string) variant.Facts {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join("testdata", name+".json"))
	if err != nil {
		t.Fatal(err)
	}
	var facts variant.Facts
	if err := json.Unmarshal(raw, &facts); err != nil {
		t.Fatal(err)
	}
	return facts
}

func TestDecideOverRecordedMachines(t *testing.T) {
	for name, want := range map[string]variant.Variant{
		"debian12-cgroup1-without-cap-sys-resource": {
			Cgroup: "v1", CgroupDriver: "cgroupfs", CapSysResource: false, FailCgroupV1: false,
			RestrictOOMScoreAdj: true, KubeletInUserNamespace: true,
			Thresholds: variant.Thresholds{
				EvictionFreeBytes: 4096 * mebibyte, ImageHighPercent: 95, ImageLowPercent: 93,
				EvictionMemoryBytes: 100 * mebibyte, ReservedMemoryBytes: 1536 * mebibyte,
			},
		},
		"debian12-cgroup2-systemd": {
			Cgroup: "v2", CgroupDriver: "systemd", CapSysResource: true, FailCgroupV1: true,
			Thresholds: variant.Thresholds{
				EvictionFreeBytes: 4096 * mebibyte, ImageHighPercent: 98, ImageLowPercent: 96,
				EvictionMemoryBytes: 100 * mebibyte, ReservedMemoryBytes: 1536 * mebibyte,
			},
		},
		"container-cgroup2-without-cap-sys-resource": {
			Cgroup: "v2", CgroupDriver: "cgroupfs", CapSysResource: false, FailCgroupV1: true,
			RestrictOOMScoreAdj: true, KubeletInUserNamespace: true,
			Thresholds: variant.Thresholds{
				EvictionFreeBytes: 512 * mebibyte, ImageHighPercent: 94, ImageLowPercent: 92,
				EvictionMemoryBytes: 100 * mebibyte, ReservedMemoryBytes: 1025000000,
			},
		},
	} {
		if got := variant.Decide(recorded(t, name)); got != want {
			t.Errorf("%s:\n got %+v\nwant %+v", name, got, want)
		}
	}
}

// A disk of a developer that is 80 % full must lose neither pods nor images.
func TestNothingIsEvictedFromADiskThatIsFourFifthsFull(t *testing.T) {
	for _, gigabytes := range []uint64{50, 120, 256, 512, 1000, 4000} {
		total := gigabytes * 1e9
		got := variant.Decide(variant.Facts{Disk: variant.Disk{TotalBytes: total}}).Thresholds
		if free := total / 5; got.EvictionFreeBytes >= free {
			t.Errorf("%d GB: pods are evicted with %d bytes free", gigabytes, free)
		}
		if got.ImageHighPercent <= 80 {
			t.Errorf("%d GB: images are removed from %d %%", gigabytes, got.ImageHighPercent)
		}
		// Images must begin to go while pods may still stay.
		imagesFree := total * uint64(100-got.ImageHighPercent) / 100
		if imagesFree <= got.EvictionFreeBytes {
			t.Errorf("%d GB: pods go at %d free bytes, images only at %d", gigabytes, got.EvictionFreeBytes, imagesFree)
		}
	}
}
