import { type CompiledObject, compilePod, STEPS } from '@brainpod/compiler/compile';
import { UNTOUCHED } from '@brainpod/compiler/platform-facts';
import { childOf, isRecord } from '@brainpod/model/fault';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { PLATFORM } from './golden-case.ts';
import { podDocuments } from './pod-arbitrary.ts';

const POD = { name: 'green-hill', pullSecret: { dockerConfigJson: '{}' }, ...UNTOUCHED };
const CLUSTER_WIDE = ['Namespace'];
const DNS_SUBDOMAIN = /^[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?$/;

/** Compiles pods of any shape and holds each to a rule. */
function everyPod(rule: (objects: CompiledObject[]) => void): void {
  fc.assert(
    fc.property(podDocuments, (documents) => {
      const { objects, diagnostics } = compilePod(documents, POD, PLATFORM);
      expect(diagnostics).toEqual([]);
      rule(objects);
    }),
    { numRuns: 60 },
  );
}

describe('whatever a valid pod holds', { timeout: 60_000 }, () => {
  test('each object has a name, its namespace and the labels that say whose it is', () => {
    everyPod((objects) => {
      for (const { object, resource } of objects) {
        expect(object.metadata.name).toMatch(DNS_SUBDOMAIN);
        expect(object.metadata.namespace).toBe(
          CLUSTER_WIDE.includes(object.kind) ? undefined : 'bp-green-hill',
        );
        expect(object.metadata.labels).toMatchObject({
          'app.kubernetes.io/managed-by': 'brainpod',
          'brainpod.io/pod': 'green-hill',
          ...(resource && {
            'brainpod.io/kind': resource.kind.toLowerCase(),
            'brainpod.io/name': resource.name,
          }),
        });
        for (const value of Object.values(object.metadata.labels ?? {}))
          expect(value.length).toBeLessThanOrEqual(63);
      }
    });
  });

  test('no two objects are the same one', () => {
    everyPod((objects) => {
      const addresses = objects.map(({ object }) => `${object.kind}/${object.metadata.name}`);
      expect(new Set(addresses).size).toBe(addresses.length);
    });
  });

  test('objects stand in the order of their steps', () => {
    everyPod((objects) => {
      const places = objects.map(({ step }) => STEPS.indexOf(step));
      expect(places).toEqual([...places].sort((a, b) => a - b));
    });
  });

  test('what an instance refers to is among the objects', () => {
    everyPod((objects) => {
      const has = (kind: string, name: unknown) =>
        objects.some(({ object }) => object.kind === kind && object.metadata.name === name);
      for (const spec of instanceSpecs(objects)) {
        expect(has('ServiceAccount', spec.serviceAccountName)).toBe(true);
        for (const secret of listOf(spec.imagePullSecrets)) expect(has('Secret', secret.name)).toBe(true);
        const volumes = listOf(spec.volumes);
        for (const volume of volumes) expect(has('ConfigMap', childOf(volume.configMap, 'name'))).toBe(true);
        for (const container of containersOf(spec)) {
          for (const mount of listOf(container.volumeMounts)) {
            expect(volumes.map(({ name }) => name)).toContain(mount.name);
          }
        }
      }
    });
  });

  test('every mounted file is in its ConfigMap', () => {
    everyPod((objects) => {
      for (const volume of instanceSpecs(objects).flatMap((spec) => listOf(spec.volumes))) {
        const configMap = objects.find(
          ({ object }) => object.metadata.name === childOf(volume.configMap, 'name'),
        );
        const keys = Object.keys(Object(configMap?.object.data));
        for (const item of listOf(childOf(volume.configMap, 'items'))) expect(keys).toContain(item.key);
      }
    });
  });

  test('nothing of the host, no token, and no privileges reach an instance', () => {
    everyPod((objects) => {
      for (const spec of instanceSpecs(objects)) {
        for (const field of Object.keys(spec)) expect(field).not.toMatch(/^host/);
        expect(spec.automountServiceAccountToken).toBe(false);
        expect(listOf(spec.volumes).every((volume) => 'configMap' in volume)).toBe(true);
        for (const container of containersOf(spec)) expect(container.ports).toBeUndefined();
        for (const container of listOf(spec.containers)) expectRestricted(container.securityContext);
        for (const container of listOf(spec.initContainers)) {
          expect(container).toMatchObject({
            name: 'init',
            securityContext: { runAsUser: 0, capabilities: { drop: ['ALL'] } },
          });
          expect(container.restartPolicy).toBeUndefined();
        }
      }
    });
  });

  test('each container asks for no more than it may use', () => {
    everyPod((objects) => {
      for (const container of instanceSpecs(objects).flatMap(containersOf)) {
        expect(Object.keys(Object(childOf(container.resources, 'requests'))).sort()).toEqual([
          'cpu',
          'ephemeral-storage',
          'memory',
        ]);
        expect(childOf(childOf(container.resources, 'limits'), 'memory')).toBe(
          childOf(childOf(container.resources, 'requests'), 'memory'),
        );
      }
    });
  });

  test('Kubernetes expands nothing in values and commands', () => {
    everyPod((objects) => {
      for (const container of instanceSpecs(objects).flatMap(containersOf)) {
        const values = listOf(container.env).map(({ value }) => String(value));
        const command = Array.isArray(container.command) ? container.command.map(String) : [];
        for (const value of [...values, ...command]) expect(value.replaceAll('$$', '')).not.toContain('$');
      }
    });
  });

  test('each rule leads to a port of a Service', () => {
    everyPod((objects) => {
      const rules = objects
        .filter(({ object }) => object.kind === 'HTTPRoute')
        .flatMap(({ object }) => listOf(childOf(object.spec, 'rules')));
      for (const backend of rules.flatMap((rule) => listOf(rule.backendRefs))) {
        const service = objects.find(
          ({ object }) => object.kind === 'Service' && object.metadata.name === backend.name,
        );
        expect(listOf(childOf(service?.object.spec, 'ports')).map(({ port }) => port)).toContain(
          backend.port,
        );
      }
    });
  });
});

function expectRestricted(context: unknown): void {
  expect(context).toMatchObject({
    allowPrivilegeEscalation: false,
    capabilities: { drop: ['ALL'] },
    runAsNonRoot: true,
    seccompProfile: { type: 'RuntimeDefault' },
  });
  expect(childOf(context, 'runAsUser')).not.toBe(0);
  expect(childOf(childOf(context, 'capabilities'), 'add')).toBeUndefined();
}

function instanceSpecs(objects: CompiledObject[]): Record<string, unknown>[] {
  return objects
    .filter(({ object }) => object.kind === 'Deployment')
    .map(({ object }) => childOf(childOf(object.spec, 'template'), 'spec'))
    .filter(isRecord);
}

function containersOf(spec: Record<string, unknown>): Record<string, unknown>[] {
  return [...listOf(spec.initContainers), ...listOf(spec.containers)];
}

function listOf(value: unknown): Record<string, unknown>[] {
  return Array.isArray(value) ? value.filter(isRecord) : [];
}
