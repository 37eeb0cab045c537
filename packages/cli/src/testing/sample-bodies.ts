/** Bodies as the API sends them. */
export const podBody = (name: string, changes: Record<string, unknown> = {}) => ({
  name,
  displayName: null,
  head: revisionReference({ version: 2, status: 'draft' }),
  deployed: null,
  createdAt: '2026-01-02T03:04:05.000Z',
  isOwner: true,
  _links: { self: { href: `/v1/pods/${name}` } },
  ...changes,
});

export const revisionReference = (changes: Record<string, unknown> = {}) => ({
  id: '11111111-1111-4111-8111-111111111111',
  parent: null,
  version: 1,
  status: 'deployed',
  summary: null,
  error: null,
  createdAt: '2026-01-02T03:04:05.000Z',
  ...changes,
});

export const revisionBody = (changes: Record<string, unknown> = {}) => ({
  id: '11111111-1111-4111-8111-111111111111',
  parent: null,
  version: 1,
  state: 'deployed',
  summary: null,
  error: null,
  isLatest: true,
  isDeployed: true,
  createdAt: '2026-01-02T03:04:05.000Z',
  checksum: null,
  resources: [],
  ...changes,
});

export const appBody = (name: string, changes: Record<string, unknown> = {}) => ({
  urn: `urn:brain:app:default:${name}`,
  content: {
    apiVersion: 'pod.brainpod.io/v1alpha1',
    kind: 'App',
    metadata: { name, namespace: 'default' },
    spec: { image: 'registry.test/p/web', env: [], instance: '1x', replicas: 2, mounts: [] },
  },
  status: {
    phase: 'Ready',
    readyReplicas: 2,
    replicas: [
      { name: 'a', phase: 'Ready' },
      { name: 'b', phase: 'Ready' },
    ],
  },
  healthy: true,
  ...changes,
});

export const routeBody = (name: string, hostname: string) => ({
  urn: `urn:brain:route:default:${name}`,
  content: {
    apiVersion: 'pod.brainpod.io/v1alpha1',
    kind: 'Route',
    metadata: { name, namespace: 'default' },
    spec: {
      hostname,
      domains: [],
      timeout: 60,
      rules: [{ name: 'web', path: '/', port: 8080, backendRef: 'urn:brain:app:default:web' }],
    },
  },
  status: { ready: true },
  healthy: true,
});

export const errorBody = (code: string, message: string, details?: { path: string; message: string }[]) => ({
  error: { code, message, requestId: 'req-1', ...(details === undefined ? {} : { details }) },
});
