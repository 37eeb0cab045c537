package cluster

import "encoding/json"

const (
	serverUser        = "brainpod:server"
	kubeletClientUser = "brainpod:kube-apiserver-kubelet-client"
)

var (
	readOnly  = []string{"get", "list", "watch"}
	readWrite = []string{"get", "list", "watch", "create", "update", "patch", "delete", "deletecollection"}
)

type rule struct {
	APIGroups []string `json:"apiGroups"`
	Resources []string `json:"resources"`
	Verbs     []string `json:"verbs"`
}

// serverRules are what the Brainpod server may do in the whole cluster, and no more:
// it never reads nodes' files, runs commands in containers or grants rights.
func serverRules() []rule {
	return []rule{
		{[]string{""}, []string{
			"namespaces", "services", "configmaps", "secrets", "serviceaccounts", "resourcequotas", "limitranges",
		}, readWrite},
		{[]string{""}, []string{"pods"}, append([]string{"delete", "deletecollection"}, readOnly...)},
		{[]string{""}, []string{"pods/log", "nodes", "endpoints"}, readOnly},
		{[]string{"", "events.k8s.io"}, []string{"events"}, append([]string{"create", "patch", "update"}, readOnly...)},
		{[]string{"apps"}, []string{"deployments"}, readWrite},
		{[]string{"apps"}, []string{"deployments/scale"}, []string{"get", "update", "patch"}},
		{[]string{"apps"}, []string{"replicasets"}, readOnly},
		{[]string{"discovery.k8s.io"}, []string{"endpointslices"}, readOnly},
		{[]string{"networking.k8s.io"}, []string{"networkpolicies"}, readWrite},
		{[]string{"policy"}, []string{"poddisruptionbudgets"}, readWrite},
		{[]string{"gateway.networking.k8s.io"}, []string{"*"}, readWrite},
		// Not EnvoyPatchPolicy: raw configuration of Envoy could reach anything.
		{[]string{"gateway.envoyproxy.io"}, []string{
			"backendtrafficpolicies", "clienttrafficpolicies", "httproutefilters", "securitypolicies",
		}, readWrite},
		{[]string{"admissionregistration.k8s.io"}, []string{
			"validatingadmissionpolicies", "validatingadmissionpolicybindings",
		}, readWrite},
		{[]string{"apiextensions.k8s.io"}, []string{"customresourcedefinitions"}, readOnly},
		{[]string{"coordination.k8s.io"}, []string{"leases"}, readWrite},
		{[]string{"metrics.k8s.io"}, []string{"pods", "nodes"}, readOnly},
	}
}

// accessRules are the rights of the users that are not Kubernetes' own, as a
// stream of objects to apply.
func accessRules() []byte {
	binding := func(name, role, user string) object {
		return object{
			"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRoleBinding",
			"metadata": object{"name": name},
			"roleRef":  object{"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": role},
			"subjects": []object{{"apiGroup": "rbac.authorization.k8s.io", "kind": "User", "name": user}},
		}
	}
	list := object{"apiVersion": "v1", "kind": "List", "items": []object{
		{
			"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRole",
			"metadata": object{"name": serverUser}, "rules": serverRules(),
		},
		binding(serverUser, serverUser, serverUser),
		binding(kubeletClientUser, "system:kubelet-api-admin", kubeletClientUser),
	}}
	raw, err := json.Marshal(list)
	if err != nil {
		// Only constants go in.
		panic(err)
	}
	return raw
}
