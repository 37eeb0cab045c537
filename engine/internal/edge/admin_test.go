package edge

import (
	"reflect"
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

func TestStoppedListening(t *testing.T) {
	counts := map[string]int{"listener_manager.listener_stopped": 2, "listener_manager.total_listeners_active": 3}
	if err := stoppedListening(counts); err == nil || err.Error() != "2 of 3 listeners are closed" {
		t.Errorf("with a listener left: %v", err)
	}
	counts["listener_manager.listener_stopped"] = 3
	if err := stoppedListening(counts); err != nil {
		t.Error(err)
	}
}

func TestNoneOpen(t *testing.T) {
	counts := map[string]int{"listener.[__]_443.downstream_cx_active": 2, "listener.admin.downstream_cx_active": 1}
	if err := noneOpen(counts); err == nil || err.Error() != "2 connections are open" {
		t.Errorf("with clients: %v", err)
	}
	counts["listener.[__]_443.downstream_cx_active"] = 0
	if err := noneOpen(counts); err != nil {
		t.Errorf("with only the question's own connection: %v", err)
	}
}
