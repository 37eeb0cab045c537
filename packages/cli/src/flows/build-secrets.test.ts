import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { CliFailure } from '../failure.ts';
import { readBuildSecrets } from './build-secrets.ts';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'brainpod-secrets-'));
  writeFileSync(join(folder, 'key=1'), 'of a file\n');
});
afterAll(() => rmSync(folder, { recursive: true }));

const environment = { TOKEN: 'of the environment', EMPTY: '' };
const read = (named: string[], wants: string[] = []) => readBuildSecrets({ named, wants, environment });

it('takes what is named from the environment or a file, and what the project wants', () => {
  expect(read([])).toEqual([]);
  expect(read(['TOKEN', `KEY=${join(folder, 'key=1')}`])).toEqual([
    { id: 'TOKEN', value: 'of the environment' },
    { id: 'KEY', value: 'of a file\n' },
  ]);
  expect(read([], ['TOKEN'])).toEqual([{ id: 'TOKEN', value: 'of the environment' }]);
  expect(read([`TOKEN=${join(folder, 'key=1')}`], ['TOKEN'])).toEqual([
    { id: 'TOKEN', value: 'of a file\n' },
  ]);
});

it('tells all that is wrong at once, and no value', () => {
  const wrong = ['TOKEN', 'TOKEN', 'a b', 'EMPTY', 'ABSENT', 'KEY=/nowhere/at/all'];
  const failure = (() => {
    try {
      return read(wrong, ['WANTED']);
    } catch (error) {
      return error;
    }
  })();
  expect(failure).toBeInstanceOf(CliFailure);
  const text = failure instanceof CliFailure ? failure.message : '';
  for (const part of [
    'TOKEN is given twice.',
    '"a b" can be no name of a secret',
    'EMPTY is empty.',
    'ABSENT is not set.',
    'KEY: /nowhere/at/all cannot be read',
    'WANTED is not set, and the project’s brainpod.toml names it.',
  ]) {
    expect(text).toContain(part);
  }
  expect(text).not.toContain('of the environment');
});
