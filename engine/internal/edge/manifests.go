package edge

import "brainpod.io/engine/internal/config"

// serviceName is the Service whose address Envoy Gateway reports as the Gateways' own.
const serviceName = "envoy"

var ownLabels = object{"app.kubernetes.io/managed-by": "brainpod"}

// manifests are Envoy Gateway's namespace, its rights, the GatewayClass and the Service that stands for Envoy where
// there is one for all Gateways.
func manifests(cfg *config.Config) []object {
	list := []object{
		{"apiVersion": "v1", "kind": "Namespace", "metadata": object{"name": Namespace, "labels": ownLabels}},
		{
			"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRole",
			"metadata": object{"name": gatewayUser, "labels": ownLabels},
			"rules":    gatewayRules(),
		},
		{
			"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRoleBinding",
			"metadata": object{"name": gatewayUser, "labels": ownLabels},
			"roleRef":  object{"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": gatewayUser},
			"subjects": []object{{"apiGroup": "rbac.authorization.k8s.io", "kind": "User", "name": gatewayUser}},
		},
		{
			"apiVersion": "gateway.networking.k8s.io/v1", "kind": "GatewayClass",
			"metadata": object{"name": cfg.GatewayClass, "labels": ownLabels},
			"spec":     object{"controllerName": ControllerName},
		},
	}
	if cfg.Gateways == config.Merged {
		list = append(list, mergedService(cfg))
	}
	return list
}

func mergedService(cfg *config.Config) object {
	return object{
		"apiVersion": "v1", "kind": "Service",
		"metadata": object{
			"name": serviceName, "namespace": Namespace,
			"labels": object{
				"app.kubernetes.io/managed-by": "brainpod",
				// By this label Envoy Gateway finds where the Gateways of a class can be reached.
				"gateway.envoyproxy.io/owning-gatewayclass": cfg.GatewayClass,
			},
		},
		"spec": object{
			"type": "LoadBalancer", "allocateLoadBalancerNodePorts": false,
			"ports": []object{
				{"name": "http", "port": cfg.Ports.HTTP, "protocol": "TCP"},
				{"name": "https", "port": cfg.Ports.HTTPS, "protocol": "TCP"},
			},
		},
	}
}

// gatewayRules lets Envoy Gateway read what routes are made of and write what became of them.
func gatewayRules() []object {
	read := []string{"get", "list", "watch"}
	rule := func(group string, verbs []string, resources ...string) object {
		return object{"apiGroups": []string{group}, "resources": resources, "verbs": verbs}
	}
	update := []string{"update", "patch"}
	return []object{
		rule("", read, "configmaps", "secrets", "services", "nodes", "namespaces", "pods", "serviceaccounts"),
		rule("apps", read, "deployments", "daemonsets"),
		rule("discovery.k8s.io", read, "endpointslices"),
		rule("gateway.networking.k8s.io", read, "*"),
		rule("gateway.networking.k8s.io", update, "gatewayclasses", "*/status"),
		rule("gateway.envoyproxy.io", read, "*"),
		rule("gateway.envoyproxy.io", update, "*/status"),
		rule("multicluster.x-k8s.io", read, "serviceimports"),
	}
}
