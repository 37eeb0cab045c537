package walls

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/url"
	"reflect"
	"time"

	"brainpod.io/engine/internal/netpolicy"
)

const (
	pageSize = "500"
	// A watch ends by itself after about this long, and is taken up again where it stood.
	watchTime             = 5 * time.Minute
	pauseFirst, pauseMost = 200 * time.Millisecond, 5 * time.Second
	expired               = http.StatusGone
)

// errExpired says that the API server no longer knows where a watch stood.
var errExpired = errors.New("the API server has forgotten where this watch stood")

// kind is one list of the API, kept as it is there.
type kind[T any] struct {
	path     string
	metadata func(*T) netpolicy.Metadata
	client   *client
	store    *store
	// objects are the store's, under its lock; synced tells that they were all listed once.
	objects map[string]T
	synced  bool
}

type list struct {
	Metadata listMetadata      `json:"metadata"`
	Items    []json.RawMessage `json:"items"`
}

type listMetadata struct {
	ResourceVersion string `json:"resourceVersion"`
	Continue        string `json:"continue"`
}

type event struct {
	Type   string          `json:"type"`
	Object json.RawMessage `json:"object"`
}

// follow keeps the list true until the context ends.
func (k *kind[T]) follow(ctx context.Context, logf func(string, ...any)) {
	version, pause := "", pauseFirst
	for ctx.Err() == nil {
		began := time.Now()
		err := k.advance(ctx, &version)
		if errors.Is(err, errExpired) {
			version = ""
		}
		if time.Since(began) > pauseMost {
			pause = pauseFirst
		}
		if err == nil || ctx.Err() != nil {
			continue
		}
		logf("%s: %v; asking again in %s", k.path, err, pause)
		select {
		case <-ctx.Done():
		case <-time.After(pause):
		}
		pause = min(2*pause, pauseMost)
	}
}

// advance lists when it is not known where the list stands, and watches otherwise.
func (k *kind[T]) advance(ctx context.Context, version *string) error {
	if *version != "" {
		return k.watch(ctx, version)
	}
	objects := map[string]T{}
	query := url.Values{"limit": {pageSize}}
	for {
		page, err := k.page(ctx, query)
		if err != nil {
			return err
		}
		for _, raw := range page.Items {
			object, err := k.decode(raw)
			if err != nil {
				return err
			}
			objects[k.metadata(&object).Key()] = object
		}
		if page.Metadata.Continue == "" {
			k.replace(objects)
			*version = page.Metadata.ResourceVersion
			return nil
		}
		query.Set("continue", page.Metadata.Continue)
	}
}

func (k *kind[T]) page(ctx context.Context, query url.Values) (list, error) {
	body, err := k.client.get(ctx, k.path, query)
	if err != nil {
		return list{}, err
	}
	defer body.Close() // It was only read from.
	var page list
	return page, json.NewDecoder(body).Decode(&page)
}

func (k *kind[T]) watch(ctx context.Context, version *string) error {
	seconds := int(watchTime.Seconds()) + rand.IntN(int(watchTime.Seconds()/2))
	body, err := k.client.get(ctx, k.path, url.Values{
		"watch": {"1"}, "allowWatchBookmarks": {"true"}, "resourceVersion": {*version},
		"timeoutSeconds": {fmt.Sprint(seconds)},
	})
	if err != nil {
		return err
	}
	defer body.Close() // It was only read from.
	events := json.NewDecoder(body)
	for {
		var next event
		if err := events.Decode(&next); err != nil {
			if errors.Is(err, io.EOF) {
				return nil
			}
			return err
		}
		if err := k.take(next, version); err != nil {
			return err
		}
	}
}

func (k *kind[T]) take(next event, version *string) error {
	if next.Type == "ERROR" {
		var status struct {
			Code    int    `json:"code"`
			Message string `json:"message"`
		}
		if err := json.Unmarshal(next.Object, &status); err != nil {
			return err
		}
		if status.Code == expired {
			return errExpired
		}
		return fmt.Errorf("the watch was ended: %s", status.Message)
	}
	var stand struct {
		Metadata listMetadata `json:"metadata"`
	}
	if err := json.Unmarshal(next.Object, &stand); err != nil {
		return err
	}
	if next.Type != "BOOKMARK" {
		object, err := k.decode(next.Object)
		if err != nil {
			return err
		}
		k.change(object, next.Type == "DELETED")
	}
	*version = stand.Metadata.ResourceVersion
	return nil
}

func (k *kind[T]) decode(raw []byte) (T, error) {
	var object T
	if err := json.Unmarshal(raw, &object); err != nil {
		return object, fmt.Errorf("an object cannot be read: %w", err)
	}
	return object, nil
}

func (k *kind[T]) replace(objects map[string]T) {
	k.store.mu.Lock()
	defer k.store.mu.Unlock()
	if k.synced && reflect.DeepEqual(k.objects, objects) {
		return
	}
	k.objects, k.synced = objects, true
	k.store.signal()
}

// change takes one object in or out. Most changes of pods are about what does not matter here, and tell nobody.
func (k *kind[T]) change(object T, deleted bool) {
	k.store.mu.Lock()
	defer k.store.mu.Unlock()
	key := k.metadata(&object).Key()
	present, there := k.objects[key]
	switch {
	case deleted && there:
		delete(k.objects, key)
	case deleted || there && reflect.DeepEqual(present, object):
		return
	default:
		k.objects[key] = object
	}
	k.store.signal()
}
