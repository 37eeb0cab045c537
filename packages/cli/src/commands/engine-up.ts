import { ControlClient } from '@brainpod/supervisor/control-client';
import { ensureSupervisor } from '@brainpod/supervisor/launch';
import type { Locations } from '@brainpod/supervisor/locations';
import { readSettings } from '@brainpod/supervisor/settings';
import type { ProcessStatus, SupervisorStatus } from '@brainpod/supervisor/status';
import { pause } from '@brainpod/supervisor/wait';
import type { Command } from 'commander';
import { CliFailure } from '../failure.ts';
import type { Io } from '../io.ts';
import { seconds } from '../text/time.ts';
import { locationsOf, requireOwner } from './engine-machine.ts';

const TIMEOUT_MS = 300_000;
/** A process that could not start this often will not by itself. */
const GIVE_UP_RESTARTS = 3;

export function registerEngineUp(engine: Command, io: Io): void {
  engine
    .command('up')
    .description('Start everything that npm start has set up here')
    .action(() => up(io));
}

async function up(io: Io): Promise<void> {
  const locations = locationsOf(io);
  const settings = await readSettings(locations.settings);
  if (settings === null) {
    throw new CliFailure('Nothing is set up on this machine yet. Run npm start in a clone of Brainpod.');
  }
  await requireOwner(locations);
  const startedAt = performance.now();
  const running = await ControlClient.open(locations.controlSocket);
  if (running !== null) {
    const { status } = await running.request({ op: 'status' });
    running.close();
    io.stdout.write(`Brainpod runs already (process ${status.pid}). ${summary(status.processes)}\n`);
    return;
  }
  const { client } = await ensureSupervisor(locations, io.environment);
  try {
    const status = await waitUntilReady(client, locations, io);
    const took = seconds(performance.now() - startedAt);
    io.stdout.write(`Brainpod is up after ${took}. API and status page: ${status.api}/\n`);
  } finally {
    client.close();
  }
}

async function waitUntilReady(
  client: ControlClient,
  locations: Locations,
  io: Io,
): Promise<SupervisorStatus> {
  const deadline = performance.now() + TIMEOUT_MS;
  const told = new Set<string>();
  for (;;) {
    const { status } = await client.request({ op: 'status' });
    for (const process of status.processes) {
      if (process.state === 'ready' && !told.has(process.name)) {
        told.add(process.name);
        io.stderr.write(`${process.name} is ready\n`);
      }
      refuseIfHopeless(process, locations);
    }
    if (status.processes.every(({ state }) => state === 'ready')) return status;
    if (io.signal.aborted) throw new CliFailure('Interrupted; Brainpod goes on starting.');
    if (performance.now() > deadline) {
      throw new CliFailure(
        `Not everything is ready after ${seconds(TIMEOUT_MS)}: ${summary(status.processes)}`,
      );
    }
    await pause(100, io.signal);
  }
}

function refuseIfHopeless(process: ProcessStatus, locations: Locations): void {
  const log = `${locations.logDir}/${process.name}.log`;
  if (process.state === 'backoff' && process.restarts >= GIVE_UP_RESTARTS) {
    throw new CliFailure(
      `${process.name} does not start: ${process.message ?? 'no reason given'}\nIts log: ${log}`,
    );
  }
  if (process.state === 'waiting') {
    throw new CliFailure(`${process.name} cannot start: ${process.message ?? 'no reason given'}.`);
  }
}

/** The processes in one line: "server ready, engine starting". */
function summary(processes: readonly ProcessStatus[]): string {
  return processes.map(({ name, state }) => `${name} ${state}`).join(', ');
}
