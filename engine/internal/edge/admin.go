package edge

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// admin speaks to one Envoy's admin socket.
type admin struct {
	client *http.Client
}

// serverInfo is the part of /server_info that is read here.
type serverInfo struct {
	// State is LIVE once Envoy has its first configuration and serves, DRAINING while it drains.
	State string `json:"state"`
	Node  struct {
		ID string `json:"id"`
	} `json:"node"`
}

func adminAt(socket string) admin {
	var dialer net.Dialer
	return admin{client: &http.Client{
		Timeout: 5 * time.Second,
		Transport: &http.Transport{
			DisableKeepAlives: true,
			DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
				return dialer.DialContext(ctx, "unix", socket)
			},
		},
	}}
}

func (a admin) info(ctx context.Context) (serverInfo, error) {
	body, err := a.call(ctx, http.MethodGet, "/server_info")
	if err != nil {
		return serverInfo{}, err
	}
	var info serverInfo
	if err := json.Unmarshal(body, &info); err != nil {
		return serverInfo{}, fmt.Errorf("Envoy's admin interface answered what is not JSON: %w", err)
	}
	return info, nil
}

// addresses are what the Envoy's listeners are bound to, such as "[::]:443".
func (a admin) addresses(ctx context.Context) ([]string, error) {
	body, err := a.call(ctx, http.MethodGet, "/listeners")
	if err != nil {
		return nil, err
	}
	return parseListeners(string(body)), nil
}

// parseListeners reads lines such as "tcp-443::[::]:443"; the name itself may hold colons, single or in pairs.
func parseListeners(body string) []string {
	var addresses []string
	for line := range strings.Lines(body) {
		line = strings.TrimSpace(line)
		split := strings.LastIndex(line, "::[")
		if split < 0 {
			split = strings.LastIndex(line, "::")
		}
		if split >= 0 {
			addresses = append(addresses, line[split+2:])
		}
	}
	return addresses
}

// counts are Envoy's counters and gauges whose names match a regular expression.
func (a admin) counts(ctx context.Context, names string) (map[string]int, error) {
	body, err := a.call(ctx, http.MethodGet, "/stats?filter="+url.QueryEscape(names))
	if err != nil {
		return nil, err
	}
	return parseCounts(string(body))
}

func parseCounts(body string) (map[string]int, error) {
	counts := map[string]int{}
	for line := range strings.Lines(body) {
		name, value, found := strings.Cut(strings.TrimSpace(line), ": ")
		count, err := strconv.Atoi(value)
		if !found || err != nil {
			return nil, fmt.Errorf("Envoy's statistics are not numbers: %q", line)
		}
		counts[name] = count
	}
	return counts, nil
}

// drain asks clients to come back on a new connection, and closes the listeners after Envoy's drain time.
func (a admin) drain(ctx context.Context) error {
	_, err := a.call(ctx, http.MethodPost, "/drain_listeners?graceful")
	return err
}

// quit ends the Envoy.
func (a admin) quit(ctx context.Context) error {
	_, err := a.call(ctx, http.MethodPost, "/quitquitquit")
	return err
}

func (a admin) call(ctx context.Context, method, path string) ([]byte, error) {
	request, err := http.NewRequestWithContext(ctx, method, "http://envoy"+path, nil)
	if err != nil {
		return nil, err
	}
	response, err := a.client.Do(request)
	if err != nil {
		return nil, fmt.Errorf("Envoy's admin interface does not answer: %w", err)
	}
	body, err := io.ReadAll(io.LimitReader(response.Body, 16<<20))
	if err := errors.Join(err, response.Body.Close()); err != nil {
		return nil, err
	}
	if response.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("Envoy's admin interface answered %s to %s", response.Status, path)
	}
	return body, nil
}
