/** From where something is tried. */
export const ROWS = [
  'an instance',
  'the root container before it',
  'a visitor or another machine',
  'a key of another account',
] as const;
type Row = (typeof ROWS)[number];

/** Of which kind of tests a proof is, and the whole name of it, as Vitest gives it. */
export type Proof = { kind: 'integration' | 'e2e'; test: string };

/** A cell holds by tests, or there is nothing to try, which `why` says. */
export type Cell = { proofs: Proof[] } | { why: string };
export type Column = { group: string; what: string; cells: Record<Row, Cell> };

const [INSTANCE, ROOT, VISITOR, KEY] = ROWS;

const e2e = (...tests: string[]): Proof[] => tests.map((test) => ({ kind: 'e2e', test }));
const integration = (...tests: string[]): Proof[] => tests.map((test) => ({ kind: 'integration', test }));
const by = (...proofs: Proof[]): Cell => ({ proofs });
const nothing = (why: string): Cell => ({ why });

const fromInstance = (what: string): Proof[] => e2e(`an instance does not get ${what}`);
const fromRoot = (what: string): Proof[] =>
  e2e(`the container that runs as root before an instance does not get ${what}`);
const network = (what: string): Proof[] => e2e(`an app does not reach ${what}, which is there`);
const account = (what: string): Proof[] =>
  integration(`the account that instances of a pod have may not ${what}`);
const refusedSpec = (what: string): Proof[] => integration(`an instance with ${what} is refused`);
const refusedContainer = (what: string): Proof[] =>
  ['containers', 'initContainers', 'ephemeralContainers'].flatMap((list) =>
    integration(`in ${list} ${what} is refused`),
  );
const api = (operation: string): Cell => by(...integration(`${operation} 404: for a pod of another account`));

const SAME_NETWORK = e2e('an app had its rules before it did the first thing');
const NOT_FROM_BEYOND = by(...e2e('an app is reached by the node, and not from beyond it'));
const EDGE_ONLY = nothing('the edge is all that answers, and it leads to apps only');
const NO_OPERATION = nothing('no operation leads there');
const NO_TOKEN = [...fromInstance('a token of the cluster'), ...fromRoot('a token of the cluster')];

type Tried = { inside: Cell; root?: Cell; visitor?: Cell; key?: Cell };

function column(group: string, what: string, { inside, root, visitor, key }: Tried): Column {
  const cells = {
    [INSTANCE]: inside,
    [ROOT]: root ?? inside,
    [VISITOR]: visitor ?? EDGE_ONLY,
    [KEY]: key ?? NO_OPERATION,
  };
  return { group, what, cells };
}

/** What is behind the network: an instance's rules stand before its first container starts. */
function reached(group: string, what: string, proofs: Proof[], more: Partial<Tried> = {}): Column {
  return column(group, what, { inside: by(...proofs), root: by(...SAME_NETWORK, ...proofs), ...more });
}

/** What both kinds of containers try with the same program. */
function tried(group: string, what: string, attempt: string, proofs: Proof[] = []): Column {
  return column(group, what, {
    inside: by(...fromInstance(attempt), ...proofs),
    root: by(...fromRoot(attempt), ...proofs),
  });
}

const TENANT = 'of another tenant';
const NODE = 'of the node';
const SHARE = 'the share of others';

const TENANTS: Column[] = [
  reached(TENANT, 'instances', network('an instance of another tenant'), {
    visitor: NOT_FROM_BEYOND,
    key: api('getPod'),
  }),
  reached(TENANT, 'services', network('the service of another tenant'), {
    visitor: NOT_FROM_BEYOND,
    key: api('listResources'),
  }),
  column(TENANT, 'configs', {
    inside: by(...NO_TOKEN, ...account('read configs of another pod')),
    key: api('getResource'),
  }),
  column(TENANT, 'secrets', {
    inside: by(...NO_TOKEN, ...account('read secrets of another pod')),
    key: api('listResources'),
  }),
  column(TENANT, 'logs', {
    inside: by(...NO_TOKEN, ...account('read the log of another pod')),
    key: api('followLogs'),
  }),
  column(TENANT, 'events', {
    inside: by(...NO_TOKEN, ...account('list events of another pod')),
    key: api('listPodAudit'),
  }),
  column(TENANT, 'running programs', {
    inside: by(...NO_TOKEN, ...account('run a program in another pod')),
    key: api('stopPod'),
  }),
  column(TENANT, 'host names', {
    inside: nothing('names are given to documents, which no instance can write'),
    key: by(
      ...integration(
        'host names own domains belong to the pod that proved its control, until nothing of it names them',
      ),
    ),
  }),
  column(TENANT, 'credentials of other registries', {
    inside: by(...NO_TOKEN, ...account('read secrets of another pod')),
    key: by(
      ...['listRegistryCredentials', 'setRegistryCredentials', 'removeRegistryCredentials'].flatMap(
        (operation) => integration(`${operation} 404: for a pod of another account`),
      ),
    ),
  }),
  column(TENANT, 'images', {
    inside: by(
      ...e2e('a tenant does not get the image of another'),
      ...fromInstance('the registry’s password'),
    ),
    root: by(...fromRoot('the registry’s password')),
    visitor: by(
      ...integration(
        'logging in challenges who brings nothing, in the shape that container clients wait for',
      ),
    ),
    key: by(
      ...integration("a node's pull token reads its pod and nothing else"),
      ...e2e(
        'an image of another registry that is not public is fetched with what the pod holds for it, and by no other pod, wherever it lies by then',
      ),
    ),
  }),
];

const NODES: Column[] = [
  tried(
    NODE,
    'files',
    'the files of the node',
    ['/', '/etc', '/proc', '/dev'].flatMap((path) => refusedSpec(`the node’s ${path}`)),
  ),
  tried(NODE, 'processes', 'the processes of the node', refusedSpec('the node’s processes')),
  tried(NODE, 'memory', 'the memory of the node'),
  tried(NODE, 'disks and devices', 'the disks of the node', refusedSpec('a device')),
  tried(
    NODE,
    'sockets in files (containerd)',
    'the sockets of the node',
    refusedSpec('the node’s /var/run/containerd.sock'),
  ),
  tried(NODE, 'kernel settings', 'the kernel’s settings', [
    ...refusedSpec('a kernel setting that counts as safe'),
    ...refusedSpec('a kernel setting that counts as unsafe'),
  ]),
  tried(NODE, 'kernel log', 'the kernel’s log'),
  tried(NODE, 'mounts', 'a mount', refusedSpec('an unmasked /proc')),
  tried(NODE, 'namespaces', 'another namespace', [
    ...refusedSpec('the node’s network'),
    ...refusedSpec('the node’s IPC'),
  ]),
  tried(NODE, 'privilege', 'more rights than it began with', [
    ...refusedContainer('a privileged container'),
    ...refusedContainer('privilege escalation'),
    ...refusedContainer('root by number'),
  ]),
  tried(NODE, 'capabilities', 'capabilities', [
    ...refusedContainer('the capability SYS_ADMIN'),
    ...refusedContainer('the capability NET_ADMIN'),
  ]),
  tried(
    NODE,
    'system calls beyond the filter',
    'system calls without a filter',
    refusedContainer('an unconfined seccomp profile'),
  ),
  tried(NODE, 'raw packets', 'a raw socket', refusedContainer('the capability NET_RAW')),
  ...[
    'the kubelet',
    'the API server',
    'the metrics server',
    'a database port of the node',
    'the registry port of the node',
    'a metadata service',
  ].map((what) => reached(NODE, what, network(what))),
  column(NODE, 'ports', {
    inside: by(
      ...integration(
        'in containers a port of the node is refused',
        'in initContainers a port of the node is refused',
      ),
      ...integration('a service with a node port is refused', 'a service with a load balancer is refused'),
      ...integration('a service with an external address is refused'),
    ),
  }),
];

const SHARES: Column[] = [
  column(SHARE, 'processes', { inside: by(...e2e('a hog of processes has its own only')) }),
  column(SHARE, 'connections', { inside: by(...e2e('a hog of connections has its own only')) }),
  column(SHARE, 'memory', {
    inside: by(
      ...e2e('a hog of memory ends itself'),
      ...integration('what counts no container gets more memory than the largest size'),
    ),
  }),
  column(SHARE, 'disk space', {
    inside: by(
      ...e2e('a hog of disk space is taken away, and another one starts'),
      ...integration('what counts no container gets more disk space to write than the largest size'),
    ),
  }),
  column(SHARE, 'processor', {
    inside: by(...integration('what counts no container gets more processor than the largest size')),
  }),
  column(SHARE, 'its own bounds', {
    inside: by(
      ...fromInstance('its own bounds'),
      ...account('remove its own bounds'),
      ...account('remove its own walls'),
      ...account('change the labels by which its namespace is guarded'),
      ...integration('what counts all instances together get no more than the pod may have'),
    ),
    root: by(...fromRoot('its own bounds')),
  }),
];

export const COLUMNS: readonly Column[] = [...TENANTS, ...NODES, ...SHARES];

/** What is known not to be walled off, so that nobody takes silence for a wall. */
export const OPEN: readonly string[] = [
  'An instance that knows the name of another tenant’s pod and app learns the address of its service from the names that the cluster answers; it reaches nothing there (ADR 24).',
  'Connections are kept in one table of the node’s kernel, of which an instance may fill a thirty-second part: very many instances together may fill it, and connections that ended lie in it for a while without being counted.',
  'The filter of system calls, not a kernel of its own, is between a tenant and the node: a fault in the kernel may be a hole.',
];
