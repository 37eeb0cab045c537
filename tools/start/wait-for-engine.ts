import path from 'node:path';
import type { ControlClient } from '@brainpod/supervisor/control-client';
import type { Locations } from '@brainpod/supervisor/locations';
import {
  type ComponentStatus,
  type ProcessName,
  type ProcessStatus,
  parseComponents,
  readJsonFile,
} from '@brainpod/supervisor/status';
import { pause } from '@brainpod/supervisor/wait';
import type { StageHandle } from './progress.ts';

const ENGINE_TIMEOUT_MS = 300_000;
/** A process that could not start this often will not by itself. */
const GIVE_UP_RESTARTS = 3;

/** Waits until a process of the supervisor is ready. Throws with its own words when it keeps failing. */
export async function waitForProcess(
  client: ControlClient,
  name: ProcessName,
  locations: Locations,
  onWait: (status: ProcessStatus | undefined) => Promise<void>,
): Promise<void> {
  const deadline = performance.now() + ENGINE_TIMEOUT_MS;
  const first = await find(client, name);
  const restartsBefore = first?.restarts ?? 0;
  for (;;) {
    const status = await find(client, name);
    if (status?.state === 'ready') return;
    const restarts = (status?.restarts ?? 0) - restartsBefore;
    if (status?.state === 'backoff' && restarts >= GIVE_UP_RESTARTS) {
      throw new Error(
        `${name} does not start: ${status.message ?? 'no reason given'}\nIts log: ${path.join(locations.logDir, `${name}.log`)}`,
      );
    }
    if (performance.now() > deadline) {
      throw new Error(
        `${name} is not ready after ${ENGINE_TIMEOUT_MS / 1000} s. See: npx brainpod engine status`,
      );
    }
    await onWait(status);
    await pause(100);
  }
}

/** Waits for all of Kubernetes, telling which part is waited for. */
export async function waitForEngine(
  client: ControlClient,
  locations: Locations,
  stage: StageHandle,
): Promise<void> {
  let count = 0;
  await waitForProcess(client, 'engine', locations, async (process) => {
    const components = parseComponents(await readJsonFile(locations.engineStatus), process?.pid ?? 0);
    count = components.length;
    if (process?.state === 'backoff' && process.message !== undefined) stage.detail(process.message);
    else stage.detail(describeComponents(components));
  });
  stage.outcome(count === 0 ? 'ready' : `${count} parts`);
}

async function find(client: ControlClient, name: ProcessName): Promise<ProcessStatus | undefined> {
  const { status } = await client.request({ op: 'status' });
  return status.processes.find((process) => process.name === name);
}

/** Which parts are still to come, in one short line. */
export function describeComponents(components: readonly ComponentStatus[]): string {
  if (components.length === 0) return 'starting';
  const waiting = components.filter(({ state }) => state !== 'ready');
  if (waiting.length === 0) return 'all parts ready';
  const active = waiting.filter(({ state }) => state !== 'waiting');
  const names = (active.length > 0 ? active : waiting).map(({ name }) => name);
  const shown = names.slice(0, 3).join(', ') + (names.length > 3 ? ', …' : '');
  return `${components.length - waiting.length} of ${components.length} parts ready, waiting for ${shown}`;
}
