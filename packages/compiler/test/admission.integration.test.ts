import { admissionPolicy } from '@brainpod/compiler/admission';
import type { KubeObject } from '@brainpod/compiler/kube-object';
import { ADMISSION_POLICY_NAME, BUILD_POLICY_NAME } from '@brainpod/compiler/names';
import { KubeClient } from '@brainpod/kube/client';
import { KubeError } from '@brainpod/kube/kube-error';
import { testKubeconfig } from '@brainpod/testkit/test-cluster';
import { waitFor } from '@brainpod/testkit/wait-for';
import type * as k8s from '@kubernetes/client-node';
import { afterAll, beforeAll, expect, test } from 'vitest';

// Managed by us but without Pod Security's labels, so that nothing but our policy can refuse.
const MANAGED = 'admission-managed';
const UNMANAGED = 'admission-unmanaged';
const BUILDS = 'admission-builds';

// JSON leaves it out, so a field set to it is absent in what is sent.
const UNSET: undefined = undefined;

/** A part of a type of Kubernetes in which a field may be unset too. */
type Loose<T> = { [field in keyof T]?: T[field] | undefined };

type Container = Omit<k8s.V1Container, 'securityContext'> & {
  securityContext?: Loose<k8s.V1SecurityContext>;
};
type InstanceSpec = Omit<Loose<k8s.V1PodSpec>, 'containers' | 'initContainers'> & {
  containers?: Container[];
  initContainers?: Container[];
};

let client: KubeClient;

beforeAll(async () => {
  client = await KubeClient.fromKubeconfig(testKubeconfig());
  for (const object of admissionPolicy()) await client.apply(object);
  await client.apply(namespace(MANAGED, { 'brainpod.io/managed': 'true' }));
  await client.apply(namespace(UNMANAGED, {}));
  await client.apply(namespace(BUILDS, { 'brainpod.io/builds': 'true' }));
  for (const name of [MANAGED, UNMANAGED, BUILDS]) {
    await waitFor(() => client.get(serviceAccountIn(name)).then((found) => found !== null), {
      timeoutMs: 20_000,
      what: 'the namespace to have its service account',
    });
  }
  await waitFor(async () => (await refusal(instance({ hostNetwork: true }), MANAGED)) !== undefined, {
    timeoutMs: 30_000,
    what: 'the admission policy to take effect',
  });
  await waitFor(async () => (await refusal(instance({ hostNetwork: true }), BUILDS)) !== undefined, {
    timeoutMs: 30_000,
    what: 'the admission policy of builds to take effect',
  });
});

afterAll(async () => {
  for (const name of [MANAGED, UNMANAGED, BUILDS]) await client.delete(namespace(name, {}));
  client.close();
});

const SAFE: k8s.V1SecurityContext = {
  allowPrivilegeEscalation: false,
  capabilities: { drop: ['ALL'] },
  runAsNonRoot: true,
  seccompProfile: { type: 'RuntimeDefault' },
};

const ROOT: k8s.V1SecurityContext = {
  ...SAFE,
  capabilities: { add: ['CHOWN', 'DAC_OVERRIDE', 'FOWNER'], drop: ['ALL'] },
  runAsNonRoot: false,
  runAsUser: 0,
};

/** What a builder has. */
const BUILDER: Loose<k8s.V1SecurityContext> = {
  allowPrivilegeEscalation: true,
  capabilities: { add: ['SETGID', 'SETUID'], drop: ['ALL'] },
  seccompProfile: { type: 'Unconfined' },
  appArmorProfile: { type: 'Unconfined' },
};

const refusedOfBuilders: [string, InstanceSpec][] = [
  ['the host network', { hostNetwork: true }],
  ["the host's files", { volumes: [{ name: 'v', hostPath: { path: '/' } }] }],
  ['a volume that outlives it', { volumes: [{ name: 'v', persistentVolumeClaim: { claimName: 'c' } }] }],
  ['a service account token', { automountServiceAccountToken: true }],
  ['a privileged container', builder({ privileged: true })],
  ['root', builder({ runAsUser: 0 })],
  ['root allowed', builder({ runAsNonRoot: UNSET })],
  ['capabilities kept', builder({ capabilities: { add: ['SETGID', 'SETUID'] } })],
  ['another capability', builder({ capabilities: { add: ['SYS_ADMIN'], drop: ['ALL'] } })],
  ['a port of the host', builder({}, { ports: [{ containerPort: 80, hostPort: 80 }] })],
];

const allowed: [string, InstanceSpec][] = [
  ['one that meets restricted', {}],
  ['a root init container', init({})],
  ['a root init container with fewer capabilities', init({ capabilities: { drop: ['ALL'] } })],
  [
    'an init container that meets restricted, of any name',
    { initContainers: [container({}, { name: 'wait' })] },
  ],
  [
    'settings that stand on the instance',
    {
      securityContext: { runAsNonRoot: true, seccompProfile: { type: 'RuntimeDefault' } },
      containers: [
        {
          ...container({}),
          securityContext: { allowPrivilegeEscalation: false, capabilities: { drop: ['ALL'] } },
        },
      ],
    },
  ],
  ['a user of its own', { containers: [container({ runAsUser: 1000 })] }],
  [
    'a capability for low ports',
    { containers: [container({ capabilities: { add: ['NET_BIND_SERVICE'], drop: ['ALL'] } })] },
  ],
  ['a volume of a ConfigMap', { volumes: [{ name: 'v', configMap: { name: 'c' } }] }],
  [
    'a sidecar that meets restricted',
    { initContainers: [container({}, { name: 'proxy', restartPolicy: 'Always' })] },
  ],
];

const refused: [string, InstanceSpec][] = [
  ['the host network', { hostNetwork: true }],
  ["the host's processes", { hostPID: true }],
  ["the host's IPC", { hostIPC: true }],
  ["the host's files", { volumes: [{ name: 'v', hostPath: { path: '/' } }] }],
  ['a volume from the network', { volumes: [{ name: 'v', nfs: { server: '10.0.0.1', path: '/' } }] }],
  ['a port of the host', { containers: [container({}, { ports: [{ containerPort: 80, hostPort: 80 }] })] }],
  ['a service account token', { automountServiceAccountToken: true }],
  ['a token by default', { automountServiceAccountToken: UNSET }],
  [
    'a projected token',
    {
      volumes: [{ name: 'v', projected: { sources: [{ serviceAccountToken: { path: 'token' } }] } }],
    },
  ],
  [
    'a probe of another host',
    {
      containers: [container({}, { readinessProbe: { httpGet: { host: '10.0.0.1', port: 80, path: '/' } } })],
    },
  ],
  [
    'a TCP probe of another host',
    {
      containers: [container({}, { livenessProbe: { tcpSocket: { host: '10.0.0.1', port: 80 } } })],
    },
  ],
  [
    'a hook to another host',
    {
      containers: [
        container({}, { lifecycle: { preStop: { httpGet: { host: '10.0.0.1', port: 80, path: '/' } } } }),
      ],
    },
  ],
  [
    'a privileged container',
    { containers: [container({ privileged: true, allowPrivilegeEscalation: UNSET })] },
  ],
  ['privilege escalation', { containers: [container({ allowPrivilegeEscalation: true })] }],
  ['privilege escalation by default', { containers: [container({ allowPrivilegeEscalation: UNSET })] }],
  ['capabilities kept', { containers: [container({ capabilities: {} })] }],
  ['a capability added', { containers: [container({ capabilities: { add: ['CHOWN'], drop: ['ALL'] } })] }],
  ['no seccomp profile', { containers: [container({ seccompProfile: UNSET })] }],
  ['an unconfined seccomp profile', { containers: [container({ seccompProfile: { type: 'Unconfined' } })] }],
  [
    'an unconfined profile over the instance',
    {
      securityContext: { seccompProfile: { type: 'RuntimeDefault' } },
      containers: [container({ seccompProfile: { type: 'Unconfined' } })],
    },
  ],
  ['root by number', { containers: [container({ runAsUser: 0 })] }],
  ['root by number on the instance', { securityContext: { runAsUser: 0 } }],
  ['root allowed', { containers: [container({ runAsNonRoot: UNSET })] }],
  [
    'root allowed over the instance',
    {
      securityContext: { runAsNonRoot: true },
      containers: [container({ runAsNonRoot: false })],
    },
  ],
  ['the root container of init as the app', { containers: [container(ROOT, { name: 'init' })] }],
  [
    'a second container at fault',
    { containers: [container({}), container({ runAsUser: 0 }, { name: 'second' })] },
  ],
  ['a root init container of another name', init({}, { name: 'setup' })],
  ['a root init container that stays', init({}, { restartPolicy: 'Always' })],
  [
    'a root init container with another capability',
    init({ capabilities: { add: ['SYS_ADMIN'], drop: ['ALL'] } }),
  ],
  ['a root init container that keeps capabilities', init({ capabilities: { add: ['CHOWN'] } })],
  ['a root init container that may escalate', init({ allowPrivilegeEscalation: true })],
  ['a root init container without seccomp profile', init({ seccompProfile: UNSET })],
  ['a privileged root init container', init({ privileged: true, allowPrivilegeEscalation: UNSET })],
  [
    'a root init container with a port of the host',
    init({}, { ports: [{ containerPort: 80, hostPort: 80 }] }),
  ],
];

test.each(allowed)('lets in %s', async (_what, spec) => {
  expect(await refusal(instance(spec), MANAGED)).toBeUndefined();
});

test.each(refused)('refuses %s', async (_what, spec) => {
  expect(await refusal(instance(spec), MANAGED)).toContain(
    `ValidatingAdmissionPolicy '${ADMISSION_POLICY_NAME}'`,
  );
});

test.each(refused)('refuses in managed namespaces only: %s', async (_what, spec) => {
  expect(await refusal(instance(spec), UNMANAGED)).toBeUndefined();
});

test('lets in a builder, where images are built and nowhere else', async () => {
  expect(await refusal(instance(builder({})), BUILDS)).toBeUndefined();
  expect(await refusal(instance(builder({})), MANAGED)).toContain(ADMISSION_POLICY_NAME);
});

test.each(refusedOfBuilders)('refuses of builders: %s', async (_what, spec) => {
  expect(await refusal(instance(spec), BUILDS)).toContain(`ValidatingAdmissionPolicy '${BUILD_POLICY_NAME}'`);
});

function builder(security: Loose<k8s.V1SecurityContext>, more: Partial<k8s.V1Container> = {}): InstanceSpec {
  return { containers: [container({ ...BUILDER, ...security }, more)] };
}

function container(security: Loose<k8s.V1SecurityContext>, more: Partial<k8s.V1Container> = {}): Container {
  return { name: 'app', image: 'example', ...more, securityContext: { ...SAFE, ...security } };
}

function init(security: Loose<k8s.V1SecurityContext>, more: Partial<k8s.V1Container> = {}): InstanceSpec {
  return { initContainers: [container({ ...ROOT, ...security }, { name: 'init', ...more })] };
}

function instance(spec: InstanceSpec): InstanceSpec {
  return { automountServiceAccountToken: false, containers: [container({})], ...spec };
}

/** What the API server says against an instance; undefined if it would take it. */
async function refusal(spec: InstanceSpec, inNamespace: string): Promise<string | undefined> {
  const metadata = { name: 'judged', namespace: inNamespace };
  try {
    await client.apply({ apiVersion: 'v1', kind: 'Pod', metadata, spec }, { dryRun: true });
    return undefined;
  } catch (error) {
    if (error instanceof KubeError && (error.status === 403 || error.status === 422)) return error.message;
    throw error;
  }
}

function serviceAccountIn(inNamespace: string): KubeObject {
  return { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: 'default', namespace: inNamespace } };
}

function namespace(name: string, labels: Record<string, string>): KubeObject {
  return { apiVersion: 'v1', kind: 'Namespace', metadata: { name, labels } };
}
