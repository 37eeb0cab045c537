import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { findLocalBuilder } from './local-builder.ts';

const BUILDKIT_HOST = 'unix:///run/buildkit/buildkitd.sock';
let home = '';

beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'brainpod-local-builder-'));
});
afterEach(() => rmSync(home, { recursive: true, force: true }));

it('is named by the environment, and nobody guesses one', async () => {
  const environment = { BRAINPOD_DATA_DIR: home, HOME: home };
  await expect(findLocalBuilder(environment)).rejects.toThrow(/BUILDKIT_HOST/);
  await expect(findLocalBuilder({ ...environment, BUILDKIT_HOST: ' ' })).rejects.toThrow(/BUILDKIT_HOST/);
});

it('is called with the program of the engine where there is one, else with that on the path', async () => {
  const environment = { BRAINPOD_DATA_DIR: home, HOME: home, BUILDKIT_HOST };
  expect(await findLocalBuilder(environment)).toEqual({
    buildctl: 'buildctl',
    buildkitAddress: BUILDKIT_HOST,
  });
  const binDir = join(home, 'bin');
  mkdirSync(binDir);
  mkdirSync(join(home, 'engine'));
  writeFileSync(join(binDir, 'registry'), '');
  writeFileSync(join(home, 'engine', 'bin.json'), JSON.stringify({ binDir }));
  expect((await findLocalBuilder(environment)).buildctl).toBe('buildctl');
  writeFileSync(join(binDir, 'buildctl'), '');
  expect((await findLocalBuilder(environment)).buildctl).toBe(join(binDir, 'buildctl'));
});
