/**
 * npm run dev: the server in this terminal, started anew on each change, while PostgreSQL and the engine stay up.
 * What is not running yet is started as by `npx brainpod engine up`. Ctrl-C gives the server back to the supervisor.
 */
import { spawn } from 'node:child_process';
import path from 'node:path';
import { ensureSupervisor } from '@brainpod/supervisor/launch';
import { locationsFrom } from '@brainpod/supervisor/locations';
import { readSettings } from '@brainpod/supervisor/settings';

const ROOT = path.resolve(import.meta.dirname, '..');

async function main(): Promise<number> {
  const locations = locationsFrom(process.env, process.getuid?.() === 0);
  if ((await readSettings(locations.settings)) === null) {
    throw new Error('Nothing is set up on this machine yet. Run npm start first.');
  }
  const { client } = await ensureSupervisor(locations, process.env, { renew: false });
  // The server is ours for as long as this connection lives, so it is given back however this process ends.
  const { environment, status } = await client.request({ op: 'lend-server' });
  process.stdout.write(
    `Server at ${status.api}/, started anew on each change of packages/*/src. Ctrl-C ends this.\n`,
  );
  try {
    return await runServer({ ...process.env, ...environment });
  } finally {
    client.close();
  }
}

function runServer(environment: NodeJS.ProcessEnv): Promise<number> {
  const watched = path.join(ROOT, 'packages');
  const args = [
    '--watch',
    `--watch-path=${watched}`,
    '--watch-preserve-output',
    path.join(watched, 'server', 'src', 'main.ts'),
  ];
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, args, { cwd: ROOT, stdio: 'inherit', env: environment });
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => child.kill(signal));
    child.once('error', reject);
    child.once('close', (code) => resolve(code ?? 0));
  });
}

try {
  process.exit(await main());
} catch (error) {
  process.stderr.write(`error: ${error instanceof Error ? error.message : String(error)}\n`);
  process.exit(1);
}
