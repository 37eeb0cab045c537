// Command load asks one address over TLS 1.3 on kept connections, and prints what it saw as one line of JSON.
//
// With a rate, each request has its time by the clock, whatever became of those before it, and its latency counts from
// that time: an edge that stalls is charged for all the requests that it held up (no coordinated omission). Without one, each
// connection's share of requests is asked one after the other, as fast as they are answered. Without seconds it goes on
// until SIGTERM.
package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"os"
	"os/signal"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
)

type settings struct {
	address, path, protocol, authority string
	hosts                              []string
	bytes                              int64
	connections, workers               int
	rate                               float64
	seconds                            float64
}

type result struct {
	Requests  int      `json:"requests"`
	Failed    int      `json:"failed"`
	Faults    []string `json:"faults"`
	PerSecond float64  `json:"perSecond"`
	P50Ms     float64  `json:"p50Ms"`
	P99Ms     float64  `json:"p99Ms"`
	MaxMs     float64  `json:"maxMs"`
}

// A fault is told of by its text; of many only the first.
const mostFaults = 10

func main() {
	var s settings
	flag.StringVar(&s.address, "address", "", "where to connect to")
	hosts := flag.String("hosts", "", "host names, by turns, with commas between")
	flag.StringVar(&s.path, "path", "/small", "what to ask for")
	flag.Int64Var(&s.bytes, "bytes", 32, "how long each answer must be")
	flag.StringVar(&s.protocol, "protocol", "h1", "h1 or h2")
	flag.StringVar(&s.authority, "authority", "", "PEM file of whom to trust")
	flag.IntVar(&s.connections, "connections", 32, "connections")
	flag.IntVar(&s.workers, "workers", 32, "requests at once, at most")
	flag.Float64Var(&s.rate, "rate", 0, "requests per second; as many as can be where 0")
	flag.Float64Var(&s.seconds, "seconds", 0, "how long; until SIGTERM where 0")
	flag.Parse()
	s.hosts = strings.Split(*hosts, ",")
	clients, err := s.clients()
	if err != nil {
		log.Fatal(err)
	}
	if err := json.NewEncoder(os.Stdout).Encode(s.run(clients)); err != nil {
		log.Fatal(err)
	}
}

// clients have one connection each.
func (s settings) clients() ([]*http.Client, error) {
	pem, err := os.ReadFile(s.authority)
	if err != nil {
		return nil, err
	}
	trusted := x509.NewCertPool()
	if !trusted.AppendCertsFromPEM(pem) {
		return nil, fmt.Errorf("%s has no certificate", s.authority)
	}
	var protocols http.Protocols
	protocols.SetHTTP1(s.protocol == "h1")
	protocols.SetHTTP2(s.protocol == "h2")
	dialer := net.Dialer{Timeout: 5 * time.Second}
	clients := make([]*http.Client, s.connections)
	for index := range clients {
		clients[index] = &http.Client{Timeout: 10 * time.Second, Transport: &http.Transport{
			DialContext: func(ctx context.Context, network, _ string) (net.Conn, error) {
				return dialer.DialContext(ctx, network, s.address)
			},
			TLSClientConfig: &tls.Config{RootCAs: trusted, ServerName: s.hosts[0], MinVersion: tls.VersionTLS13},
			Protocols:       &protocols, MaxConnsPerHost: 1, DisableCompression: true,
			ReadBufferSize: 64 << 10, WriteBufferSize: 4 << 10,
		}}
	}
	return clients, nil
}

// seen is what one worker saw.
type seen struct {
	latencies []time.Duration
	failed    int
	faults    []string
}

func (s settings) run(clients []*http.Client) result {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer stop()
	for _, client := range clients {
		// Connecting is not what is measured.
		if err := s.ask(client, 0); err != nil {
			log.Fatal(err)
		}
	}
	began := time.Now()
	if s.seconds > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithDeadline(ctx, began.Add(time.Duration(s.seconds*float64(time.Second))))
		defer cancel()
	}
	var turn atomic.Int64
	all := make([]seen, s.workers)
	var workers sync.WaitGroup
	for index := range all {
		workers.Go(func() { all[index] = s.work(ctx, clients[index%len(clients)], began, &turn) })
	}
	workers.Wait()
	return summary(all, time.Since(began))
}

func (s settings) work(ctx context.Context, client *http.Client, began time.Time, turn *atomic.Int64) seen {
	var mine seen
	for ctx.Err() == nil {
		number := turn.Add(1) - 1
		from := time.Now()
		if s.rate > 0 {
			from = began.Add(time.Duration(float64(number) / s.rate * float64(time.Second)))
			select {
			case <-ctx.Done():
				return mine
			case <-time.After(time.Until(from)):
			}
		}
		err := s.ask(client, number)
		mine.latencies = append(mine.latencies, time.Since(from))
		if err != nil {
			mine.failed++
			if len(mine.faults) < mostFaults {
				mine.faults = append(mine.faults, fmt.Sprintf("after %.3f s: %v", time.Since(began).Seconds(), err))
			}
		}
	}
	return mine
}

func (s settings) ask(client *http.Client, number int64) error {
	host := s.hosts[number%int64(len(s.hosts))]
	request, err := http.NewRequest(http.MethodGet, "https://"+s.hosts[0]+s.path, nil)
	if err != nil {
		return err
	}
	request.Host = host
	answer, err := client.Do(request)
	if err != nil {
		return err
	}
	length, err := io.Copy(io.Discard, answer.Body)
	if err := errors.Join(err, answer.Body.Close()); err != nil {
		return err
	}
	if answer.StatusCode != http.StatusOK || length != s.bytes {
		return fmt.Errorf("%s%s: status %d with %d bytes", host, s.path, answer.StatusCode, length)
	}
	if wanted := map[string]int{"h1": 1, "h2": 2}[s.protocol]; answer.ProtoMajor != wanted {
		return fmt.Errorf("answered in HTTP/%d", answer.ProtoMajor)
	}
	return nil
}

func summary(all []seen, took time.Duration) result {
	var latencies []time.Duration
	found := result{Faults: []string{}}
	for _, one := range all {
		latencies = append(latencies, one.latencies...)
		found.Failed += one.failed
		found.Faults = append(found.Faults, one.faults...)
	}
	found.Faults = found.Faults[:min(len(found.Faults), mostFaults)]
	found.Requests = len(latencies)
	if found.Requests == 0 {
		return found
	}
	slices.Sort(latencies)
	at := func(part float64) float64 {
		index := min(int(part*float64(len(latencies))), len(latencies)-1)
		return float64(latencies[index].Nanoseconds()) / 1e6
	}
	found.PerSecond = float64(found.Requests) / took.Seconds()
	found.P50Ms, found.P99Ms, found.MaxMs = at(0.5), at(0.99), at(1)
	return found
}
