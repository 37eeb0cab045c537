package edge

import "encoding/json"

const (
	xdsCertificateSecret = "xds_certificate"
	xdsTrustedCASecret   = "xds_trusted_ca"
	// gatewayServerName is the name in Envoy Gateway's own certificate.
	gatewayServerName = "envoy-gateway"
)

// certificateSecret is the file by which Envoy finds its client certificate, and finds it again after a renewal.
func certificateSecret(certificate, key string) ([]byte, error) {
	return secretFile(xdsCertificateSecret, "tls_certificate", object{
		"certificate_chain": object{"filename": certificate},
		"private_key":       object{"filename": key},
	})
}

// trustedCASecret is the file by which Envoy knows whose configuration it may take.
func trustedCASecret(ca string) ([]byte, error) {
	return secretFile(xdsTrustedCASecret, "validation_context", object{
		"trusted_ca": object{"filename": ca},
		"match_typed_subject_alt_names": []object{
			{"san_type": "DNS", "matcher": object{"exact": gatewayServerName}},
		},
	})
}

func secretFile(name, field string, value object) ([]byte, error) {
	return json.Marshal(object{"resources": []object{{
		"@type": typePrefix + "extensions.transport_sockets.tls.v3.Secret",
		"name":  name,
		field:   value,
	}}})
}
