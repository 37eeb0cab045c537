import { mkdir, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { runCommand } from './command.ts';
import { buildName, engineKeys } from './engine-key.mjs';
import { adoptEnginePackage, packEngine } from './engine-package.ts';
import { envoyBinaryPath } from './envoy-pin.mjs';
import { enginePackage } from './probes.mjs';

let directory: string;
let root: string;

beforeEach(async () => {
  directory = await mkdtemp(path.join(tmpdir(), 'bp-pack-'));
  root = path.join(directory, 'clone');
  await write(path.join(root, 'package.json'), '{"name":"clone","version":"1.0.0","private":true}');
  await write(path.join(root, 'engine/go.mod'), 'module m\n\ngo 1.26.8\n');
  await write(path.join(root, 'engine/go.sum'), '');
  await write(path.join(root, 'engine/cmd/kube/main.go'), 'package main');
});
afterEach(() => rm(directory, { recursive: true, force: true }));

async function write(file: string, text: string, mode = 0o644): Promise<void> {
  await mkdir(path.dirname(file), { recursive: true });
  await writeFile(file, text, { mode });
}

/** A cache with a build of these sources: small scripts, as it is their way that counts here. */
async function buildInto(cacheDir: string): Promise<void> {
  const { whole } = engineKeys(path.join(root, 'engine'), `${process.platform}-${process.arch}`);
  const bin = path.join(cacheDir, 'engine', buildName('engine', whole, 'go1.26.8'), 'bin');
  for (const name of ['kube', 'kubectl', 'engine'])
    await write(path.join(bin, name), `#!/bin/sh\necho ${name}\n`, 0o755);
  await write(path.join(bin, 'manifests', 'edge-definitions.yaml'), 'kind: List\n');
  await write(envoyBinaryPath(cacheDir), '#!/bin/sh\necho envoy\n', 0o755);
}

test('what was built is packed, installed by npm, found, and taken into another cache ready to run', async () => {
  const built = path.join(directory, 'built');
  await buildInto(built);
  const tarball = await packEngine({ root, cacheDir: built }, 'go1.26.8', path.join(directory, 'out'));
  await runCommand('npm', ['install', '--no-save', '--offline', '--ignore-scripts', tarball], { cwd: root });
  const { whole } = engineKeys(path.join(root, 'engine'), `${process.platform}-${process.arch}`);
  expect(enginePackage(root)).toMatchObject({ key: whole, goVersion: 'go1.26.8' });

  const cacheDir = path.join(directory, 'other');
  const binDir = await adoptEnginePackage({ root, cacheDir }, () => undefined);
  if (binDir === null) throw new Error('the package was not taken');
  for (const name of ['kube', 'kubectl', 'engine']) {
    expect((await runCommand(path.join(binDir, name), [])).trim()).toBe(name === 'kubectl' ? 'kube' : name);
  }
  expect(await readFile(path.join(binDir, 'manifests/edge-definitions.yaml'), 'utf8')).toBe('kind: List\n');
  expect((await stat(envoyBinaryPath(cacheDir))).mode & 0o111).toBe(0o111);
});

test('a package of other sources is left alone', async () => {
  const built = path.join(directory, 'built');
  await buildInto(built);
  const tarball = await packEngine({ root, cacheDir: built }, 'go1.26.8', path.join(directory, 'out'));
  await runCommand('npm', ['install', '--no-save', '--offline', '--ignore-scripts', tarball], { cwd: root });
  await write(path.join(root, 'engine/cmd/kube/main.go'), 'package main // changed');
  const said: string[] = [];
  expect(
    await adoptEnginePackage({ root, cacheDir: path.join(directory, 'other') }, (text) => said.push(text)),
  ).toBeNull();
  expect(said).toEqual([expect.stringContaining('of other sources')]);
});
