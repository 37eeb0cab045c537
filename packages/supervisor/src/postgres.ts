import { execFile, spawn } from 'node:child_process';
import { chown, mkdir, readFile, rename, rm, stat } from 'node:fs/promises';
import { userInfo } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { hasErrorCode } from './error-code.ts';
import type { Locations } from './locations.ts';
import { installBinaries, writeAccessFiles } from './postgres-files.ts';
import type { Launch } from './supervised-process.ts';

const run = promisify(execFile);

export const DATABASE_USER = 'brainpod';
export const DATABASE_NAME = 'brainpod';
const SYSTEM_USER = 'brainpod-postgres';

type Owner = { name: string; uid: number; gid: number };

/**
 * Makes ready all that PostgreSQL needs (its system user when we are root, program files, the database
 * cluster) and says how to start it. Safe to repeat; a first set-up that was cut short starts over.
 */
export async function preparePostgres(
  locations: Locations,
  environment: Record<string, string>,
): Promise<Launch> {
  const owner = await databaseOwner();
  await mkdir(locations.dataDir, { recursive: true, mode: 0o755 });
  const binaries = await installBinaries(locations.postgresBinaries);
  await assertReachable(owner, binaries, locations);
  if (!(await isInitialised(locations.postgresData)))
    await initialise(locations, owner, binaries, environment);
  await assertSameMajorVersion(locations.postgresData, binaries, owner, environment);
  await mkdir(locations.postgresSocketDir, { recursive: true, mode: 0o700 });
  await chown(locations.postgresSocketDir, owner.uid, owner.gid);
  const systemUsers = [...new Set([owner.name, userInfo().username])];
  const access = await writeAccessFiles(
    path.join(locations.runDir, 'postgres-access'),
    systemUsers,
    DATABASE_USER,
  );
  return {
    file: path.join(binaries, 'bin', 'postgres'),
    args: ['-D', locations.postgresData, ...serverSettings(locations, access)],
    env: environment,
    cwd: locations.postgresData,
    ...asUser(owner),
  };
}

function serverSettings(locations: Locations, access: { hba: string; ident: string }): string[] {
  const settings = {
    listen_addresses: '',
    unix_socket_directories: locations.postgresSocketDir,
    unix_socket_permissions: '0700',
    hba_file: access.hba,
    ident_file: access.ident,
    external_pid_file: '',
    fsync: 'on',
    // One machine's control plane: small and quiet rather than quick with gigabytes.
    shared_buffers: '48MB',
    max_connections: '60',
    autovacuum_naptime: '5min',
    jit: 'off',
    timezone: 'UTC',
    log_timezone: 'UTC',
    log_destination: 'stderr',
    logging_collector: 'off',
  };
  return Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
}

/** Whether the server has said that it takes connections (the last line of its own pid file). */
export async function isPostgresReady(dataDirectory: string, pid: number): Promise<boolean> {
  let lines: string[];
  try {
    lines = (await readFile(path.join(dataDirectory, 'postmaster.pid'), 'utf8')).split('\n');
  } catch (error) {
    if (hasErrorCode(error, 'ENOENT')) return false;
    throw error;
  }
  return lines[0] === String(pid) && lines[7]?.trim() === 'ready';
}

/** PostgreSQL refuses to run as root: there it gets a system user of its own, made when it is missing. */
async function databaseOwner(): Promise<Owner> {
  const self = userInfo();
  if (self.uid !== 0) return { name: self.username, uid: self.uid, gid: self.gid };
  const existing = await lookUpUser(SYSTEM_USER);
  if (existing !== null) return existing;
  await run('useradd', [
    '--system',
    '--user-group',
    '--no-create-home',
    '--home-dir',
    '/nonexistent',
    '--shell',
    '/usr/sbin/nologin',
    SYSTEM_USER,
  ]);
  const made = await lookUpUser(SYSTEM_USER);
  if (made === null)
    throw new Error(
      `The system user ${SYSTEM_USER} was made but cannot be found. Look at getent passwd ${SYSTEM_USER}.`,
    );
  return made;
}

async function lookUpUser(name: string): Promise<Owner | null> {
  try {
    const { stdout } = await run('getent', ['passwd', name]);
    const [, , uid, gid] = stdout.trim().split(':');
    return { name, uid: Number(uid), gid: Number(gid) };
  } catch (error) {
    // getent ends with 2 when there is no such user.
    if (error instanceof Error && 'code' in error && error.code === 2) return null;
    throw error;
  }
}

async function assertReachable(owner: Owner, binaries: string, locations: Locations): Promise<void> {
  try {
    await run('test', ['-x', path.join(binaries, 'bin', 'postgres')], asUser(owner).user ?? {});
  } catch (error) {
    throw new Error(
      `The user ${owner.name}, as whom PostgreSQL runs, may not enter ${locations.dataDir}. ` +
        'Make every directory above it enterable (chmod o+x), or set BRAINPOD_DATA_DIR to another place.',
      { cause: error },
    );
  }
}

async function isInitialised(dataDirectory: string): Promise<boolean> {
  try {
    await stat(path.join(dataDirectory, 'PG_VERSION'));
    return true;
  } catch (error) {
    if (hasErrorCode(error, 'ENOENT')) return false;
    throw error;
  }
}

/** Makes the cluster beside its place and moves it there when it is whole and flushed to disk. */
async function initialise(
  locations: Locations,
  owner: Owner,
  binaries: string,
  environment: Record<string, string>,
): Promise<void> {
  const temporary = `${locations.postgresData}.new`;
  await rm(temporary, { recursive: true, force: true });
  await mkdir(temporary, { mode: 0o700 });
  await chown(temporary, owner.uid, owner.gid);
  const options = { cwd: temporary, env: environment, ...(asUser(owner).user ?? {}) };
  await run(
    path.join(binaries, 'bin', 'initdb'),
    [
      '-D',
      temporary,
      '-U',
      DATABASE_USER,
      '--auth-local=peer',
      '--auth-host=reject',
      '--data-checksums',
      '--encoding=UTF8',
      '--locale=C',
      '--locale-provider=builtin',
      '--builtin-locale=C.UTF-8',
      '--no-instructions',
    ],
    options,
  );
  await runWithInput(
    path.join(binaries, 'bin', 'postgres'),
    ['--single', '-D', temporary, 'postgres'],
    `CREATE DATABASE ${DATABASE_NAME};\n`,
    options,
  );
  await rename(temporary, locations.postgresData);
}

async function assertSameMajorVersion(
  dataDirectory: string,
  binaries: string,
  owner: Owner,
  environment: Record<string, string>,
): Promise<void> {
  const dataVersion = (await readFile(path.join(dataDirectory, 'PG_VERSION'), 'utf8')).trim();
  const { stdout } = await run(path.join(binaries, 'bin', 'postgres'), ['--version'], {
    env: environment,
    ...(asUser(owner).user ?? {}),
  });
  const programVersion = /(\d+)/.exec(stdout)?.[1];
  if (programVersion !== dataVersion) {
    throw new Error(
      `The data in ${dataDirectory} is from PostgreSQL ${dataVersion}, this is PostgreSQL ${programVersion ?? 'of unknown version'}. ` +
        'Go back to the release of Brainpod that made it, or move the directory away to start empty.',
    );
  }
}

function runWithInput(
  file: string,
  args: readonly string[],
  input: string,
  options: { cwd: string; env: Record<string, string>; uid?: number; gid?: number },
): Promise<void> {
  return new Promise((resolve, reject) => {
    const child = spawn(file, args, { ...options, stdio: ['pipe', 'pipe', 'pipe'] });
    let said = '';
    child.stdout.on('data', (chunk: Buffer) => {
      said += chunk.toString('utf8');
    });
    child.stderr.on('data', (chunk: Buffer) => {
      said += chunk.toString('utf8');
    });
    child.once('error', reject);
    child.once('close', (code) => {
      if (code === 0 && !said.includes('ERROR:')) resolve();
      else reject(new Error(`${path.basename(file)} ended with exit code ${code}: ${said.trim()}`));
    });
    child.stdin.end(input);
  });
}

function asUser(owner: Owner): { user?: { uid: number; gid: number } } {
  return process.getuid?.() === 0 ? { user: { uid: owner.uid, gid: owner.gid } } : {};
}
