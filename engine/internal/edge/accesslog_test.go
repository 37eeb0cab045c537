package edge

import (
	"encoding/json"
	"strings"
	"testing"

	clusterv3 "github.com/envoyproxy/go-control-plane/envoy/config/cluster/v3"
	grpcv3 "github.com/envoyproxy/go-control-plane/envoy/extensions/access_loggers/grpc/v3"
	_ "github.com/envoyproxy/go-control-plane/envoy/extensions/upstreams/http/v3"
	"google.golang.org/protobuf/encoding/protojson"

	"brainpod.io/engine/internal/config"
)

func TestAccessLogIsWhatEnvoyTakes(t *testing.T) {
	content, err := json.Marshal(accessLogs("/run/brainpod/access-log.sock"))
	if err != nil {
		t.Fatal(err)
	}
	var cluster clusterv3.Cluster
	if err := protojson.Unmarshal(content, &cluster); err != nil {
		t.Fatal(err)
	}
	if err := cluster.ValidateAll(); err != nil {
		t.Error(err)
	}
	logger, ok := accessLog()[0]["typed_config"].(object)
	if !ok {
		t.Fatal("it has no configuration")
	}
	delete(logger, "@type")
	if content, err = json.Marshal(logger); err != nil {
		t.Fatal(err)
	}
	var log grpcv3.HttpGrpcAccessLogConfig
	if err := protojson.Unmarshal(content, &log); err != nil {
		t.Fatal(err)
	}
	if err := log.ValidateAll(); err != nil {
		t.Error(err)
	}
}

func TestAccessLogOnlyWhereSomebodyTakesIt(t *testing.T) {
	for _, socket := range []string{"", "/run/brainpod/access-log.sock"} {
		bootstrap := testBootstrap()
		bootstrap.AccessLogSocket = socket
		rendered, err := bootstrap.Render()
		if err != nil {
			t.Fatal(err)
		}
		policy, err := json.Marshal(errorPages(&config.Config{AccessLogSocket: socket}))
		if err != nil {
			t.Fatal(err)
		}
		for name, content := range map[string]string{"bootstrap": string(rendered), "policy": string(policy)} {
			if told := strings.Contains(content, accessLogCluster); told != (socket != "") {
				t.Errorf("%s with %q: %v", name, socket, told)
			}
		}
	}
}
