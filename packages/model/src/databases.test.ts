import { describe, expect, test } from 'vitest';
import { databaseInput, diskInput } from '../test/sample.ts';
import { parseResourceDocument, parseResourceInput, type ResourceDocument } from './document.ts';

function paths(input: unknown): string[] {
  const parsed = parseResourceInput(input);
  return parsed.ok ? [] : parsed.faults.map(({ path }) => path);
}

function complaints(input: unknown): string[] {
  const parsed = parseResourceInput(input);
  return parsed.ok ? [] : parsed.faults.map(({ path, message }) => `${path}: ${message}`);
}

function documentOf(input: unknown): ResourceDocument {
  const parsed = parseResourceDocument(input);
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.faults));
  return parsed.value;
}

const named = (input: object, name: unknown) => ({ ...input, metadata: { name, namespace: 'default' } });

describe('a Disk', () => {
  test.each([
    [5, 5],
    [500, 500],
    ['5', 5],
    ['42', 42],
    ['499', 499],
    ['500', 500],
  ])('of size %j has %i GB', (size, expected) => {
    expect(documentOf(diskInput({ size })).spec).toEqual({ size: expected });
  });

  test.each([
    [4, 'Must be a whole number of GB from 5 to 500, but it is 4.'],
    [501, 'Must be a whole number of GB from 5 to 500, but it is 501.'],
    [5.5, 'Must be a whole number of GB from 5 to 500, but it is 5.5.'],
    ['4', 'Must be a whole number of GB from 5 to 500.'],
    ['501', 'Must be a whole number of GB from 5 to 500.'],
    ['05', 'Must be a whole number of GB from 5 to 500.'],
    ['5.0', 'Must be a whole number of GB from 5 to 500.'],
    ['10 GB', 'Must be a whole number of GB from 5 to 500.'],
    ['', 'Must be a whole number of GB from 5 to 500.'],
    [null, 'Must be a whole number of GB from 5 to 500, but it is null.'],
    [true, 'Must be a whole number of GB from 5 to 500, but it is true.'],
  ])('cannot have size %j', (size, message) => {
    expect(complaints(diskInput({ size }))).toEqual([`spec.size: ${message}`]);
  });

  test('must have a size', () => {
    expect(complaints({ ...diskInput(), spec: {} })).toEqual([
      'spec.size: Is missing. It must be a whole number of GB from 5 to 500.',
    ]);
  });

  test('keeps a volume that the platform set', () => {
    expect(documentOf(diskInput({ volumeHandle: 'v-1' })).spec).toEqual({ size: 10, volumeHandle: 'v-1' });
    expect(paths(diskInput({ volumeHandle: 5 }))).toEqual(['spec.volumeHandle']);
  });

  test('may have a name that begins with a digit: nobody reaches it by that', () => {
    expect(paths(named(diskInput(), '2nd'))).toEqual([]);
    expect(paths(named(diskInput(), 'Data'))).toEqual(['metadata.name']);
  });
});

const SIZES = ['.25x', '.5x', '1x', '2x', '4x', '8x'];

describe.each([
  ['Postgres', '16', ['.5x', '1x', '2x', '4x', '8x']],
  ['MariaDB', '11', ['.5x', '1x', '2x', '4x', '8x']],
  ['Valkey', '9', ['.5x', '1x', '2x', '4x', '8x']],
  ['MSSQL', '2022', ['2x', '4x', '8x']],
] as const)('a %s', (kind, version, sizes) => {
  test('is valid and kept as it is', () => {
    expect(documentOf(databaseInput(kind))).toEqual(databaseInput(kind));
    expect(parseResourceInput(databaseInput(kind)).ok).toBe(true);
  });

  test('drops keys that it does not have', () => {
    expect(documentOf(databaseInput(kind, { replicas: 3 }))).toEqual(databaseInput(kind));
  });

  test.each(SIZES)('knows whether it comes in %s', (instance) => {
    const isOffered = sizes.some((size) => size === instance);
    expect(paths(databaseInput(kind, { instance }))).toEqual(isOffered ? [] : ['spec.instance']);
  });

  test.each([
    [{ version: '0' }, ['spec.version']],
    [{ version: Number(version) }, ['spec.version']],
    [{ version: undefined }, ['spec.version']],
    [{ instance: undefined }, ['spec.instance']],
    [{ instance: 1 }, ['spec.instance']],
    [{ diskRef: undefined }, ['spec.diskRef']],
    [{ diskRef: 'data' }, ['spec.diskRef']],
    [{ diskRef: 'urn:brain:app:default:data' }, ['spec.diskRef']],
    [{ diskRef: 5 }, ['spec.diskRef']],
    [{ version: '0', instance: '3x', diskRef: '' }, ['spec.version', 'spec.instance', 'spec.diskRef']],
  ])('with %j is at fault at %j', (spec, expected) => {
    expect(paths(databaseInput(kind, spec)).sort()).toEqual([...expected].sort());
  });

  test.each(['a', 'db-1', 'a'.repeat(63)])('may be called %s', (name) => {
    expect(paths(named(databaseInput(kind), name))).toEqual([]);
  });

  test.each(['', '1db', 'Db', 'd_b', 'db-', 'a'.repeat(64), 5])('cannot be called %j', (name) => {
    expect(paths(named(databaseInput(kind), name))).toEqual(['metadata.name']);
  });
});

describe('the edition of an MSSQL', () => {
  test.each(['Developer', 'Express', 'Standard', 'Enterprise'])('may be %s', (edition) => {
    expect(paths(databaseInput('MSSQL', { edition }))).toEqual([]);
  });

  test.each(['express', 'Web', '', 5, undefined])('cannot be %j', (edition) => {
    expect(paths(databaseInput('MSSQL', { edition }))).toEqual(['spec.edition']);
  });
});
