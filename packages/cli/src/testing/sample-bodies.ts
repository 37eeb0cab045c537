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

export const domainBody = (changes: Record<string, unknown> = {}) => ({
  domain: 'www.example.com',
  route: 'urn:brain:route:default:web',
  state: 'waitingForDns',
  reason: null,
  verifiedAt: null,
  records: {
    cname: { type: 'CNAME', name: 'www.example.com', value: 'web-q.example.test' },
    txt: { type: 'TXT', name: '_brainpod.www.example.com', value: 'brainpod=abc' },
  },
  certificate: null,
  nextAttemptAt: '2026-01-01T00:00:00.000Z',
  _links: {},
  ...changes,
});

export const errorBody = (code: string, message: string, details?: { path: string; message: string }[]) => ({
  error: { code, message, requestId: 'req-1', ...(details === undefined ? {} : { details }) },
});

export const planBody = (changes: Record<string, unknown> = {}) => ({
  revision: '11111111-1111-4111-8111-111111111111',
  base: null,
  tag: 'plan:abc',
  canDeploy: true,
  changes: [],
  cluster: { accepted: true, message: null, refusals: [] },
  capacity: {
    demand: { apps: 1, cpuMillis: 1500, memoryMiB: 1536, diskGb: 0 },
    limits: { apps: 2, cpuMillis: 1000, memoryMiB: null, diskGb: 10 },
    faults: [],
  },
  faults: [],
  ...changes,
});

export const keyBody = (changes: Record<string, unknown> = {}) => ({
  id: '22222222-2222-4222-8222-222222222222',
  name: 'ci',
  policy: {
    version: '1',
    statements: [
      { sid: 'cli', effect: 'allow', actions: ['pods:read'], resources: ['urn:brain:pod:foxes-vanish'] },
    ],
  },
  createdAt: '2026-01-02T03:04:05.000Z',
  expiresAt: null,
  lastUsedAt: null,
  rolledAt: null,
  revokedAt: null,
  ...changes,
});

/** The body of an answer with events. */
export const streamBody = (...records: { event: string; data: unknown; id?: string }[]) =>
  records
    .map(
      ({ event, data, id }) =>
        `${id === undefined ? '' : `id: ${id}\n`}event: ${event}\ndata: ${JSON.stringify(data)}\n\n`,
    )
    .join('');

export const EVENT_STREAM = { 'content-type': 'text/event-stream' };
