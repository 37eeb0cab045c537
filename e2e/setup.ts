import { mkdir, readFile, rm } from 'node:fs/promises';
import path from 'node:path';
import type { TestProject } from 'vitest/node';
import { type Authority, startAuthority } from './authority.ts';
import { brainpod, installationIn, npmStart, type Outcome, runProgram } from './brainpod.ts';

/** What the tests know of the Brainpod that runs while they do. */
export type Running = {
  directory: string;
  /** The https address that npm start printed, and the whole of its output. */
  url: string;
  start: Outcome;
  authorityPem: string;
  /** Of own domains' certificates. */
  authority: Authority;
};

declare module 'vitest' {
  export interface ProvidedContext {
    running: Running;
  }
}

/** Starts a Brainpod as a person does, from nothing, and takes it down when all tests are over. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const root = process.env.BRAINPOD_TEST_DIR;
  if (!root)
    throw new Error('the end-to-end tests are run by npm test, which makes a network namespace for them');
  const directory = path.join(root, 'first');
  await removeInstallation(directory);
  const { home } = installationIn(directory);
  await mkdir(home, { recursive: true });
  const { environment, close, ...authority } = await startAuthority(root);
  // For everybody who starts this Brainpod again.
  Object.assign(process.env, environment);
  const installation = installationIn(directory);
  const start = await npmStart(installation);
  const url = /https:\/\/[a-z0-9.-]+\.localhost(?::\d+)?/.exec(start.stdout)?.[0];
  if (start.code !== 0 || !url) {
    await brainpod(installation, ['engine', 'down']);
    throw new Error(`npm start ended with ${start.code}:\n${start.stdout}\n${start.stderr}`);
  }
  const authorityPem = await readFile(path.join(installation.dataDir, 'server/ca.crt'), 'utf8');
  project.provide('running', { directory, url, start, authorityPem, authority });
  return async () => {
    await removeInstallation(directory);
    await close();
  };
}

/** Ends what runs there and removes its data; fails when something is left. */
export async function removeInstallation(directory: string): Promise<void> {
  const installation = installationIn(directory);
  const down = await brainpod(installation, ['engine', 'down']);
  if (down.code !== 0) throw new Error(`engine down: ${down.stderr}`);
  await rm(directory, { recursive: true, force: true });
}

/** What of this installation's engine is still on the machine: processes, mounts, interfaces, rules. */
export async function leftovers(directory: string): Promise<unknown[]> {
  const binDir = process.env.BRAINPOD_ENGINE_BIN ?? '';
  const config = path.join(directory, 'run/engine/config.json');
  const outcome = await runProgram(
    path.join(binDir, 'engine'),
    ['leftovers', '--json', '--config', config],
    {},
  );
  return JSON.parse(outcome.stdout);
}
