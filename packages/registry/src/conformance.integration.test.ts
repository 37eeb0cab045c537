import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect, it } from 'vitest';
import { startFront } from './testing/front.ts';

const KEY = 'brain_conformance';

/** What the suite tests but the specification leaves open, and is refused here. */
const NOT_CLAIMED = {
  // The registry behind keeps what it has under its SHA-256 alone.
  OCI_DATA_SHA512: 'false',
  // A node would fetch such layers, which the specification advises against, from any address that an image names.
  OCI_DATA_NONDISTRIBUTABLE: 'false',
};

it('the OCI distribution specification is kept to: push, pull, discovery and management', async () => {
  const directory = await mkdtemp(path.join(tmpdir(), 'brainpod-conformance-'));
  const front = await startFront(KEY);
  try {
    const told = await runSuite({
      OCI_REGISTRY: new URL(front.origin).host,
      OCI_TLS: 'disabled',
      OCI_REPO1: 'mine/first',
      OCI_REPO2: 'mine/second',
      OCI_USERNAME: 'api',
      OCI_PASSWORD: KEY,
      OCI_RESULTS_DIR: directory,
      OCI_VERSION: '1.1',
      ...NOT_CLAIMED,
    });
    const report = await readFile(path.join(directory, 'junit.xml'), 'utf8');
    expect(told).not.toMatch(/: +FAIL$/m);
    expect(numberIn(report, 'failures')).toBe(0);
    expect(numberIn(report, 'errors')).toBe(0);
    expect(numberIn(report, 'tests')).toBeGreaterThan(500);
    expect(told).toMatch(/Referrers\.*: +Pass/);
  } finally {
    await front.stop();
    await rm(directory, { recursive: true, force: true });
  }
});

/** Gives what the suite says. It ends with 1 where something failed, which the report tells better. */
async function runSuite(environment: Record<string, string>): Promise<string> {
  const program = process.env.BRAINPOD_REGISTRY_CONFORMANCE;
  if (!program)
    throw new Error('BRAINPOD_REGISTRY_CONFORMANCE is not set: npm test builds the suite and names it.');
  return await new Promise((resolve) => {
    execFile(program, [], { env: environment, maxBuffer: 64 << 20 }, (_error, stdout, stderr) =>
      resolve(`${stderr}${stdout}`),
    );
  });
}

function numberIn(report: string, attribute: string): number {
  return Number(new RegExp(`<testsuite [^>]*\\b${attribute}="(\\d+)"`).exec(report)?.[1]);
}
