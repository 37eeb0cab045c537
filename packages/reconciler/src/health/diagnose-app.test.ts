import type { KubeObject } from '@brainpod/kube/kube-object';
import { INSTANCE_SIZES, type InstanceSizes } from '@brainpod/model/instance-size';
import { describe, expect, test } from 'vitest';
import { app } from '../../test/documents.ts';
import { observeDeployment, observeK8sPod, observeReplicaSet } from '../observe/workload.ts';
import { type AppObservation, appHealth, outdatedInstances } from './app-health.ts';
import type { K8sEvent } from './app-question.ts';
import { diagnoseApp } from './diagnose-app.ts';

const DOCUMENT = app('web', { image: 'docker.io/acme/web:7', instance: '.5x' });
const AT = {
  startedAt: '2026-03-01T10:00:00Z',
  finishedAt: '2026-03-01T10:00:01Z',
  containerID: 'containerd://c0ffee',
};

/** Objects as the API server, the controllers and the kubelet leave them. */
function deployment(
  options: { generation?: number; observed?: number; conditions?: unknown[] } = {},
): KubeObject {
  const generation = options.generation ?? 2;
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: {
      name: 'web',
      namespace: 'bp-demo',
      uid: 'd-1',
      generation,
    },
    spec: { replicas: 1, template: template('2') },
    status: {
      observedGeneration: options.observed ?? generation,
      replicas: 2,
      conditions: options.conditions ?? [],
    },
  };
}

function replicaSet(revision: string, status: object = {}): KubeObject {
  return {
    apiVersion: 'apps/v1',
    kind: 'ReplicaSet',
    metadata: {
      name: `web-${revision}`,
      uid: `rs-${revision}`,
      ownerReferences: [
        { apiVersion: 'apps/v1', kind: 'Deployment', name: 'web', uid: 'd-1', controller: true },
      ],
    },
    spec: { template: template(revision, { 'pod-template-hash': `hash-${revision}` }) },
    status,
  };
}

function template(revision: string, labels: Record<string, string> = {}): object {
  return {
    metadata: { labels: { 'brainpod.io/name': 'web', ...labels } },
    spec: { containers: [{ name: 'app', image: `web:${revision}` }] },
  };
}

function k8sPod(status: object, options: { revision?: string; node?: string | null } = {}): KubeObject {
  const revision = options.revision ?? '2';
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      name: `web-${revision}-abcde`,
      namespace: 'bp-demo',
      ownerReferences: [
        { apiVersion: 'apps/v1', kind: 'ReplicaSet', name: 'web', uid: `rs-${revision}`, controller: true },
      ],
    },
    spec: { ...(options.node === null ? {} : { nodeName: 'node' }) },
    status: { phase: 'Pending', ...status },
  };
}

function container(state: object, more: object = {}): object {
  return {
    name: 'app',
    image: 'docker.io/acme/web:7',
    imageID: '',
    ready: false,
    restartCount: 0,
    started: false,
    state,
    ...more,
  };
}

const waiting = (reason: string, message: string): object => container({ waiting: { reason, message } });
const ended = (exitCode: number, reason: string, message = ''): object => ({
  terminated: { exitCode, reason, message, ...AT },
});
const crashLoop = (restartCount: number, last: object): object =>
  container(
    {
      waiting: {
        reason: 'CrashLoopBackOff',
        message: 'back-off 40s restarting failed container=app pod=web-2-abcde',
      },
    },
    { restartCount, lastState: last },
  );
const RUNNING = container({ running: { startedAt: '2026-03-01T10:00:00Z' } }, { started: true });

function observe(
  objects: KubeObject[],
  replicaSets = [replicaSet('1'), replicaSet('2')],
  own = deployment(),
): AppObservation {
  return {
    deployment: observeDeployment(own),
    replicaSets: replicaSets.map(observeReplicaSet),
    k8sPods: objects.map(observeK8sPod),
  };
}

function diagnose(
  observation: AppObservation,
  more: {
    document?: typeof DOCUMENT;
    routes?: { route: string; port: number }[];
    events?: K8sEvent[];
    sizes?: InstanceSizes;
  } = {},
) {
  const name = observation.k8sPods[0]?.name ?? '';
  return diagnoseApp({
    document: more.document ?? DOCUMENT,
    observation,
    health: appHealth(observation),
    sizes: more.sizes ?? INSTANCE_SIZES,
    registryHost: 'registry.brainpod.localhost',
    routes: more.routes ?? [],
    events: new Map([[name, more.events ?? []]]),
  });
}

const KUBERNETES_TERMS =
  /kubernetes|container|deployment|replica|\bnode\b|kubelet|namespace|back-?off|crashloop|probe|httproute|ingress|resourcequota|oomkilled/i;

type Case = [
  name: string,
  status: object,
  expected: { terminal: boolean; sentence: RegExp; log?: boolean; previous?: boolean },
];

const CASES: Case[] = [
  [
    'an image that is not there',
    {
      containerStatuses: [
        waiting(
          'ErrImagePull',
          'failed to pull and unpack image "docker.io/acme/web:7": failed to resolve reference "docker.io/acme/web:7": docker.io/acme/web:7: not found',
        ),
      ],
    },
    {
      terminal: true,
      sentence: /^The image of App "web" was not found: docker.io\/acme\/web:7\. Check its name/,
    },
  ],
  [
    'the same a little later',
    {
      containerStatuses: [
        waiting(
          'ImagePullBackOff',
          'Back-off pulling image "docker.io/acme/web:7": ErrImagePull: failed to resolve reference "docker.io/acme/web:7": not found',
        ),
      ],
    },
    { terminal: true, sentence: /was not found/ },
  ],
  [
    'an image that may not be had',
    {
      containerStatuses: [
        waiting(
          'ErrImagePull',
          'failed to resolve reference "docker.io/acme/web:7": pull access denied, repository does not exist or may require authorization: server message: insufficient_scope: authorization failed',
        ),
      ],
    },
    {
      terminal: true,
      sentence:
        /^The image of App "web" may not be fetched: the registry refused .*credentials for docker\.io.*`brainpod registry credentials set`/,
    },
  ],
  [
    'an image of its own pod, of which the node has no credentials yet',
    {
      containerStatuses: [
        {
          ...waiting(
            'ErrImagePull',
            'failed to resolve reference "registry.brainpod.localhost/acme/web:7": pull access denied, repository does not exist or may require authorization: authorization failed: no basic auth credentials',
          ),
          image: 'registry.brainpod.localhost/acme/web:7',
        },
      ],
    },
    { terminal: false, sentence: /was refused by Brainpod's own registry: registry\.brainpod\.localhost/ },
  ],
  [
    'a registry that does not answer',
    {
      containerStatuses: [
        waiting(
          'ErrImagePull',
          'failed to do request: Head "https://registry-1.docker.io/v2/acme/web/manifests/7": dial tcp 10.0.0.1:443: connect: connection refused',
        ),
      ],
    },
    {
      terminal: false,
      sentence: /could not be fetched: the registry of docker.io\/acme\/web:7 did not hand it out/,
    },
  ],
  [
    'an image for another processor',
    { containerStatuses: [waiting('ErrImagePull', 'no match for platform in manifest: not found')] },
    { terminal: true, sentence: /not made for this machine's processor/ },
  ],
  [
    'a name that is none',
    {
      containerStatuses: [
        waiting('InvalidImageName', "Failed to apply default image tag: couldn't parse image name"),
      ],
    },
    { terminal: true, sentence: /no image name/ },
  ],
  [
    'root',
    {
      containerStatuses: [
        waiting(
          'CreateContainerConfigError',
          'container has runAsNonRoot and image will run as root (pod: "web-2-abcde_bp-demo(1)", container: app)',
        ),
      ],
    },
    {
      terminal: true,
      sentence: /^App "web" would run as root, which is not allowed here\. Set spec\.runtime\.uid/,
    },
  ],
  [
    'a user by name',
    {
      containerStatuses: [
        waiting(
          'CreateContainerConfigError',
          'container has runAsNonRoot and image has non-numeric user (nginx), cannot verify user is non-root (pod: "web-2-abcde_bp-demo(1)", container: app)',
        ),
      ],
    },
    { terminal: true, sentence: /gives its user by name \("nginx"\)/ },
  ],
  [
    'something that it needs and that may still come',
    { containerStatuses: [waiting('CreateContainerConfigError', 'configmap "settings-1" not found')] },
    { terminal: false, sentence: /could not be prepared to start/ },
  ],
  [
    'a command that does not exist',
    {
      containerStatuses: [
        waiting(
          'RunContainerError',
          'failed to create containerd task: failed to create shim task: OCI runtime create failed: runc create failed: unable to start container process: exec: "serve": executable file not found in $PATH: unknown',
        ),
      ],
    },
    { terminal: true, sentence: /its command "serve" is not in the image/ },
  ],
  [
    'the same, after the restart',
    {
      containerStatuses: [
        crashLoop(
          1,
          ended(
            128,
            'StartError',
            'runc create failed: unable to start container process: exec: "/serve": stat /serve: no such file or directory: unknown',
          ),
        ),
      ],
    },
    { terminal: true, sentence: /its command "\/serve" is not in the image/ },
  ],
  [
    'a command that may not be executed',
    {
      containerStatuses: [
        waiting('RunContainerError', 'runc create failed: exec: "/app/run": permission denied: unknown'),
      ],
    },
    { terminal: true, sentence: /may not be executed.*chmod \+x/ },
  ],
  [
    'a program for another processor',
    { containerStatuses: [waiting('RunContainerError', 'exec: "/app": exec format error: unknown')] },
    { terminal: true, sentence: /not a program for this machine's processor/ },
  ],
  [
    'a first exit, which may be the last',
    { containerStatuses: [container(ended(1, 'Error'))] },
    {
      terminal: false,
      sentence: /^App "web" exited with code 1 instead of running on\.$/,
      log: true,
      previous: false,
    },
  ],
  [
    'exits again and again',
    { containerStatuses: [crashLoop(2, ended(1, 'Error'))] },
    { terminal: true, sentence: /exited with code 1, 3 times instead/, log: true, previous: true },
  ],
  [
    'a program that thinks it is done',
    { containerStatuses: [crashLoop(2, ended(0, 'Completed'))] },
    {
      terminal: true,
      sentence: /exit code 0 means that it thinks its work is done/,
      log: true,
      previous: true,
    },
  ],
  [
    'too little memory',
    { containerStatuses: [crashLoop(2, ended(137, 'OOMKilled'))] },
    {
      terminal: true,
      sentence:
        /used more memory than instance \.5x has \(512 MiB\)\. Choose a larger instance \(1x has 1024 MiB\)/,
      log: true,
      previous: true,
    },
  ],
  [
    'an init step that fails',
    {
      initContainerStatuses: [{ ...crashLoop(2, ended(5, 'Error')), name: 'init' }],
      containerStatuses: [waiting('PodInitializing', '')],
    },
    {
      terminal: true,
      sentence: /^The init step of App "web" failed with exit code 5, 3 times, so the app was not started/,
      log: true,
      previous: true,
    },
  ],
  [
    'an init step that never ends',
    {
      initContainerStatuses: [
        container({ running: { startedAt: '2026-03-01T10:00:00Z' } }, { name: 'init' }),
      ],
      containerStatuses: [waiting('PodInitializing', '')],
    },
    { terminal: false, sentence: /^The init step of App "web" did not end/, log: true, previous: false },
  ],
];

describe('diagnoseApp', () => {
  test.each(CASES)('%s', (_name, status, expected) => {
    const diagnosis = diagnose(observe([k8sPod(status)]));
    expect(diagnosis?.sentence).toMatch(expected.sentence);
    expect(diagnosis?.terminal).toBe(expected.terminal);
    expect(diagnosis?.logFrom !== undefined).toBe(expected.log ?? false);
    if (expected.previous !== undefined) expect(diagnosis?.logFrom?.previous).toBe(expected.previous);
    expect(diagnosis?.sentence).not.toMatch(KUBERNETES_TERMS);
  });

  test('no room, with what is lacking', () => {
    const message =
      '0/3 nodes are available: 1 Insufficient cpu, 3 Insufficient memory. preemption: 0/3 nodes are available.';
    const conditions = [{ type: 'PodScheduled', status: 'False', reason: 'Unschedulable', message }];
    const diagnosis = diagnose(observe([k8sPod({ conditions }, { node: null })]));
    expect(diagnosis).toMatchObject({ terminal: false });
    expect(diagnosis?.sentence).toMatch(/too little free CPU and memory for another instance of size \.5x/);
    expect(diagnosis?.sentence).not.toMatch(KUBERNETES_TERMS);
  });

  test.each([
    [
      'pods "web-2-abcde" is forbidden: exceeded quota: brainpod, requested: limits.cpu=4,limits.memory=4Gi, used: limits.cpu=8,limits.memory=8Gi, limited: limits.cpu=8,limits.memory=8Gi',
      false,
      /needs more than this pod may use in all \(CPU and memory\)/,
    ],
    [
      "pods \"web-2-abcde\" is forbidden: ValidatingAdmissionPolicy 'brainpod-restricted' with binding 'brainpod-restricted' denied request: no",
      true,
      /asks for something that no app may do here/,
    ],
    [
      'pods "web-2-abcde" is forbidden: error looking up service account bp-demo/app-web: serviceaccount "app-web" not found',
      false,
      /could be made/,
    ],
  ])('an instance that cannot even be made: %s', (message, terminal, sentence) => {
    const failure = {
      conditions: [{ type: 'ReplicaFailure', status: 'True', reason: 'FailedCreate', message }],
    };
    const diagnosis = diagnose(observe([], [replicaSet('1'), replicaSet('2', failure)]));
    expect(diagnosis).toMatchObject({ terminal });
    expect(diagnosis?.sentence).toMatch(sentence);
    expect(diagnosis?.sentence).not.toMatch(KUBERNETES_TERMS);
  });

  test('runs and does not answer on the port that a Route leads to', () => {
    const unhealthy = {
      reason: 'Unhealthy',
      message: 'Readiness probe failed: dial tcp 10.244.0.5:8080: connect: connection refused',
    };
    const diagnosis = diagnose(observe([k8sPod({ containerStatuses: [RUNNING] })]), {
      routes: [
        { route: 'admin', port: 9000 },
        { route: 'shop', port: 8080 },
      ],
      events: [unhealthy],
    });
    expect(diagnosis?.sentence).toMatch(
      /^App "web" runs, but never answered on port 8080, which Route "shop" names\. Make it listen/,
    );
    expect(diagnosis?.logFrom).toEqual({
      namespace: 'bp-demo',
      k8sPod: 'web-2-abcde',
      container: 'app',
      previous: false,
    });
  });

  test('too little memory names the next size that has more, as the operator set them', () => {
    const sizes = { ...INSTANCE_SIZES, '1x': { cpuMillis: 900, memoryMiB: 512 } };
    const outOfMemory = observe([k8sPod({ containerStatuses: [crashLoop(2, ended(137, 'OOMKilled'))] })]);
    expect(diagnose(outOfMemory, { sizes })?.sentence).toMatch(/\(2x has 2048 MiB\)/);
    const largest = app('web', { instance: '8x' });
    expect(diagnose(outOfMemory, { document: largest })?.sentence).toMatch(/There is no larger one/);
  });

  test.each([
    [{ port: 3000 }, 'connection refused', /never answered on port 3000, which its check names/],
    [
      { port: 3000, path: '/up' },
      'Readiness probe failed: HTTP probe failed with statuscode: 500',
      /answered its check \(GET \/up on port 3000\) with status 500/,
    ],
    [{ port: 3000, path: '/up' }, 'context deadline exceeded', /never answered to GET \/up on port 3000/],
    [
      { cmd: ['test', '-f', '/ready'] },
      'exit status 1',
      /its check command "test -f \/ready" never succeeded/,
    ],
  ])('runs and fails its check %j', (ready, message, sentence) => {
    const document = { ...DOCUMENT, spec: { ...DOCUMENT.spec, checks: { ready } } };
    const diagnosis = diagnose(observe([k8sPod({ containerStatuses: [RUNNING] })]), {
      document,
      events: [{ reason: 'Unhealthy', message }],
    });
    expect(diagnosis?.terminal).toBe(false);
    expect(diagnosis?.sentence).toMatch(sentence);
    expect(diagnosis?.sentence).not.toMatch(KUBERNETES_TERMS);
  });

  test('an image that is still on its way', () => {
    const status = { containerStatuses: [waiting('ContainerCreating', '')] };
    const diagnosis = diagnose(observe([k8sPod(status)]), {
      events: [{ reason: 'Pulling', message: 'Pulling image' }],
    });
    expect(diagnosis?.sentence).toMatch(/still being fetched/);
    const pulled = [
      { reason: 'Pulling', message: '' },
      { reason: 'Pulled', message: '' },
    ];
    expect(diagnose(observe([k8sPod(status)]), { events: pulled })?.sentence).toMatch(/still being prepared/);
  });

  test('the faults of the version before do not count', () => {
    const old = k8sPod({ containerStatuses: [crashLoop(9, ended(1, 'Error'))] }, { revision: '1' });
    expect(diagnose(observe([old]))).toBeNull();
  });

  test('nothing is judged by a state that is older than the change', () => {
    const failing = k8sPod({ containerStatuses: [crashLoop(9, ended(1, 'Error'))] });
    const stale = observe([failing], undefined, deployment({ generation: 3, observed: 2 }));
    expect(diagnose(stale)).toBeNull();
    expect(appHealth(stale).healthy).toBe(false);
  });

  test('of several instances the one that is beyond hope is named', () => {
    const starting = k8sPod({ containerStatuses: [RUNNING] });
    const broken = k8sPod({ containerStatuses: [crashLoop(3, ended(2, 'Error'))] });
    broken.metadata.name = 'web-2-zzzzz';
    expect(diagnose(observe([starting, broken]))?.sentence).toMatch(/exited with code 2/);
  });
});

describe('appHealth', () => {
  const READY = {
    phase: 'Running',
    conditions: [
      { type: 'Ready', status: 'True' },
      { type: 'PodScheduled', status: 'True' },
    ],
    containerStatuses: [{ ...RUNNING, ready: true }],
  };

  test('is healthy when as many as wanted of the current version are available', () => {
    const sets = [replicaSet('1', { availableReplicas: 1 }), replicaSet('2', { availableReplicas: 1 })];
    expect(appHealth(observe([k8sPod(READY)], sets))).toMatchObject({
      healthy: true,
      status: { phase: 'Ready', readyReplicas: 1, replicas: [{ name: 'web-2-abcde', phase: 'Ready' }] },
    });
  });

  test('is not healthy by instances of the version before, nor before they have proved themselves', () => {
    const oldOnly = [replicaSet('1', { availableReplicas: 1 }), replicaSet('2', { availableReplicas: 0 })];
    expect(appHealth(observe([k8sPod(READY, { revision: '1' })], oldOnly)).healthy).toBe(false);
    expect(appHealth(observe([k8sPod(READY)], oldOnly))).toMatchObject({
      healthy: false,
      status: { phase: 'Starting' },
    });
  });

  test.each([
    ['Queued', k8sPod({}, { node: null }), undefined],
    ['Starting', k8sPod({ containerStatuses: [waiting('ContainerCreating', '')] }), undefined],
    ['Starting', k8sPod({ containerStatuses: [RUNNING] }), undefined],
    ['Degraded', k8sPod({ containerStatuses: [crashLoop(1, ended(1, 'Error'))] }), 'CrashLoopBackOff'],
    ['Degraded', k8sPod({ containerStatuses: [waiting('ErrImagePull', 'not found')] }), 'ErrImagePull'],
    ['Degraded', k8sPod({ containerStatuses: [container(ended(1, 'Error'))] }), 'Error'],
    [
      'Degraded',
      k8sPod({ conditions: [{ type: 'PodScheduled', status: 'False', message: 'none' }] }, { node: null }),
      'Unschedulable',
    ],
  ])('phase %s', (phase, object, reason) => {
    const { status } = appHealth(observe([object]));
    expect(status).toEqual({
      phase,
      readyReplicas: 0,
      replicas: [{ name: 'web-2-abcde', phase, ...(reason === undefined ? {} : { reason }) }],
    });
  });

  test('visitors may still be sent to an instance of before that is ready or just told to end', () => {
    const ending = k8sPod(READY, { revision: '1' });
    ending.metadata.name = 'web-1-ending';
    ending.metadata.deletionTimestamp = '2026-03-01T10:00:40Z';
    ending.metadata.deletionGracePeriodSeconds = 40;
    const before = [
      k8sPod(READY, { revision: '1' }),
      ending,
      k8sPod({ containerStatuses: [crashLoop(1, ended(1, 'Error'))] }, { revision: '1' }),
      k8sPod({ ...READY, phase: 'Failed' }, { revision: '1' }),
      k8sPod(READY),
    ];
    expect(
      outdatedInstances(observe(before)).map(({ name, endingSinceMs }) => [name, endingSinceMs]),
    ).toEqual([
      ['web-1-abcde', null],
      ['web-1-ending', Date.parse('2026-03-01T10:00:00Z')],
    ]);
  });

  test('without anything in the cluster it is queued', () => {
    expect(appHealth({ deployment: null, replicaSets: [], k8sPods: [] })).toMatchObject({
      healthy: false,
      status: { phase: 'Queued', readyReplicas: 0, replicas: [] },
    });
  });
});
