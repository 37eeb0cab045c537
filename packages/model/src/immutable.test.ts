import { describe, expect, test } from 'vitest';
import { appInput, configInput, databaseInput, diskInput, routeInput } from '../test/sample.ts';
import { parseResourceDocument, type ResourceDocument } from './document.ts';
import { childOf } from './fault.ts';
import { immutableFaults, putBackImmutable } from './immutable.ts';
import { KINDS } from './kind.ts';
import { DOCUMENT_SCHEMAS } from './openapi-schema.ts';

type Json = { [key: string]: unknown };

function documentOf(input: unknown): ResourceDocument {
  const parsed = parseResourceDocument(input);
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.faults));
  return parsed.value;
}

const URN = 'urn:brain:disk:default:';
type Row = [stored: unknown, sent: unknown, fate: 'changed' | 'back'];
const database: Record<string, Row> = {
  diskRef: [`${URN}data`, `${URN}other`, 'back'],
  instance: ['2x', '4x', 'changed'],
};

// Of each field of each kind: a value that is stored, another that is sent, and what becomes of it.
const FIELDS: Record<string, { make: (spec: Json) => Json; fields: Record<string, Row> }> = {
  App: {
    make: (spec) => appInput(spec),
    fields: {
      image: ['nginx:1', 'nginx:2', 'changed'],
      artifactSelector: [
        { status: 'pending' },
        { status: 'configured', name: 'a', githubRepo: 'b', refName: 'c' },
        'changed',
      ],
      buildRef: ['a', 'b', 'changed'],
      env: [[], [{ name: 'A', value: 'x' }], 'changed'],
      instance: ['1x', '2x', 'changed'],
      replicas: [1, 2, 'changed'],
      mounts: [[], [{ path: '/d', disk: `${URN}data` }], 'changed'],
      lifecycle: [{}, { init: 'x' }, 'changed'],
      checks: [{}, { ready: { port: 1 } }, 'changed'],
      runtime: [{}, { uid: 5 }, 'changed'],
    },
  },
  Config: { make: (spec) => ({ ...configInput(), spec }), fields: { files: [{}, { a: 'b' }, 'changed'] } },
  Route: {
    make: (spec) => routeInput({ hostname: 'a.example.com', ...spec }),
    fields: {
      hostname: ['a.example.com', 'b.example.com', 'back'],
      domains: [[], ['www.example.com'], 'changed'],
      rules: [
        Object(routeInput().spec).rules,
        [{ ...Object(routeInput().spec).rules[0], port: 5 }],
        'changed',
      ],
      timeout: [60, 90, 'changed'],
      allow: [['192.0.2.0/24'], ['192.0.2.7'], 'changed'],
    },
  },
  Postgres: {
    make: (spec) => databaseInput('Postgres', spec),
    fields: { ...database, version: ['16', '17', 'back'] },
  },
  MariaDB: {
    make: (spec) => databaseInput('MariaDB', spec),
    fields: { ...database, version: ['11', '12', 'back'] },
  },
  Valkey: {
    make: (spec) => databaseInput('Valkey', spec),
    fields: { ...database, version: ['9', '10', 'back'] },
  },
  Disk: {
    make: (spec) => diskInput(spec),
    fields: { size: [10, 20, 'changed'], volumeHandle: ['v-1', 'v-2', 'back'] },
  },
  MSSQL: {
    make: (spec) => databaseInput('MSSQL', spec),
    fields: {
      ...database,
      version: ['2022', '2025', 'back'],
      edition: ['Express', 'Standard', 'back'],
    },
  },
};

const rows = Object.entries(FIELDS).flatMap(([kind, { make, fields }]) =>
  Object.entries(fields).map(([field, [old, sent, fate]]) => ({ kind, field, old, sent, fate, make })),
);

test('the table has every field of every kind', () => {
  for (const kind of KINDS) {
    const spec = childOf(childOf(DOCUMENT_SCHEMAS[kind], 'properties'), 'spec');
    const fields = Object.keys(Object(childOf(spec, 'properties')));
    expect(Object.keys(FIELDS[kind]?.fields ?? {}).sort()).toEqual(fields.sort());
  }
});

test.each(rows)('$field of a stored $kind is $fate', ({ field, old, sent, fate, make }) => {
  const stored = documentOf(make({ [field]: old }));
  // Not parsed, as another version may not be on offer.
  const next = documentOf(make({ [field]: old }));
  Reflect.set(next.spec, field, sent);
  const before = JSON.stringify([stored, next]);
  const kept = putBackImmutable(stored, next);
  expect(kept).toEqual({ ...next, spec: { ...next.spec, [field]: fate === 'back' ? old : sent } });
  expect(JSON.stringify([stored, next])).toBe(before);
});

describe('without a stored document', () => {
  test.each([
    [routeInput({ hostname: 'a.example.com' }), 'hostname'],
    [diskInput({ volumeHandle: 'v-1' }), 'volumeHandle'],
  ])('what the platform sets is taken out: %j', (input, field) => {
    const next = documentOf(input);
    const kept = putBackImmutable(null, next);
    expect(Object.keys(kept.spec)).not.toContain(field);
    expect(Object.keys(next.spec)).toContain(field);
  });

  test.each([
    appInput(),
    configInput(),
    databaseInput('Postgres'),
    databaseInput('MariaDB'),
    databaseInput('Valkey'),
    databaseInput('MSSQL'),
  ])('the rest stays: %j', (input) => {
    const next = documentOf(input);
    expect(putBackImmutable(null, next)).toEqual(next);
    expect(immutableFaults(null, next)).toEqual([]);
  });

  test('one of another kind is none', () => {
    const stored = documentOf(routeInput({ hostname: 'a.example.com' }));
    expect(putBackImmutable(stored, documentOf(diskInput({ volumeHandle: 'v-1' }))).spec).toEqual({
      size: 10,
    });
  });
});

describe('a Disk', () => {
  const sized = (size: number) => documentOf(diskInput({ size }));

  test('grows and stays', () => {
    expect(immutableFaults(sized(10), sized(10))).toEqual([]);
    expect(immutableFaults(sized(10), sized(11))).toEqual([]);
    expect(immutableFaults(null, sized(5))).toEqual([]);
  });

  test('never shrinks', () => {
    expect(immutableFaults(sized(10), sized(9))).toEqual([
      {
        path: 'spec.size',
        message:
          'Must be at least 10, as it is now, but it is 9: a Disk can grow, and never shrinks. To save space, move the files to a new, smaller Disk.',
      },
    ]);
  });
});
