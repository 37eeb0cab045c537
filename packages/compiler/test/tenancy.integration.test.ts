import { admissionPolicy } from '@brainpod/compiler/admission';
import type { KubeObject } from '@brainpod/compiler/kube-object';
import { compileNamespace } from '@brainpod/compiler/namespace';
import { UNTOUCHED } from '@brainpod/compiler/platform-facts';
import { KubeClient } from '@brainpod/kube/client';
import { kubeconfigCredentials } from '@brainpod/kube/credentials';
import { KubeError } from '@brainpod/kube/kube-error';
import { HttpsTransport } from '@brainpod/kube/transport';
import { impersonatingKubeconfig } from '@brainpod/testkit/impersonating-kubeconfig';
import { testKubeconfig } from '@brainpod/testkit/test-cluster';
import { waitFor } from '@brainpod/testkit/wait-for';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { PLATFORM } from './golden-case.ts';

// The cases of the Kubernetes multi-tenancy benchmarks, put to an administrator: what not even they may make in a
// tenant's namespace, nothing inside of it can. `own` and `other` are two tenants.
const PODS = ['tenancy-own', 'tenancy-other'];
const NAMESPACE = 'bp-tenancy-own';

type Fields = Record<string, unknown>;
type Method = 'GET' | 'POST' | 'PATCH' | 'DELETE';

let client: KubeClient;
let transport: HttpsTransport;
let asInstance: HttpsTransport;

const SAFE: Fields = {
  allowPrivilegeEscalation: false,
  capabilities: { drop: ['ALL'] },
  runAsNonRoot: true,
  seccompProfile: { type: 'RuntimeDefault' },
};

beforeAll(async () => {
  transport = new HttpsTransport(await kubeconfigCredentials(testKubeconfig()));
  client = new KubeClient(transport);
  const account = `system:serviceaccount:${NAMESPACE}:default`;
  asInstance = new HttpsTransport(
    await kubeconfigCredentials(await impersonatingKubeconfig(testKubeconfig(), account)),
  );
  for (const object of admissionPolicy()) await client.apply(object);
  for (const name of PODS) {
    const pod = { ...UNTOUCHED, name, pullSecret: { dockerConfigJson: '{"auths":{}}' } };
    for (const object of compileNamespace([], pod, PLATFORM)) await client.apply(unguarded(object));
  }
  await waitFor(() => isCounted(), { timeoutMs: 30_000, what: 'the quota to be counted' });
  await waitFor(
    async () => (await refusalOf(instance({ hostNetwork: true }))).includes('brainpod-restricted'),
    {
      timeoutMs: 30_000,
      what: 'the admission policy to take effect',
    },
  );
  await waitFor(
    async () => (await refusalOf(service({ externalIPs: ['8.8.4.4'] }))).includes('brainpod-services'),
    {
      timeoutMs: 30_000,
      what: 'the policy of services to take effect',
    },
  );
  await waitFor(async () => (await refusalOf(instance({}))) === '', {
    timeoutMs: 20_000,
    what: 'an instance to be let in',
  });
  await client.apply(instance({}, 'running'));
}, 120_000);

afterAll(async () => {
  for (const name of PODS)
    await client.delete({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: `bp-${name}` } });
  client.close();
  asInstance.close();
});

/** Without Pod Security's labels, the second wall, so that nothing but our policies can refuse. */
function unguarded(object: KubeObject): KubeObject {
  const labels = Object.entries(object.metadata.labels ?? {}).filter(
    ([name]) => !name.startsWith('pod-security'),
  );
  return { ...object, metadata: { ...object.metadata, labels: Object.fromEntries(labels) } };
}

async function isCounted(): Promise<boolean> {
  const quota = await client.get({
    apiVersion: 'v1',
    kind: 'ResourceQuota',
    metadata: { name: 'brainpod', namespace: NAMESPACE },
  });
  return quota !== null && JSON.stringify(quota.status ?? {}).includes('"used"');
}

/** What is refused of a container, whichever kind of container it is. */
const CONTAINER_CASES: [string, Fields][] = [
  [
    'a privileged container',
    { securityContext: { ...SAFE, privileged: true, allowPrivilegeEscalation: true } },
  ],
  ['privilege escalation', { securityContext: { ...SAFE, allowPrivilegeEscalation: true } }],
  [
    'privilege escalation by leaving it out',
    { securityContext: { ...SAFE, allowPrivilegeEscalation: undefined } },
  ],
  ['capabilities that are kept', { securityContext: { ...SAFE, capabilities: {} } }],
  ...['SYS_ADMIN', 'NET_ADMIN', 'NET_RAW', 'SYS_PTRACE', 'SYS_MODULE', 'BPF', 'SETUID', 'ALL'].map(
    (name): [string, Fields] => [
      `the capability ${name}`,
      { securityContext: { ...SAFE, capabilities: { drop: ['ALL'], add: [name] } } },
    ],
  ),
  ['root by number', { securityContext: { ...SAFE, runAsUser: 0 } }],
  ['root by leaving it open', { securityContext: { ...SAFE, runAsNonRoot: undefined } }],
  ['an unconfined seccomp profile', { securityContext: { ...SAFE, seccompProfile: { type: 'Unconfined' } } }],
  ['no seccomp profile', { securityContext: { ...SAFE, seccompProfile: undefined } }],
  [
    'an unconfined AppArmor profile',
    { securityContext: { ...SAFE, appArmorProfile: { type: 'Unconfined' } } },
  ],
  ['an SELinux label of its own', { securityContext: { ...SAFE, seLinuxOptions: { type: 'spc_t' } } }],
  ['no security context', { securityContext: undefined }],
];

/** As above, of what an ephemeral container cannot have at all. */
const STAYING_CASES: [string, Fields][] = [
  ['a port of the node', { ports: [{ containerPort: 80, hostPort: 80 }] }],
  ['a raw disk', { volumeDevices: [{ name: 'claim', devicePath: '/dev/raw' }] }],
  [
    'a mount that reaches the node',
    { volumeMounts: [{ name: 'empty', mountPath: '/m', mountPropagation: 'HostToContainer' }] },
  ],
];

const VOLUMES = [
  { name: 'empty', emptyDir: {} },
  { name: 'claim', persistentVolumeClaim: { claimName: 'claim' } },
];

describe.each(['containers', 'initContainers', 'ephemeralContainers'])('in %s', (list) => {
  const cases = list === 'ephemeralContainers' ? CONTAINER_CASES : [...CONTAINER_CASES, ...STAYING_CASES];
  test.each(cases)('%s is refused', async (_what, fields) => {
    const judged = { name: 'judged', image: 'example', securityContext: SAFE, ...fields };
    expect(await judgeContainer(list, judged)).toContain('brainpod-restricted');
  });

  test('one that is as it should be is let in', async () => {
    expect(await judgeContainer(list, { name: 'judged', image: 'example', securityContext: SAFE })).toBe('');
  });
});

function judgeContainer(list: string, judged: Fields): Promise<string> {
  if (list === 'ephemeralContainers') return refusalOfEphemeral(judged);
  const others = list === 'containers' ? [judged, container()] : [container()];
  return refusalOf(
    instance({
      volumes: VOLUMES,
      containers: others,
      ...(list === 'initContainers' ? { initContainers: [judged] } : {}),
    }),
  );
}

const INSTANCE_CASES: [string, Fields][] = [
  ['the node’s network', { hostNetwork: true }],
  ['the node’s processes', { hostPID: true }],
  ['the node’s IPC', { hostIPC: true }],
  ...['/', '/etc', '/var/run/containerd.sock', '/proc', '/dev'].map((path): [string, Fields] => [
    `the node’s ${path}`,
    { volumes: [{ name: 'host', hostPath: { path } }] },
  ]),
  [
    'an unmasked /proc',
    {
      hostUsers: false,
      containers: [{ ...container(), securityContext: { ...SAFE, procMount: 'Unmasked' } }],
    },
  ],
  ['a volume of a driver', { volumes: [{ name: 'driver', csi: { driver: 'example.com' } }] }],
  ['files of the network', { volumes: [{ name: 'nfs', nfs: { server: '10.0.0.1', path: '/' } }] }],
  [
    'a disk of the network',
    {
      volumes: [{ name: 'iscsi', iscsi: { targetPortal: '10.0.0.1', iqn: 'iqn.2001-04.example:a', lun: 0 } }],
    },
  ],
  ['an image as a volume', { volumes: [{ name: 'image', image: { reference: 'example' } }] }],
  ['a token of a service account', { automountServiceAccountToken: true }],
  ['a token by leaving it out', { automountServiceAccountToken: undefined }],
  [
    'a token as a file',
    { volumes: [{ name: 'token', projected: { sources: [{ serviceAccountToken: { path: 'token' } }] } }] },
  ],
  [
    'a kernel setting that counts as safe',
    { securityContext: { sysctls: [{ name: 'net.ipv4.ip_unprivileged_port_start', value: '0' }] } },
  ],
  [
    'a kernel setting that counts as unsafe',
    { securityContext: { sysctls: [{ name: 'kernel.msgmax', value: '65536' }] } },
  ],
  ['an SELinux label of its own', { securityContext: { seLinuxOptions: { type: 'spc_t' } } }],
  ['an unconfined AppArmor profile', { securityContext: { appArmorProfile: { type: 'Unconfined' } } }],
  ['a node by name, past the scheduler', { nodeName: 'some-node' }],
  ['another runtime', { runtimeClassName: 'unconfined' }],
  ['a priority of the system', { priorityClassName: 'system-node-critical' }],
  ['a device', { resourceClaims: [{ name: 'gpu', resourceClaimName: 'gpu' }] }],
];

test.each(INSTANCE_CASES)('an instance with %s is refused', async (_what, spec) => {
  // A second check may refuse as well, and is then the one that is heard: what counts is that it is not let in.
  expect(await refusalOf(instance(spec))).toMatch(
    /brainpod-restricted|PodSecurity|runtimeclass|RuntimeClass/i,
  );
});

const SERVICE_CASES: [string, Fields, RegExp][] = [
  ['a node port', { type: 'NodePort' }, /brainpod-services|exceeded quota/],
  ['a load balancer', { type: 'LoadBalancer' }, /brainpod-services|exceeded quota/],
  ['an external address', { externalIPs: ['8.8.4.4'] }, /brainpod-services/],
  [
    'the name of somebody else',
    { type: 'ExternalName', externalName: 'app.bp-tenancy-other.svc.cluster.local' },
    /brainpod-services/,
  ],
  ['addresses written by hand', { selector: undefined }, /brainpod-services/],
];

test.each(SERVICE_CASES)('a service with %s is refused', async (_what, spec, message) => {
  expect(await refusalOf(service(spec))).toMatch(message);
});

test('a service that selects instances is let in', async () => {
  expect(await refusalOf(service({}))).toBe('');
});

describe('what counts', () => {
  const worker = { metadata: { labels: { a: 'b' } }, spec: { containers: [container()] } };
  const kinds: [string, string, Fields][] = [
    ['batch/v1', 'Job', { template: { spec: { ...worker.spec, restartPolicy: 'Never' } } }],
    [
      'batch/v1',
      'CronJob',
      {
        schedule: '* * * * *',
        jobTemplate: { spec: { template: { spec: { ...worker.spec, restartPolicy: 'Never' } } } },
      },
    ],
    ['apps/v1', 'StatefulSet', { serviceName: 'a', selector: { matchLabels: { a: 'b' } }, template: worker }],
    ['apps/v1', 'DaemonSet', { selector: { matchLabels: { a: 'b' } }, template: worker }],
    ['v1', 'ReplicationController', { selector: { a: 'b' }, template: worker }],
    ['networking.k8s.io/v1', 'Ingress', { defaultBackend: { service: { name: 'a', port: { number: 80 } } } }],
    [
      'autoscaling/v2',
      'HorizontalPodAutoscaler',
      { maxReplicas: 9, scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'a' } },
    ],
  ];
  test.each(kinds)('no %s %s is made in a pod', async (apiVersion, kind, spec) => {
    const object = { apiVersion, kind, metadata: { name: 'judged', namespace: NAMESPACE }, spec };
    expect(await refusalOf(object)).toContain('exceeded quota');
  });

  test('a container that names no size gets the smallest, and disk space to write with a bound', async () => {
    const made = await client.apply(instance({}, 'unsized'), { dryRun: true });
    expect(JSON.stringify(made.spec)).toContain(
      '"limits":{"cpu":"250m","ephemeral-storage":"2Gi","memory":"256Mi"}',
    );
  });

  test.each([
    ['processor', { cpu: '9' }],
    ['memory', { memory: '9Gi' }],
    ['disk space to write', { 'ephemeral-storage': '3Gi' }],
  ])('no container gets more %s than the largest size', async (_what, limits) => {
    const large = { ...container(), resources: { limits } };
    expect(await refusalOf(instance({ containers: [large] }))).toContain('maximum');
  });

  test('all instances together get no more than the pod may have', async () => {
    // Each is within bounds: there are only too many of them.
    const limits = { cpu: '8', memory: '8Gi' };
    const containers = Array.from({ length: 40 }, (_, index) => ({
      ...container(),
      name: `c${index}`,
      resources: { limits },
    }));
    expect(await refusalOf(instance({ containers }))).toContain('exceeded quota');
  });
});

describe('the account that instances of a pod have', () => {
  const CALLS: [string, Method, string][] = [
    ['read secrets of its own pod', 'GET', `/api/v1/namespaces/${NAMESPACE}/secrets`],
    ['read configs of its own pod', 'GET', `/api/v1/namespaces/${NAMESPACE}/configmaps`],
    ['read secrets of another pod', 'GET', '/api/v1/namespaces/bp-tenancy-other/secrets'],
    ['read configs of another pod', 'GET', '/api/v1/namespaces/bp-tenancy-other/configmaps'],
    ['list instances of another pod', 'GET', '/api/v1/namespaces/bp-tenancy-other/pods'],
    ['list events of another pod', 'GET', '/api/v1/namespaces/bp-tenancy-other/events'],
    ['list namespaces', 'GET', '/api/v1/namespaces'],
    ['list nodes', 'GET', '/api/v1/nodes'],
    ['list its bounds’ neighbours', 'GET', '/api/v1/resourcequotas'],
    ['remove its own bounds', 'DELETE', `/api/v1/namespaces/${NAMESPACE}/resourcequotas/brainpod`],
    ['remove its own limits', 'DELETE', `/api/v1/namespaces/${NAMESPACE}/limitranges/brainpod`],
    [
      'remove its own walls',
      'DELETE',
      `/apis/networking.k8s.io/v1/namespaces/${NAMESPACE}/networkpolicies/brainpod-default-deny`,
    ],
    ['remove its own namespace', 'DELETE', `/api/v1/namespaces/${NAMESPACE}`],
    [
      'remove the admission policy',
      'DELETE',
      '/apis/admissionregistration.k8s.io/v1/validatingadmissionpolicybindings/brainpod-restricted',
    ],
    ['read the log of another pod', 'GET', '/api/v1/namespaces/bp-tenancy-other/pods/running/log'],
    ['run a program in another pod', 'POST', '/api/v1/namespaces/bp-tenancy-other/pods/running/exec'],
  ];

  test.each(CALLS)('may not %s', async (_what, method, path) => {
    expect(await statusAsInstance(method, path)).toBe(403);
  });

  test('may not change the labels by which its namespace is guarded', async () => {
    const body = { metadata: { labels: { 'brainpod.io/managed': null } } };
    expect(await statusAsInstance('PATCH', `/api/v1/namespaces/${NAMESPACE}`, body)).toBe(403);
  });

  test('may not give itself more rights', async () => {
    const path = `/apis/rbac.authorization.k8s.io/v1/namespaces/${NAMESPACE}/rolebindings`;
    expect(await statusAsInstance('POST', path, {})).toBe(403);
  });
});

/** What the API server answers to the account of an instance, had it a token. */
async function statusAsInstance(method: Method, path: string, body?: object): Promise<number> {
  try {
    await asInstance.send({
      method,
      path,
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      ...(method === 'PATCH' ? { contentType: 'application/merge-patch+json' } : {}),
      ...(method === 'DELETE' ? { query: { dryRun: 'All' } } : {}),
    });
    return 200;
  } catch (error) {
    if (error instanceof KubeError) return error.status;
    throw error;
  }
}

function container(): Fields {
  return { name: 'app', image: 'example', securityContext: SAFE };
}

function instance(spec: Fields, name = 'judged') {
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, namespace: NAMESPACE },
    spec: { automountServiceAccountToken: false, containers: [container()], ...spec },
  };
}

function service(spec: Fields) {
  return {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name: 'judged', namespace: NAMESPACE },
    spec: { selector: { app: 'a' }, ports: [{ port: 80 }], ...spec },
  };
}

/** What the API server says against an object; empty if it would take it. */
async function refusalOf(object: Parameters<KubeClient['apply']>[0]): Promise<string> {
  return refusalIn(() => client.apply(object, { dryRun: true }));
}

async function refusalOfEphemeral(judged: Fields): Promise<string> {
  return refusalIn(() =>
    transport.send({
      method: 'PATCH',
      path: `/api/v1/namespaces/${NAMESPACE}/pods/running/ephemeralcontainers`,
      query: { dryRun: 'All' },
      contentType: 'application/strategic-merge-patch+json',
      body: JSON.stringify({ spec: { ephemeralContainers: [judged] } }),
    }),
  );
}

async function refusalIn(call: () => Promise<unknown>): Promise<string> {
  try {
    await call();
    return '';
  } catch (error) {
    if (error instanceof KubeError && (error.status === 403 || error.status === 422)) return error.message;
    throw error;
  }
}
