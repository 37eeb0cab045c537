import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { CONFIG_KEYS, readConfigFile } from 'brainpod/settings/config-file';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createConfig } from './operator-config.ts';

const CONFIG = {
  endpoint: 'http://127.0.0.1:4600',
  registry_endpoint: 'http://127.0.0.1:4600',
  api_token: 'brain_x',
};
let directory: string;

beforeEach(async () => {
  directory = await mkdtemp(path.join(tmpdir(), 'bp-config-'));
});
afterEach(() => rm(directory, { recursive: true, force: true }));

test('a new file is its owner’s alone and holds only keys that the command line knows', async () => {
  const file = path.join(directory, 'deep', 'config.toml');
  expect(await createConfig(file, CONFIG)).toBe(true);
  expect((await stat(file)).mode & 0o777).toBe(0o600);
  const read = await readConfigFile(file);
  expect(read).toEqual(CONFIG);
  expect(CONFIG_KEYS).toEqual(expect.arrayContaining(Object.keys(read)));
});

test('an existing file stays as it is, and nothing is left beside it', async () => {
  const file = path.join(directory, 'config.toml');
  await writeFile(file, 'theirs');
  expect(await createConfig(file, CONFIG)).toBe(false);
  expect(await readFile(file, 'utf8')).toBe('theirs');
  expect(await readdir(directory)).toEqual(['config.toml']);
});
