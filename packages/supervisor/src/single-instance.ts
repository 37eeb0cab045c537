import { createHash } from 'node:crypto';
import { createServer } from 'node:net';
import { hasErrorCode } from './error-code.ts';
import { readPidFile, writePidFile } from './process-identity.ts';

/** Another supervisor serves this run directory already. */
export class AlreadyRunning extends Error {
  readonly pid: number | null;

  constructor(pid: number | null) {
    super(
      pid === null
        ? 'Brainpod is being started by somebody else right now.'
        : `Brainpod runs already (process ${pid}).`,
    );
    this.pid = pid;
  }
}

/**
 * Makes this process the only supervisor of a run directory, or throws AlreadyRunning. On Linux the lock is a
 * socket name in the kernel, which goes with its process however that ends; the pid file tells people who it is.
 */
export async function becomeOnlyInstance(runDir: string, pidFile: string): Promise<void> {
  if (process.platform === 'linux') await takeKernelName(runDir, pidFile);
  const other = await readPidFile(pidFile);
  if (other !== null && other.pid !== process.pid) throw new AlreadyRunning(other.pid);
  await writePidFile(pidFile, process.pid);
}

async function takeKernelName(runDir: string, pidFile: string): Promise<void> {
  const name = `\0brainpod-supervisor-${createHash('sha256').update(runDir).digest('hex').slice(0, 32)}`;
  const lock = createServer((socket) => socket.destroy());
  try {
    await new Promise<void>((resolve, reject) => {
      lock.once('error', reject);
      lock.listen({ path: name }, resolve);
    });
  } catch (error) {
    if (!hasErrorCode(error, 'EADDRINUSE')) throw error;
    throw new AlreadyRunning((await readPidFile(pidFile))?.pid ?? null);
  }
  lock.unref();
}
