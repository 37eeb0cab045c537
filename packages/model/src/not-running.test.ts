import { expect, test } from 'vitest';
import { isRunning, KINDS } from './kind.ts';
import { notRunningFaults } from './not-running.ts';

const of = (kind: (typeof KINDS)[number]) => ({ kind, metadata: { name: 'x' } });

test('what does not run yet is named, each document once', () => {
  expect(notRunningFaults(KINDS.map(of)).map(({ path }) => path)).toEqual([
    'Postgres/x',
    'MariaDB/x',
    'Valkey/x',
    'Disk/x',
    'MSSQL/x',
  ]);
  expect(KINDS.filter(isRunning)).toEqual(['App', 'Config', 'Route']);
});

test('and says what to do', () => {
  expect(notRunningFaults([of('Postgres'), of('Disk')]).map(({ message }) => message)).toEqual([
    'Postgres does not run here yet, so this cannot be deployed. Remove it from the draft, and give the address of an external service to the Apps that refer to "x".',
    'Disk does not run here yet, so this cannot be deployed. Remove it and the mounts that name it from the draft, and keep files in an external storage service.',
  ]);
});
