package edge

import (
	"fmt"
	"strings"

	"brainpod.io/engine/internal/config"
)

const (
	errorPagesName = "brainpod-error-pages"
	requestID      = "%REQ(X-REQUEST-ID)%"
)

// failure is one way in which the edge itself has to answer instead of an app.
type failure struct {
	// code is what programs read.
	code string
	// title and says tell a visitor what is wrong, advice what to do.
	title, says, advice string
	// owner tells whom the app belongs to what to look at; empty where the visitor alone can do something.
	owner string
	// when says which of Envoy's own answers this is about.
	when object
	// retryAfterSeconds is told to programs; 0 where trying again does not help.
	retryAfterSeconds int
}

// failures are tried one after the other: what is told by a response flag comes before the statuses.
func failures() []failure {
	return append(appFailures(), requestFailures()...)
}

func appFailures() []failure {
	return []failure{
		{
			code: "APP_REFUSES_CONNECTIONS", when: flagged("UF"), retryAfterSeconds: 5,
			title: "The app takes no connections", says: "It was started, but nothing in it answers.",
			advice: "Try again in a moment.",
			owner:  "See that the app listens on the port that its Route names, and on all addresses, not on 127.0.0.1 alone.",
		},
		{
			code: "APP_BROKE_OFF", when: flagged("UC", "UR", "UPE"),
			title: "The app broke off", says: "It took the request and ended the connection without a proper answer.",
			advice: "Try again. Before you send something a second time, see whether the first time had an effect.",
			owner:  "The app's log says whether it crashed or ran out of memory.",
		},
		{
			code: "TOO_BUSY", when: flagged("UO", "OM"), retryAfterSeconds: 5,
			title: "Too many requests at once", says: "There are more requests than can be taken at the moment.",
			advice: "Try again in a moment.", owner: "More instances of the app can take more requests.",
		},
		{
			code: "APP_NOT_READY", when: answered("EQ", 503), retryAfterSeconds: 5,
			title: "The app is not ready", says: "It is starting, or it has been stopped, or it is in trouble: no instance of it takes requests.",
			advice: "Try again in a moment.", owner: "The app's status says what it is waiting for, and its log what it does.",
		},
		{
			code: "APP_TOO_SLOW", when: answered("EQ", 504),
			title: "The app took too long", says: "It did not answer within the time that it is given.",
			advice: "Try again. Before you send something a second time, see whether the first time had an effect.",
			owner:  "Let the app answer sooner, or raise the timeout of its Route (300 seconds at most).",
		},
		{
			code: "NO_APP", when: answered("EQ", 404),
			title: "There is no app here", says: "No app answers at this address.",
			advice: "See whether the address is spelled correctly.",
			owner:  "Deploy a Route with this host name and a path that the request begins with.",
		},
	}
}

func requestFailures() []failure {
	return []failure{
		{
			code: "NOT_ALLOWED", when: answered("EQ", 403),
			title: "This address is not open to you", says: "It takes requests from certain networks only, or not of this kind.",
			advice: "Ask whom it belongs to.", owner: "A Route's allow list names the networks that it is open to.",
		},
		{
			code: "REQUEST_TIMEOUT", when: answered("EQ", 408),
			title: "The request did not arrive in time", says: "Nothing more of it came for too long.", advice: "Send it again.",
		},
		{
			code: "REQUEST_TOO_LARGE", when: answered("EQ", 413),
			title: "The request is too large", says: "There is more in it than can be taken.", advice: "Send less at once.",
		},
		{
			code: "HEADERS_TOO_LARGE", when: answered("EQ", 431),
			title: "The request's headers are too large", says: "All headers together, cookies among them, may have 60 KB and 100 lines.",
			advice: "In a browser it helps to delete the cookies of this site.",
		},
		{
			code: "FAULT", when: answered("GE", 500),
			title: "The way to the app is broken", says: "The request could not be brought to the app.", advice: "Try again in a moment.",
			owner: "See whether the app that the Route leads to is deployed.",
		},
		{
			code: "BAD_REQUEST", when: answered("GE", 400),
			title: "This request is not understood", says: "It breaks the rules of HTTP or asks for what is not offered here.",
			advice: "See that the program that sent it is up to date.",
		},
	}
}

// errorPages has Envoy answer in our words where no app does, and tell of each request. Envoy Gateway has no setting that
// could tell by the request whether a person or a program is to read the answer, and none for a socket outside the cluster,
// so this is the one raw piece of configuration; nobody but the engine may write another.
func errorPages(cfg *config.Config) object {
	patches := []object{}
	for _, port := range []int{cfg.Ports.HTTP, cfg.Ports.HTTPS} {
		patches = append(patches, connectionManagerPatch(port, "local_reply_config", localReplies()))
		if cfg.AccessLogSocket != "" {
			patches = append(patches, connectionManagerPatch(port, "access_log", accessLog()))
		}
	}
	return object{
		"apiVersion": "gateway.envoyproxy.io/v1alpha1", "kind": "EnvoyPatchPolicy",
		"metadata": object{"name": errorPagesName, "namespace": Namespace, "labels": ownLabels},
		"spec": object{
			"targetRef": object{
				"group": "gateway.networking.k8s.io", "kind": "GatewayClass", "name": cfg.GatewayClass,
			},
			"type": "JSONPatch", "jsonPatches": patches,
		},
	}
}

// connectionManagerPatch sets one member in what handles the requests of a port.
func connectionManagerPatch(port int, member string, value any) object {
	return object{
		"type": typePrefix + "config.listener.v3.Listener",
		"name": fmt.Sprintf("tcp-%d", port),
		"operation": object{
			"op":       "add",
			"jsonPath": "$..filters[?(@.name=='envoy.filters.network.http_connection_manager')].typed_config",
			"path":     member,
			"value":    value,
		},
	}
}

// localReplies is Envoy's configuration of answers that are its own. What an app answered never passes here.
func localReplies() object {
	var mappers []object
	for _, failure := range failures() {
		mappers = append(mappers,
			failure.mapper(both(failure.when, accepts("text/html")), "text/html; charset=utf-8", failure.html()),
			failure.mapper(both(failure.when, accepts("json")), "application/json", failure.json()),
			failure.mapper(failure.when, "text/plain; charset=utf-8", failure.text()),
		)
	}
	return object{"mappers": mappers}
}

func (f failure) mapper(when object, contentType, format string) object {
	headers := []object{header("cache-control", "no-store"), header("x-request-id", requestID)}
	if f.retryAfterSeconds > 0 {
		headers = append(headers, header("retry-after", fmt.Sprint(f.retryAfterSeconds)))
	}
	return object{
		"filter":         when,
		"headers_to_add": headers,
		"body_format_override": object{
			"text_format_source": object{"inline_string": format},
			"content_type":       contentType,
		},
	}
}

func header(name, value string) object {
	return object{"header": object{"key": name, "value": value}, "append_action": "OVERWRITE_IF_EXISTS_OR_ADD"}
}

func (f failure) text() string {
	lines := []string{f.title + ".", f.says + " " + f.advice}
	if f.owner != "" {
		lines = append(lines, "If the app is yours: "+f.owner)
	}
	return strings.Join(append(lines, "Status %RESPONSE_CODE%, request "+requestID), "\n") + "\n"
}

func (f failure) json() string {
	message := f.title + ". " + f.says + " " + f.advice
	if f.owner != "" {
		message += " If the app is yours: " + f.owner
	}
	return fmt.Sprintf("{\"error\":{\"code\":%q,\"message\":%q,\"requestId\":\"%s\"}}\n", f.code, message, requestID)
}

// html is small, for it stands in the configuration once for each failure and each certificate's listener. Nothing of the
// request is repeated in it but the id, which is Envoy's own. A percent sign would be read as a placeholder.
func (f failure) html() string {
	owner := ""
	if f.owner != "" {
		owner = "<details><summary>If the app is yours</summary><p>" + f.owner + "</p></details>"
	}
	return `<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">` +
		`<meta name="robots" content="noindex"><title>` + f.title + `</title><style>` +
		`:root{color-scheme:light dark}body{margin:0;min-height:100vh;display:grid;place-items:center;` +
		`font:16px/1.6 system-ui,sans-serif;background:light-dark(#f6f7f9,#14161a);color:light-dark(#1b1f27,#e8eaee)}` +
		`main{box-sizing:border-box;width:min(34rem,100vw);padding:2rem}` +
		`h1{font-size:1.6rem;line-height:1.25;margin:.2rem 0 1rem}p{margin:0 0 .8rem}` +
		`.s,footer{color:light-dark(#5b6472,#9aa3b2);font-size:.85rem}` +
		`details{margin:1.2rem 0;padding:.7rem 1rem;border-radius:.6rem;background:light-dark(#fff,#1e2127)}` +
		`summary{cursor:pointer}details p{margin:.6rem 0 0}</style><main><div class="s">%RESPONSE_CODE%</div><h1>` + f.title +
		`</h1><p>` + f.says + `</p><p>` + f.advice + `</p>` + owner +
		`<footer>Request <code>` + requestID + `</code></footer></main></html>` + "\n"
}

// flagged is Envoy's own answer for one of these reasons.
func flagged(flags ...string) object {
	return object{"response_flag_filter": object{"flags": flags}}
}

// answered is Envoy's own answer with a status that is equal (EQ) or greater or equal (GE).
func answered(operator string, status int) object {
	return object{"status_code_filter": object{"comparison": object{
		"op": operator, "value": object{"default_value": status, "runtime_key": "brainpod.error_pages.status"},
	}}}
}

// accepts is a request whose caller says that it reads this content type.
func accepts(contentType string) object {
	return object{"header_filter": object{"header": object{
		"name": "accept", "string_match": object{"contains": contentType, "ignore_case": true},
	}}}
}

func both(first, second object) object {
	return object{"and_filter": object{"filters": []object{first, second}}}
}
