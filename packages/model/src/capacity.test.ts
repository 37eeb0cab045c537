import { expect, test } from 'vitest';
import { appInput, configInput, databaseInput, diskInput, routeInput } from '../test/sample.ts';
import { demandOf, limitFaults, NO_LIMITS } from './capacity.ts';
import { parseResourceDocument, type ResourceDocument } from './document.ts';
import { INSTANCE_NAMES, INSTANCE_SIZES, isFractional } from './instance-size.ts';

function documentOf(input: unknown): ResourceDocument {
  const parsed = parseResourceDocument(input);
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.faults));
  return parsed.value;
}

test('nothing asks for nothing', () => {
  expect(demandOf([], INSTANCE_SIZES)).toEqual({ apps: 0, cpuMillis: 0, memoryMiB: 0, diskGb: 0 });
  const free = [configInput(), routeInput({ hostname: 'a.example.com' })].map(documentOf);
  expect(demandOf(free, INSTANCE_SIZES)).toEqual({ apps: 0, cpuMillis: 0, memoryMiB: 0, diskGb: 0 });
});

test('each App counts with its instances, a database with one, a Disk with its size', () => {
  const documents = [
    appInput({ instance: '2x', replicas: 3 }),
    appInput({ instance: '.25x' }, 'small'),
    databaseInput('Postgres', { instance: '.5x' }, 'a'),
    databaseInput('MSSQL', { instance: '2x' }, 'b'),
    diskInput({ size: 10 }),
    diskInput({ size: '7' }, 'more'),
  ].map(documentOf);
  expect(demandOf(documents, INSTANCE_SIZES)).toEqual({
    apps: 2,
    cpuMillis: 6000 + 250 + 500 + 2000,
    memoryMiB: 6144 + 256 + 512 + 2048,
    diskGb: 17,
  });
});

test('what a size means is the operator’s to say', () => {
  const sizes = { ...INSTANCE_SIZES, '1x': { cpuMillis: 700, memoryMiB: 3000 } };
  expect(demandOf([documentOf(appInput({ replicas: 2 }))], sizes)).toMatchObject({
    cpuMillis: 1400,
    memoryMiB: 6000,
  });
});

test('a limit may be reached, and not exceeded', () => {
  const demand = { apps: 2, cpuMillis: 1500, memoryMiB: 1024, diskGb: 10 };
  expect(limitFaults(demand, { ...demand })).toEqual([]);
  expect(limitFaults(demand, NO_LIMITS)).toEqual([]);
});

test('all limits that are exceeded are named, with what is asked for, what is allowed and what to do', () => {
  const demand = { apps: 2, cpuMillis: 1500, memoryMiB: 1025, diskGb: 11 };
  const limits = { apps: 1, cpuMillis: 1250, memoryMiB: 1024, diskGb: 10 };
  expect(limitFaults(demand, limits).map(({ path, message }) => `${path}: ${message}`)).toEqual([
    'limits.apps: There would be 2 Apps, and the limit of this pod is 1. Remove an App, or ask the operator for a higher limit.',
    'limits.cpu: Apps and databases would need 1.5 CPUs together, and the limit of this pod is 1.25. Lower replicas or instance, or ask the operator for a higher limit.',
    'limits.memory: Apps and databases would need 1025 MiB of memory together, and the limit of this pod is 1024. Lower replicas or instance, or ask the operator for a higher limit.',
    'limits.disk: Disks would need 11 GB together, and the limit of this pod is 10. Remove a Disk, or ask the operator for a higher limit.',
  ]);
});

test.each([
  ['apps', 'limits.apps'],
  ['cpuMillis', 'limits.cpu'],
  ['memoryMiB', 'limits.memory'],
  ['diskGb', 'limits.disk'],
] as const)('%s alone can be limited, to nothing too', (field, path) => {
  const demand = { apps: 1, cpuMillis: 1000, memoryMiB: 1, diskGb: 1 };
  const faults = limitFaults(demand, { ...NO_LIMITS, [field]: 0 });
  expect(faults.map((fault) => fault.path)).toEqual([path]);
});

test('which sizes are fractions is in their names', () => {
  expect(INSTANCE_NAMES.filter(isFractional)).toEqual(['.25x', '.5x']);
});
