package edge

import (
	"reflect"
	"strings"
	"testing"
)

func TestParseListeners(t *testing.T) {
	body := "stats::127.0.0.1:19001\nenvoy-gateway-proxy-ready-::-19003::[::]:19003\ntcp-80::0.0.0.0:80\ntcp-443::[::]:443\n"
	want := []string{"127.0.0.1:19001", "[::]:19003", "0.0.0.0:80", "[::]:443"}
	if got := parseListeners(body); !reflect.DeepEqual(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
	if got := parseListeners(""); got != nil {
		t.Errorf("of nothing: got %q", got)
	}
}

func TestParseCounts(t *testing.T) {
	got, err := parseCounts("listener.[__]_443.downstream_cx_active: 3\nlistener_manager.listener_stopped: 0\n")
	want := map[string]int{"listener.[__]_443.downstream_cx_active": 3, "listener_manager.listener_stopped": 0}
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("got %v, %v; want %v", got, err, want)
	}
	if _, err := parseCounts("a.histogram: P0(nan,1)\n"); err == nil {
		t.Error("took a histogram for a number")
	}
}

func TestDrained(t *testing.T) {
	counts := func(stopped, open, admin int) map[string]int {
		return map[string]int{
			"listener_manager.listener_stopped": stopped, "listener_manager.total_listeners_active": 3,
			"listener.[__]_443.downstream_cx_active": open, "listener.admin.downstream_cx_active": admin,
		}
	}
	for _, c := range []struct {
		name   string
		counts map[string]int
		says   string
	}{
		{"listens", counts(2, 0, 1), "2 of 3 listeners are closed"},
		{"has clients", counts(3, 2, 1), "2 connections are open"},
		{"only the admin's own connection", counts(3, 0, 1), ""},
	} {
		err := drained(c.counts)
		if c.says == "" && err != nil || c.says != "" && (err == nil || !strings.Contains(err.Error(), c.says)) {
			t.Errorf("%s: got %v, want %q", c.name, err, c.says)
		}
	}
}
