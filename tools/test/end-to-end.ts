import { mkdir } from 'node:fs/promises';
import path from 'node:path';
import { createNetworkNamespace, type NetworkNamespace } from '../network-namespace.ts';
import type { Tally } from './tally.ts';

type Wrap = (command: string, args: readonly string[]) => [string, string[]];

export type EndToEndOptions = {
  engine: { binDir: string; envoyBinary: string };
  /** The program of an ACME authority. */
  pebble: string;
  runVitest: (environment: Record<string, string>, wrap: Wrap) => Promise<Tally>;
};

/**
 * Runs the end-to-end tests in a network namespace of their own, with their own data, so that they disturb no
 * Brainpod in use on this machine. A second namespace waits for the second cluster. Container storage must not
 * lie on a temporary file system in memory, hence not the scratch directory. Runs with another BRAINPOD_TEST_SLOT
 * (0 to 9) do not meet.
 */
export async function runEndToEnd(options: EndToEndOptions): Promise<Tally> {
  const slot = Number(process.env.BRAINPOD_TEST_SLOT ?? '0');
  if (!Number.isInteger(slot) || slot < 0 || slot > 9) throw new Error('BRAINPOD_TEST_SLOT must be 0 to 9');
  const name = slot === 0 ? 'brainpod-test' : `brainpod-test${slot}`;
  // Short, since sockets lie below it.
  const directory = process.env.BRAINPOD_TEST_DIR ?? `/var/tmp/${slot === 0 ? name : `brainpod-t${slot}`}`;
  await mkdir(directory, { recursive: true, mode: 0o755 });
  const namespaces: NetworkNamespace[] = [];
  try {
    const first = createNetworkNamespace(name, slot * 2);
    namespaces.push(first);
    const second = createNetworkNamespace(`${name}-2`, slot * 2 + 1);
    namespaces.push(second);
    const environment = {
      BRAINPOD_TEST_DIR: directory,
      BRAINPOD_TEST_SECOND_NAMESPACE: second.name,
      BRAINPOD_ENGINE_BIN: options.engine.binDir,
      BRAINPOD_ENVOY_BINARY: options.engine.envoyBinary,
      BRAINPOD_PEBBLE: options.pebble,
      BRAINPOD_TEST_RESULTS: process.env.BRAINPOD_TEST_RESULTS ?? path.join(directory, 'results'),
    };
    return await options.runVitest(environment, first.wrap);
  } finally {
    for (const namespace of namespaces) namespace.remove();
  }
}
