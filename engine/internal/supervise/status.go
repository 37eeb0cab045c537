package supervise

import "time"

// State is where a component stands.
type State string

const (
	// Waiting is for something that it needs.
	Waiting State = "waiting"
	// Starting is from its preparation until it serves.
	Starting State = "starting"
	// Ready is serving.
	Ready State = "ready"
	// Backoff is ended or not startable, to be tried again after a pause.
	Backoff State = "backoff"
	// Failed is Backoff that has lasted for several attempts: a person should look.
	Failed State = "failed"
	// Stopped is ended on purpose.
	Stopped State = "stopped"
)

// Status is one component as people and other programs see it.
type Status struct {
	Name  string `json:"name"`
	State State  `json:"state"`
	PID   int    `json:"pid,omitempty"`
	// Restarts counts the starts after the first one since this engine began.
	Restarts int `json:"restarts"`
	// Since is when State was entered.
	Since time.Time `json:"since"`
	// WaitsFor names what a waiting component waits for.
	WaitsFor string `json:"waitsFor,omitempty"`
	// Message says what is wrong or still to come.
	Message string `json:"message,omitempty"`
	// Settled tells that a ready component also did what follows its readiness.
	Settled bool `json:"settled"`
}

// IsUp tells whether everything serves and has settled.
func IsUp(all []Status) bool {
	for _, status := range all {
		if status.State != Ready || !status.Settled {
			return false
		}
	}
	return len(all) > 0
}
