import { parseResourceDocument, type ResourceDocument } from '@brainpod/model/document';
import { INSTANCE_NAMES } from '@brainpod/model/instance-size';
import fc from 'fast-check';

// Valid pods of any shape: names, references and values are drawn so that every document is accepted and
// everything referred to is there.

const serviceName = fc.stringMatching(/^[a-z]([a-z0-9-]{0,61}[a-z0-9])?$/);
const label = fc.stringMatching(/^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/);
const fileName = fc
  .string({ unit: 'grapheme', minLength: 1, maxLength: 12 })
  .filter((name) => !/[\p{Cc}\u2028\u2029]/u.test(name) && name !== '__proto__');
const text = fc.string({ unit: 'grapheme', maxLength: 30 }).filter((value) => !value.includes('\u0000'));
const port = fc.integer({ min: 1, max: 65535 });
const userId = fc.integer({ min: 1, max: 65535 });
const path = fc
  .array(fc.stringMatching(/^[A-Za-z0-9_~-]{1,6}$/), { maxLength: 3 })
  .map((parts) => `/${parts.join('/')}`);
const words = fc.array(fc.string({ maxLength: 10 }), { minLength: 1, maxLength: 3 });
const image = fc.constantFrom(
  'nginx',
  'registry.brainpod.localhost/green-hill/web:1',
  `registry.example.com:5000/a/b@sha256:${'ab'.repeat(32)}`,
);
const envPart = fc.oneof(text, fc.constantFrom('$', '$$', '$(', '${', '}', '$(PATH)'));

type Names = { apps: string[]; configs: { name: string; files: Record<string, string> }[]; routes: string[] };

const names: fc.Arbitrary<Names> = fc.record({
  apps: fc.uniqueArray(serviceName, { maxLength: 3 }),
  configs: fc.uniqueArray(
    fc.record({ name: label, files: fc.dictionary(fileName, text, { maxKeys: 3, noNullPrototype: true }) }),
    { maxLength: 2, selector: ({ name }) => name },
  ),
  routes: fc.uniqueArray(label, { maxLength: 2 }),
});

/** The documents of one valid pod, in any order. */
export const podDocuments: fc.Arbitrary<ResourceDocument[]> = names.chain((drawn) =>
  fc
    .tuple(
      fc.tuple(...drawn.apps.map((name) => app(name, drawn))),
      fc.tuple(...(drawn.apps.length === 0 ? [] : drawn.routes).map((name) => route(name, drawn))),
    )
    .chain(([apps, routes]) => {
      const configs = drawn.configs.map(({ name, files }) => envelope('Config', name, { files }));
      const all = [...apps, ...routes, ...configs].map(parsed);
      return fc.shuffledSubarray(all, { minLength: all.length, maxLength: all.length });
    }),
);

function envelope(kind: string, name: string, spec: object): object {
  return { apiVersion: 'pod.brainpod.io/v1alpha1', kind, metadata: { name, namespace: 'default' }, spec };
}

function parsed(input: object): ResourceDocument {
  const outcome = parseResourceDocument(input);
  if (outcome.ok) return outcome.value;
  throw new Error(`${JSON.stringify(input)} is not valid: ${JSON.stringify(outcome.faults)}`);
}

function app(name: string, drawn: Names): fc.Arbitrary<object> {
  const references = (drawn.apps.length === 0 ? [] : drawn.routes).map((route) => `\${${route}.host}`);
  const value = fc
    .array(references.length === 0 ? envPart : fc.oneof(envPart, fc.constantFrom(...references)), {
      minLength: 1,
      maxLength: 4,
    })
    .map((parts) => parts.join(''))
    .filter(
      (joined) =>
        joined !== '' &&
        !/\$\{[a-z0-9-]+\.[A-Za-z]/.test(
          references.reduce((rest, known) => rest.replaceAll(known, ''), joined),
        ),
    );
  const optional = { requiredKeys: [] };
  const ready = fc.oneof(
    fc.record({ port, path, host: label }, { requiredKeys: ['port'] }),
    fc.record({ cmd: words }),
    fc.constant({}),
  );
  const init = fc.oneof(
    fc.string({ minLength: 1 }),
    fc.record({ cmd: fc.string({ minLength: 1 }) }),
    fc.record({ image, cmd: words }),
  );
  return fc
    .record(
      {
        image,
        env: fc.uniqueArray(fc.record({ name: fc.stringMatching(/^[A-Za-z_]\w{0,8}$/), value }), {
          maxLength: 4,
          selector: (entry) => entry.name,
        }),
        size: fc.constantFrom(...INSTANCE_NAMES),
        wantedReplicas: fc.integer({ min: 1, max: 3 }),
        mounts: mounts(drawn),
        lifecycle: fc.record({ init }, optional),
        checks: fc.record({ ready }, optional),
        runtime: fc.record({ uid: userId, gid: userId, fsGroup: userId }, optional),
      },
      { requiredKeys: ['image', 'env', 'size', 'wantedReplicas'] },
    )
    .map(({ size, wantedReplicas, ...spec }) => {
      const replicas = size.startsWith('.') ? 1 : wantedReplicas;
      return envelope('App', name, { ...spec, instance: size, replicas });
    });
}

function mounts(drawn: Names): fc.Arbitrary<object[]> {
  const files = drawn.configs.flatMap(({ name, files: held }) =>
    Object.keys(held).map((file) => ({ config: name, file })),
  );
  if (files.length === 0) return fc.constant([]);
  const mount = fc.record({
    from: fc.constantFrom(...files),
    at: fc.stringMatching(/^[a-z]{4,8}$/),
    urn: fc.boolean(),
  });
  return fc.uniqueArray(mount, { maxLength: 3, selector: ({ at }) => at }).map((drawnMounts) =>
    drawnMounts.map(({ from, at, urn }) => ({
      path: `/etc/${at}`,
      file: from.file,
      config: urn ? `urn:brain:config:default:${from.config}` : from.config,
    })),
  );
}

function route(name: string, drawn: Names): fc.Arbitrary<object> {
  const rule = fc.record({
    name: label,
    path,
    port,
    backendRef: fc.constantFrom(...drawn.apps).map((backend) => `urn:brain:app:default:${backend}`),
  });
  return fc
    .record(
      {
        rules: fc.uniqueArray(rule, { minLength: 1, maxLength: 20, selector: (drawnRule) => drawnRule.path }),
        domains: fc.uniqueArray(
          label.map((first) => `${first}.${name}.example`),
          { maxLength: 3 },
        ),
        timeout: fc.integer({ min: 1, max: 300 }),
      },
      { requiredKeys: ['rules'] },
    )
    .map((spec) => envelope('Route', name, { ...spec, hostname: `${name}.brainpod.localhost` }));
}
