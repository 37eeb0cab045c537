/** What every implementation of the profile GATEWAY-HTTP must do. */
export const CORE_FEATURES = ['Gateway', 'HTTPRoute', 'ReferenceGrant'];

/**
 * What the edge does beyond that. Envoy Gateway names its features in no GatewayClass (it leaves
 * `status.supportedFeatures` empty); these are those of its own report for 1.9.0 on the same suite, without those for
 * which a kind is missing here or the suite has no test.
 */
export const EXTENDED_FEATURES = [
  'GatewayAddressEmpty',
  'GatewayFrontendClientCertificateValidation',
  'GatewayFrontendClientCertificateValidationInsecureFallback',
  'GatewayHTTPListenerIsolation',
  'GatewayPort8080',
  'HTTPRoute303RedirectStatusCode',
  'HTTPRoute307RedirectStatusCode',
  'HTTPRoute308RedirectStatusCode',
  'HTTPRouteBackendProtocolH2C',
  'HTTPRouteBackendProtocolWebSocket',
  'HTTPRouteBackendRequestHeaderModification',
  'HTTPRouteBackendTimeout',
  'HTTPRouteCORS',
  'HTTPRouteDestinationPortMatching',
  'HTTPRouteHostRewrite',
  'HTTPRouteMethodMatching',
  'HTTPRouteNamedRouteRule',
  'HTTPRouteParentRefPort',
  'HTTPRoutePathRedirect',
  'HTTPRoutePathRewrite',
  'HTTPRoutePortRedirect',
  'HTTPRouteQueryParamMatching',
  'HTTPRouteRequestMirror',
  'HTTPRouteRequestMultipleMirrors',
  'HTTPRouteRequestPercentageMirror',
  'HTTPRouteRequestTimeout',
  'HTTPRouteResponseHeaderModification',
  'HTTPRouteRetry',
  'HTTPRouteSchemeRedirect',
  'ListenerSet',
];

/** Tests of extended features that fail, and why. One that passes must go from here. */
export const KNOWN_FAILURES: Record<string, string> = {
  HTTPRouteRetry:
    'The field `retry` is in the experimental channel of the Gateway API only; the engine installs the standard one, in which the API server drops it. With the experimental definition of HTTPRoute the test passes.',
};

const NO_KIND = 'its kind is not installed (`engine/cmd/manifests`)';

/** Why tests that need a feature are not run. */
export const REASONS_OF_SKIPS: Record<string, string> = {
  BackendTLSPolicy: `${NO_KIND}: apps speak plain HTTP to the edge`,
  GatewayBackendClientCertificate: 'its tests need BackendTLSPolicy as well',
  GatewayHTTPSListenerDetectMisdirectedRequests: 'Envoy Gateway does not do it; its own report says so',
  GatewayInfrastructurePropagation:
    'Envoy Gateway does not do it in this mode; its own report says so. There is no Deployment or Pod to carry the labels',
  GatewayStaticAddresses: 'the engine gives the addresses; a Gateway cannot choose one',
  GRPCRoute: `${NO_KIND}: HTTPRoutes carry gRPC`,
  Mesh: 'of the suite’s mesh profiles; the edge is no mesh',
  TCPRoute: `${NO_KIND}: the edge serves HTTP only`,
  TLSRoute: `${NO_KIND}: the edge serves HTTP only`,
  UDPRoute: `${NO_KIND}: the edge serves HTTP only`,
};

/** Extended features of Envoy Gateway's report that the suite has no test of. */
export const UNTESTED: Record<string, string> = {
  HTTPRouteRetryBackendTimeout: 'the field `retry` is experimental',
  HTTPRouteRetryConnectionError: 'the field `retry` is experimental',
};
