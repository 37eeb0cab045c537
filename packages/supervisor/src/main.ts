import { chmod, mkdir } from 'node:fs/promises';
import path from 'node:path';
import { listenForControl } from './control-server.ts';
import { type Locations, locationsFrom } from './locations.ts';
import { PROGRAM_ROOT, programVersion } from './program-version.ts';
import { DEFAULT_SETTINGS, readSettings } from './settings.ts';
import { AlreadyRunning, becomeOnlyInstance } from './single-instance.ts';
import { Supervisor } from './supervisor.ts';

/** Longer paths do not fit into the name of a Unix socket. */
const LONGEST_RUN_DIR = 80;
const EXIT_ALREADY_RUNNING = 3;

async function main(): Promise<void> {
  const locations = locationsFrom(process.env, process.getuid?.() === 0);
  await prepareDirectories(locations);
  await becomeOnlyInstance(locations.runDir, locations.supervisorPid);
  const supervisor = new Supervisor({
    locations,
    settings: (await readSettings(locations.settings)) ?? DEFAULT_SETTINGS,
    server: {
      node: process.execPath,
      args: [path.join(PROGRAM_ROOT, 'packages', 'server', 'src', 'main.ts')],
      cwd: PROGRAM_ROOT,
    },
    program: { root: PROGRAM_ROOT, version: await programVersion(PROGRAM_ROOT) },
    environment: process.env,
  });
  supervisor.log(`supervisor starts, process ${process.pid}`);
  await serve(supervisor, locations);
}

async function serve(supervisor: Supervisor, locations: Locations): Promise<void> {
  let stopping: Promise<void> | null = null;
  const stop = (keepApps: boolean): Promise<void> => {
    supervisor.log(keepApps ? 'stops; apps go on' : 'stops');
    stopping ??= supervisor.stop(keepApps);
    return stopping;
  };
  const leave = async (): Promise<void> => {
    await supervisor.leave();
    supervisor.log('supervisor ends');
    process.exit(0);
  };
  const stopAndLeave = (): void => {
    stop(false)
      .catch((error: unknown) => supervisor.log(`while stopping: ${describe(error)}`))
      .then(leave)
      .catch((error: unknown) => {
        supervisor.log(`cannot leave: ${describe(error)}`);
        process.exit(1);
      });
  };
  process.on('SIGTERM', stopAndLeave);
  process.on('SIGINT', stopAndLeave);
  // The terminal that started it may close.
  process.on('SIGHUP', () => supervisor.log('the terminal closed; Brainpod goes on'));
  await supervisor.start();
  await listenForControl(locations.controlSocket, async (request, connection) => {
    if (request.op !== 'stop') return supervisor.handle(request, connection.closed);
    const outcome = await stop(request.keepApps).then(() => null, describe);
    // The answer must be on its way before this process is gone.
    setImmediate(() => void leave());
    return outcome === null ? { ok: true, status: supervisor.status() } : { ok: false, error: outcome };
  });
}

async function prepareDirectories(locations: Locations): Promise<void> {
  if (Buffer.byteLength(locations.runDir) > LONGEST_RUN_DIR) {
    throw new Error(
      `The run directory's path is too long for Unix sockets (${locations.runDir}). Set BRAINPOD_RUN_DIR to a shorter one.`,
    );
  }
  for (const directory of [locations.dataDir, locations.runDir, locations.logDir]) {
    await mkdir(directory, { recursive: true, mode: 0o755 });
  }
  // PostgreSQL's own user must get through, whatever umask the terminal had.
  await chmod(locations.dataDir, 0o755);
  await chmod(locations.runDir, 0o755);
}

function describe(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

try {
  await main();
} catch (error) {
  process.stderr.write(`${describe(error)}\n`);
  process.exit(error instanceof AlreadyRunning ? EXIT_ALREADY_RUNNING : 1);
}
