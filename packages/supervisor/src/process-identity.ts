import { execFile } from 'node:child_process';
import { readFile, rm } from 'node:fs/promises';
import { promisify } from 'node:util';
import { writeFileAtomically } from './atomic-file.ts';
import { hasErrorCode } from './error-code.ts';
import { JsonFault, jsonObject, requiredNumber, requiredString } from './json-fields.ts';
import { waitUntil } from './wait.ts';

const run = promisify(execFile);

/** One process for sure: a pid alone may long belong to somebody else. */
export type ProcessIdentity = { pid: number; startedAt: string };

/** The identity of a running process, null when there is none with this pid (a zombie counts as none). */
export async function identify(pid: number): Promise<ProcessIdentity | null> {
  return process.platform === 'linux' ? identifyByProc(pid) : identifyByPs(pid);
}

async function identifyByProc(pid: number): Promise<ProcessIdentity | null> {
  let stat: string;
  try {
    stat = await readFile(`/proc/${pid}/stat`, 'utf8');
  } catch (error) {
    if (hasErrorCode(error, 'ENOENT') || hasErrorCode(error, 'ESRCH')) return null;
    throw error;
  }
  const parsed = parseProcStat(stat);
  if (parsed.state === 'Z' || parsed.state === 'X') return null;
  const bootId = (await readFile('/proc/sys/kernel/random/boot_id', 'utf8')).trim();
  return { pid, startedAt: `${bootId}/${parsed.startTicks}` };
}

/** State and start time (clock ticks after boot) out of /proc/<pid>/stat, whose second field may hold anything. */
export function parseProcStat(stat: string): { state: string; startTicks: string } {
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const [state, startTicks] = [fields[0], fields[19]];
  if (state === undefined || startTicks === undefined)
    throw new Error('/proc/<pid>/stat has fewer fields than expected');
  return { state, startTicks };
}

async function identifyByPs(pid: number): Promise<ProcessIdentity | null> {
  try {
    const { stdout } = await run('ps', ['-o', 'lstart=', '-p', String(pid)]);
    const startedAt = stdout.trim();
    return startedAt === '' ? null : { pid, startedAt };
  } catch (error) {
    // ps ends with 1 when there is no such process.
    if (error instanceof Error && 'code' in error && error.code === 1) return null;
    throw error;
  }
}

/** Writes who runs, for whoever has to find the process again. */
export async function writePidFile(file: string, pid: number): Promise<void> {
  const identity = await identify(pid);
  if (identity !== null) await writeFileAtomically(file, `${JSON.stringify(identity)}\n`, 0o644);
}

/** The process that a pid file names, if that very process still runs; else null. */
export async function readPidFile(file: string): Promise<ProcessIdentity | null> {
  let recorded: ProcessIdentity;
  try {
    const object = jsonObject(JSON.parse(await readFile(file, 'utf8')), file);
    recorded = { pid: requiredNumber(object, 'pid'), startedAt: requiredString(object, 'startedAt') };
  } catch (error) {
    // A pid file that cannot be read names nobody.
    if (hasErrorCode(error, 'ENOENT') || error instanceof SyntaxError || error instanceof JsonFault)
      return null;
    throw error;
  }
  return (await isRunning(recorded)) ? recorded : null;
}

export async function isRunning(identity: ProcessIdentity): Promise<boolean> {
  const current = await identify(identity.pid);
  return current !== null && current.startedAt === identity.startedAt;
}

/**
 * Ends the process a pid file names and removes the file: the signal first, SIGKILL when it has not ended in
 * time. Returns whether there was one to end.
 */
export async function endRecorded(file: string, signal: NodeJS.Signals, timeoutMs: number): Promise<boolean> {
  const identity = await readPidFile(file);
  if (identity !== null) await endProcess(identity, signal, timeoutMs);
  await rm(file, { force: true });
  return identity !== null;
}

async function endProcess(
  identity: ProcessIdentity,
  signal: NodeJS.Signals,
  timeoutMs: number,
): Promise<void> {
  const ended = async (): Promise<boolean> => !(await isRunning(identity));
  sendSignal(identity.pid, signal);
  if (await waitUntil(ended, { timeoutMs })) return;
  sendSignal(identity.pid, 'SIGKILL');
  if (!(await waitUntil(ended, { timeoutMs: 10_000 }))) {
    throw new Error(
      `Process ${identity.pid} does not end, not even by SIGKILL. It hangs in the kernel: restart the machine.`,
    );
  }
}

/** Sends a signal; a process that has ended already is no error. */
export function sendSignal(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch (error) {
    if (!hasErrorCode(error, 'ESRCH')) throw error;
  }
}
