import path from 'node:path';

/** Where everything lies on this machine. All paths are absolute. */
export type Locations = {
  dataDir: string;
  runDir: string;
  logDir: string;
  postgresData: string;
  postgresBinaries: string;
  postgresSocketDir: string;
  engineData: string;
  engineRun: string;
  engineConfig: string;
  engineStatus: string;
  engineBinaries: string;
  registryData: string;
  settings: string;
  pidDir: string;
  supervisorPid: string;
  controlSocket: string;
  status: string;
  /** Where the edge tells the server of each request. */
  accessLogSocket: string;
};

/** Where the data lies on a machine that runs one Brainpod as root. */
export const DEFAULT_DATA_DIR = '/var/lib/brainpod';

type Environment = Record<string, string | undefined>;

/** The places under a data directory (kept) and a run directory (gone after a reboot). */
export function locationsIn(dataDir: string, runDir: string): Locations {
  const data = path.resolve(dataDir);
  const run = path.resolve(runDir);
  return {
    dataDir: data,
    runDir: run,
    logDir: path.join(data, 'logs'),
    postgresData: path.join(data, 'postgres'),
    postgresBinaries: path.join(data, 'postgres-bin'),
    postgresSocketDir: path.join(run, 'postgres'),
    engineData: path.join(data, 'engine'),
    engineRun: path.join(run, 'engine'),
    engineConfig: path.join(run, 'engine', 'config.json'),
    engineStatus: path.join(run, 'engine', 'status.json'),
    engineBinaries: path.join(data, 'engine', 'bin.json'),
    registryData: path.join(data, 'registry'),
    settings: path.join(data, 'supervisor.json'),
    pidDir: path.join(run, 'pids'),
    supervisorPid: path.join(run, 'supervisor.pid'),
    controlSocket: path.join(run, 'supervisor.sock'),
    status: path.join(run, 'status.json'),
    accessLogSocket: path.join(run, 'access-log.sock'),
  };
}

/**
 * Data and run directory from BRAINPOD_DATA_DIR and BRAINPOD_RUN_DIR. Without them: the system's own places
 * for root, else the person's XDG state directory. A blank value counts as unset.
 */
export function locationsFrom(environment: Environment, isRoot: boolean): Locations {
  const set = (name: string): string | undefined => environment[name]?.trim() || undefined;
  if (isRoot) {
    return locationsIn(
      set('BRAINPOD_DATA_DIR') ?? DEFAULT_DATA_DIR,
      set('BRAINPOD_RUN_DIR') ?? '/run/brainpod',
    );
  }
  const home = set('HOME');
  const stateHome =
    set('XDG_STATE_HOME') ?? (home === undefined ? undefined : path.join(home, '.local', 'state'));
  const dataDir =
    set('BRAINPOD_DATA_DIR') ?? (stateHome === undefined ? undefined : path.join(stateHome, 'brainpod'));
  if (dataDir === undefined) {
    throw new Error(
      'Neither HOME nor BRAINPOD_DATA_DIR is set, so there is no place for the data. Set BRAINPOD_DATA_DIR.',
    );
  }
  return locationsIn(dataDir, set('BRAINPOD_RUN_DIR') ?? path.join(dataDir, 'run'));
}
