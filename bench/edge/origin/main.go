// Command origin is the instance that an edge is measured before: "/small" is 32 bytes and "/large" 100 KiB, over plain
// HTTP and over TLS 1.3, HTTP/1.1 and HTTP/2.
package main

import (
	"bytes"
	"crypto/tls"
	"flag"
	"fmt"
	"log"
	"net"
	"net/http"
	"os"
	"strconv"
)

func main() {
	plain := flag.String("plain", "", "address for plain HTTP")
	secure := flag.String("tls", "", "address for TLS; none where empty")
	certificate := flag.String("cert", "", "PEM file of the chain")
	key := flag.String("key", "", "PEM file of the key")
	flag.Parse()
	handler := answers()
	listener, err := net.Listen("tcp", *plain)
	if err != nil {
		log.Fatal(err)
	}
	ended := make(chan error)
	go func() { ended <- http.Serve(listener, handler) }()
	if *secure != "" {
		listener, err := net.Listen("tcp", *secure)
		if err != nil {
			log.Fatal(err)
		}
		server := &http.Server{Handler: handler, TLSConfig: &tls.Config{MinVersion: tls.VersionTLS13}}
		go func() { ended <- server.ServeTLS(listener, *certificate, *key) }()
	}
	fmt.Fprintln(os.Stdout, "ready")
	log.Fatal(<-ended)
}

func answers() http.Handler {
	mux := http.NewServeMux()
	for path, bytesLong := range map[string]int{"/small": 32, "/large": 100 << 10} {
		body := bytes.Repeat([]byte("0123456789abcdef"), bytesLong/16)
		length := strconv.Itoa(len(body))
		mux.HandleFunc(path, func(answer http.ResponseWriter, _ *http.Request) {
			answer.Header().Set("content-type", "application/octet-stream")
			answer.Header().Set("content-length", length)
			// Whoever asks counts the bytes.
			_, _ = answer.Write(body)
		})
	}
	return mux
}
