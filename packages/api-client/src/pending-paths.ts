/** What the description of the API does not have yet. */
type Call<Path, Query, Body, Answer> = {
  parameters: ([Path] extends [never] ? { path?: never } : { path: Path }) & {
    query?: [Query] extends [never] ? never : Query;
  };
  requestBody?: [Body] extends [never] ? never : { content: { 'application/json': Body } };
  responses: { 200: { content: { 'application/json': Answer } } };
};
type Stream<Path, Query, Data> = {
  parameters: { path: Path; query?: Query };
  requestBody?: never;
  responses: { 200: { content: { 'text/event-stream': Data } } };
};
type LogLine = { instance: string; timestamp: string; body: string };
type Link = { href: string };
type Pod = { pod: string };
type ResourcePath = Pod & { kind: string; namespace: string; name: string };
type Version = { revision?: string; at?: string };
type DateTime = string;

type PodAnswer = {
  name: string;
  displayName: string | null;
  deletedAt?: DateTime | null;
  eraseAfter?: DateTime | null;
  createdAt: DateTime;
};
type Variable = {
  urn: string;
  name: string;
  ref: string;
  secret: boolean;
  resolved: boolean;
  value: string | null;
  description: string;
};
type Fault = { path: string; message: string };
type Amounts = { apps: number; cpuMillis: number; memoryMiB: number; diskGb: number };
type Limits = { [Name in keyof Amounts]: number | null };
type PlannedChange = {
  kind: string;
  name: string;
  urn: string;
  action: 'create' | 'update' | 'scale' | 'roll' | 'restart' | 'delete' | 'none' | 'unsupported';
  interruption: null | { what: string; seconds: number | null; why: string };
  dataAtRisk: string | null;
  reasons: string[];
};
type Plan = {
  revision: string | null;
  base: string | null;
  tag: string;
  canDeploy: boolean;
  changes: PlannedChange[];
  cluster: { accepted: boolean | null; message?: string | null; refusals: Fault[] };
  capacity: { demand: Amounts; limits: Limits; faults: Fault[] };
  faults: Fault[];
};
type Policy = {
  version: '1';
  statements: { sid: string; effect: 'allow' | 'deny'; actions: string[]; resources: string[] }[];
};
type Key = {
  id: string;
  name: string;
  policy: Policy;
  createdAt: DateTime;
  expiresAt: DateTime | null;
  lastUsedAt: DateTime | null;
  rolledAt: DateTime | null;
  revokedAt: DateTime | null;
};
type AuditEntry = {
  id: string;
  at: DateTime;
  operation: string;
  actor: { email: string | null; keyId: string | null; keyName: string | null };
  pod: string | null;
  target: string | null;
  revision: string | null;
  address: string | null;
  requestId: string | null;
};
type AuditList = { items: AuditEntry[]; _links: { self: Link; next: Link | null } };
type AuditQuery = { cursor?: string; limit?: number; operation?: string; from?: string; to?: string };
type OperatorCluster = {
  id: string;
  name: string;
  provider: string | null;
  country: string | null;
  region: string | null;
  architectures: string[];
};
type ClusterInput = {
  name: string;
  provider?: string;
  country?: string;
  region?: string;
  architectures: string[];
  kubeconfig: string;
  gatewayClass?: string;
};
type Size = { name: string; cpuMillis: number; memoryMiB: number };
type EventQuery = {
  resource: string;
  kind?: string;
  level?: string;
  search?: string;
  range?: string;
  cursor?: string;
  duration?: number;
};
type PodEvent = {
  id: string;
  kind: string;
  timestamp: DateTime;
  level?: string;
  body?: string;
  reason?: string;
  status?: number;
  method?: string;
  host?: string;
  path?: string;
  durationMs?: number;
};
type EventList = { items: PodEvent[]; _links: { self: Link; next: Link | null } };
type ImageSummary = {
  repository: string;
  tag: string;
  namespace: string;
  visibility: string;
  architectures: string[];
  digest: string;
  reference: string;
  createdAt: DateTime | null;
};
type ImageList = { items: ImageSummary[]; total: number; _links: { self: Link; next: Link | null } };
type ImageVariant = {
  architecture: string;
  digest: string;
  reference: string;
  uid: number | null;
  gid: number | null;
  exposedPorts: string[];
  createdAt: DateTime;
};
type ImageDetail = {
  repository: string;
  tag: string;
  namespace: string;
  visibility: string;
  reference: string;
  variants: ImageVariant[];
};
type ImageQuery = { search?: string; visibility?: string; limit: number; offset: number };

export type PendingPaths = {
  '/v1/pods/{pod}/plan': { get: Call<Pod, never, never, Plan> };
  '/v1/pods/{pod}/variables': { get: Call<Pod, Version, never, { items: Variable[] }> };
  '/v1/pods/{pod}/resources/resolve/{identifier}': {
    get: Call<Pod & { identifier: string }, never, never, { urn: string; uuid: string }>;
  };
  '/v1/pods/{pod}/resources/{kind}/{namespace}/{name}/restart': {
    post: Call<ResourcePath, never, never, object>;
  };
  '/v1/pods/{pod}/resources/{kind}/{namespace}/{name}/logs': {
    get: Stream<ResourcePath, { tail?: number; since?: string; follow?: 'false' }, LogLine>;
  };
  '/v1/pods/{pod}/events': { get: Call<Pod, EventQuery, never, EventList> };
  '/v1/pods/{pod}/events/watch': { get: Stream<Pod, EventQuery, PodEvent> };
  '/v1/pods/{pod}/images': { get: Call<Pod, ImageQuery, never, ImageList> };
  '/v1/pods/{pod}/images/inspect': {
    get: Call<Pod, { visibility: string; repository: string; tag: string }, never, ImageDetail>;
  };
  '/v1/pods/{pod}': {
    patch: Call<Pod, never, { displayName: string | null }, PodAnswer>;
    delete: Call<Pod, never, never, PodAnswer>;
  };
  '/v1/deleted-pods': { get: Call<never, never, never, PodAnswer[]> };
  '/v1/deleted-pods/{pod}/restore': { post: Call<Pod, never, never, PodAnswer> };
  '/v1/pods/{pod}/stop': { post: Call<Pod, never, never, PodAnswer> };
  '/v1/pods/{pod}/start': { post: Call<Pod, never, never, PodAnswer> };
  '/v1/pods/{pod}/limits': {
    get: Call<Pod, never, never, { limits: Limits; used: { draft: Amounts; deployed: Amounts } }>;
  };
  '/v1/instance-sizes': { get: Call<never, never, never, Size[]> };
  '/v1/audit': { get: Call<never, AuditQuery, never, AuditList> };
  '/v1/pods/{pod}/audit': { get: Call<Pod, AuditQuery, never, AuditList> };
  '/v1/keys': {
    get: Call<never, never, never, Key[]>;
    post: Call<never, never, { name: string; policy: unknown; expiresAt?: string }, Key & { secret: string }>;
  };
  '/v1/keys/{key}/roll': { post: Call<{ key: string }, never, never, Key & { secret: string }> };
  '/v1/keys/{key}': { delete: Call<{ key: string }, never, never, Key> };
  '/v1/operator/pods/{pod}/limits': {
    put: Call<Pod, never, Partial<Limits>, { limits: Limits }>;
  };
  '/v1/operator/instance-sizes/{size}': {
    put: Call<{ size: string }, never, { cpuMillis: number; memoryMiB: number }, Size>;
  };
  '/v1/operator/clusters': {
    get: Call<never, never, never, OperatorCluster[]>;
    post: Call<never, never, ClusterInput, OperatorCluster>;
  };
  '/v1/operator/clusters/{cluster}': {
    put: Call<{ cluster: string }, never, Partial<ClusterInput>, OperatorCluster>;
    delete: Call<{ cluster: string }, never, never, OperatorCluster>;
  };
};
