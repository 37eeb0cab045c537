import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { readStepFiles } from './step-files.ts';

let folder = '';

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'brainpod-steps-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const settingsIn = (files: Record<string, string>): unknown => JSON.parse(files['settings.json'] ?? '');

it('names the files where a builder has them, and keeps what steps get in their environment', async () => {
  const settings = {
    runc: '/usr/bin/runc',
    mounts: { 'ca.crt': `${folder}/ca.crt` },
    environment: { https_proxy: 'http://proxy:3128', SSL_CERT_FILE: '/dev/brainpod/ca.crt' },
  };
  await writeFile(join(folder, 'settings.json'), JSON.stringify(settings));
  await writeFile(join(folder, 'ca.crt'), 'certificates');
  const files = await readStepFiles(folder);
  expect(files['ca.crt']).toBe('certificates');
  expect(settingsIn(files)).toEqual({
    runc: '/usr/sbin/runc',
    mounts: { 'ca.crt': '/etc/brainpod/build-step/ca.crt' },
    environment: settings.environment,
  });
});

it('is nothing but where runc is, where the engine keeps nothing', async () => {
  const nothing = { runc: '/usr/sbin/runc', mounts: {}, environment: {} };
  expect(settingsIn(await readStepFiles(null))).toEqual(nothing);
  expect(settingsIn(await readStepFiles(join(folder, 'missing')))).toEqual(nothing);
});

it('fails on settings that are damaged, rather than build without certificates', async () => {
  await writeFile(join(folder, 'settings.json'), '{ half');
  await expect(readStepFiles(folder)).rejects.toThrow(SyntaxError);
});
