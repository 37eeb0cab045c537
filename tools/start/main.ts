import { homedir } from 'node:os';
import { configPath } from 'brainpod/settings/config-file';
import { Progress } from './progress.ts';
import { start } from './start.ts';
import { parseStartOrder } from './start-order.ts';

/** The second half of npm start, on Node 24 with everything installed. */
async function main(): Promise<number> {
  const order = parseStartOrder(process.argv[2] ?? '');
  const progress = new Progress({
    output: process.stdout,
    live: process.stdout.isTTY === true && !process.env.CI,
    now: Date.now,
    startedAt: order.startedAt,
  });
  const interrupted = (): void => {
    progress.close();
    process.stdout.write(
      'Interrupted. What runs goes on; npm start continues, npx brainpod engine down stops it.\n',
    );
    process.exit(130);
  };
  process.on('SIGINT', interrupted);
  process.on('SIGTERM', interrupted);
  try {
    await start(order, progress, process.env, {
      command: configPath({ HOME: homedir(), ...process.env }),
      isChosen: Boolean(process.env.BRAINPOD_CONFIG?.trim()),
    });
    return 0;
  } catch (error) {
    progress.close();
    process.stderr.write(`\nerror: ${error instanceof Error ? error.message : String(error)}\n`);
    return 1;
  } finally {
    progress.close();
  }
}

process.exit(await main());
