import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const START_TIMEOUT_MS = 20_000;

export type RunningDistribution = {
  origin: string;
  pid: number;
  /** The folder of its storage. */
  storage: string;
  stop(): Promise<void>;
};

/** The engine's binaries, as `BRAINPOD_ENGINE_BIN` names them. Throws where it is not set. */
export function engineBinary(name: string): string {
  const directory = process.env.BRAINPOD_ENGINE_BIN;
  if (directory === undefined || directory === '') {
    throw new Error(
      'BRAINPOD_ENGINE_BIN is not set: these tests need the directory of the built engine binaries.',
    );
  }
  return join(directory, name);
}

/** Starts the real registry with an empty storage, or in a folder of the caller's, on a free loopback port. */
export async function startDistribution(
  program = engineBinary('registry'),
  folder: string | null = null,
): Promise<RunningDistribution> {
  const directory = folder ?? (await mkdtemp(join(tmpdir(), 'brainpod-registry-')));
  const storage = join(directory, 'data');
  await mkdir(storage, { recursive: true });
  const port = await freePort();
  const config = join(directory, 'config.json');
  await writeFile(
    config,
    JSON.stringify({
      version: 0.1,
      log: { level: 'error', accesslog: { disabled: true } },
      storage: { filesystem: { rootdirectory: storage }, delete: { enabled: true } },
      http: { addr: `127.0.0.1:${port}`, draintimeout: '1s' },
    }),
  );
  const child = spawn(program, ['serve', config], { stdio: ['ignore', 'ignore', 'pipe'] });
  const log: string[] = [];
  child.stderr.setEncoding('utf8').on('data', (text: string) => log.push(text));
  const origin = `http://127.0.0.1:${port}`;
  const exited = once(child, 'exit');
  await ready(origin, () => child.exitCode !== null, log);
  return {
    origin,
    pid: child.pid ?? 0,
    storage,
    stop: async () => {
      child.kill('SIGTERM');
      await exited;
      await rm(directory, { recursive: true, force: true });
    },
  };
}

async function ready(origin: string, ended: () => boolean, log: string[]): Promise<void> {
  const deadline = Date.now() + START_TIMEOUT_MS;
  for (;;) {
    const answer = await fetch(`${origin}/v2/`).catch(() => null);
    if (answer?.status === 200) return;
    if (ended() || Date.now() > deadline) throw new Error(`The registry did not start:\n${log.join('')}`);
    await new Promise((resolve) => setTimeout(resolve, 30));
  }
}

async function freePort(): Promise<number> {
  const probe = createServer().listen(0, '127.0.0.1');
  await once(probe, 'listening');
  const address = probe.address();
  probe.close();
  await once(probe, 'close');
  if (address === null || typeof address === 'string') throw new Error('No free port on loopback.');
  return address.port;
}
