package edge

import (
	"encoding/json"
	"regexp"
	"strings"
	"testing"

	hcmv3 "github.com/envoyproxy/go-control-plane/envoy/extensions/filters/network/http_connection_manager/v3"
	"google.golang.org/protobuf/encoding/protojson"
)

func TestLocalRepliesAreWhatEnvoyTakes(t *testing.T) {
	content, err := json.Marshal(localReplies())
	if err != nil {
		t.Fatal(err)
	}
	var config hcmv3.LocalReplyConfig
	if err := protojson.Unmarshal(content, &config); err != nil {
		t.Fatal(err)
	}
	if err := config.ValidateAll(); err != nil {
		t.Error(err)
	}
	// It stands once for each certificate in Envoy's memory.
	if len(content) > 48<<10 {
		t.Errorf("it has %d bytes", len(content))
	}
}

func TestErrorPagesSayWhatIsWrong(t *testing.T) {
	placeholder := regexp.MustCompile(`%[A-Z_]+(\([A-Z-]+\))?%`)
	foreign := regexp.MustCompile(`(?i)kube|envoy|gateway|upstream|cluster|backend|endpoint|\bpods?\b`)
	codes := map[string]bool{}
	for _, failure := range failures() {
		if codes[failure.code] {
			t.Errorf("%s is there twice", failure.code)
		}
		codes[failure.code] = true
		for _, body := range []string{failure.html(), failure.json(), failure.text()} {
			if !strings.Contains(body, requestID) || !strings.Contains(body, failure.title) || !strings.Contains(body, failure.advice) {
				t.Errorf("%s does not say everything: %s", failure.code, body)
			}
			filled := placeholder.ReplaceAllString(body, "")
			if strings.Contains(filled, "%") {
				t.Errorf("%s has a percent sign that Envoy takes for a placeholder: %s", failure.code, filled)
			}
			if word := foreign.FindString(filled); word != "" {
				t.Errorf("%s says %q: %s", failure.code, word, filled)
			}
		}
		var decoded struct {
			Error struct{ Code, Message string }
		}
		if err := json.Unmarshal([]byte(failure.json()), &decoded); err != nil || decoded.Error.Code != failure.code {
			t.Errorf("%s: %v in %s", failure.code, err, failure.json())
		}
	}
}

func TestErrorPagesAreOnBothListeners(t *testing.T) {
	content, err := json.Marshal(errorPages(testConfig(t)))
	if err != nil {
		t.Fatal(err)
	}
	var decoded any
	if err := json.Unmarshal(content, &decoded); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		want any
		path []any
	}{
		{"edge-class", []any{"spec", "targetRef", "name"}},
		{"tcp-8000", []any{"spec", "jsonPatches", 0, "name"}},
		{"tcp-8443", []any{"spec", "jsonPatches", 1, "name"}},
	} {
		if got := at(t, decoded, c.path...); got != c.want {
			t.Errorf("%v: got %v, want %v", c.path, got, c.want)
		}
	}
}
