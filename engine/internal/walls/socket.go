package walls

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"io/fs"
	"net"
	"net/http"
	"os"
	"time"
)

const (
	// claimTime is how long a pod may stay unknown to the agent. The kubelet tries again after that.
	claimTime  = 10 * time.Second
	closeTime  = time.Second
	claimsPath = "/claims"
	statusPath = "/status"
)

// serve answers the network plugin and the engine on a socket that only root may use.
func (a *agent) serve(path string) (stop func() error, err error) {
	if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	listener, err := net.Listen("unix", path)
	if err != nil {
		return nil, err
	}
	if err := os.Chmod(path, 0o600); err != nil {
		return nil, errors.Join(err, listener.Close())
	}
	routes := http.NewServeMux()
	routes.HandleFunc("PUT "+claimsPath, a.handleClaim)
	routes.HandleFunc("DELETE "+claimsPath+"/{container}", a.handleRelease)
	routes.HandleFunc("GET "+statusPath, a.handleStatus)
	server := &http.Server{Handler: routes, ReadHeaderTimeout: claimTime}
	go func() {
		if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
			a.logf("the agent's socket: %v", err)
		}
	}()
	return func() error {
		ctx, cancel := context.WithTimeout(context.Background(), closeTime)
		defer cancel()
		if err := server.Shutdown(ctx); err != nil {
			return server.Close()
		}
		return nil
	}, nil
}

func (a *agent) handleClaim(w http.ResponseWriter, r *http.Request) {
	var claim Claim
	if err := json.NewDecoder(io.LimitReader(r.Body, 1<<16)).Decode(&claim); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	ctx, cancel := context.WithTimeout(r.Context(), claimTime)
	defer cancel()
	answer(w, a.claim(ctx, claim))
}

func (a *agent) handleRelease(w http.ResponseWriter, r *http.Request) {
	answer(w, a.release(r.PathValue("container")))
}

func answer(w http.ResponseWriter, err error) {
	if err != nil {
		http.Error(w, err.Error(), http.StatusServiceUnavailable)
		return
	}
	w.WriteHeader(http.StatusNoContent)
}

func (a *agent) handleStatus(w http.ResponseWriter, _ *http.Request) {
	a.mu.Lock()
	status := a.status
	a.mu.Unlock()
	if err := json.NewEncoder(w).Encode(status); err != nil {
		a.logf("the status could not be sent: %v", err)
	}
}
