/** Builds the engine into the cache, where it is not there yet, and prints the folder of its programs and Envoy. */
import { homedir } from 'node:os';
import path from 'node:path';
import { Durations } from './start/durations.ts';
import { cacheDirectory } from './start/engine-key.mjs';
import { obtainEngine } from './start/engine-source.ts';
import { probeGo } from './start/probes.mjs';
import { Progress } from './start/progress.ts';

const root = path.resolve(import.meta.dirname, '..');
const cacheDir = cacheDirectory(process.env, homedir());
const progress = new Progress({
  output: process.stderr,
  live: process.stderr.isTTY === true && !process.env.CI,
  now: () => performance.now(),
  startedAt: performance.now(),
});
try {
  progress.plan([{ id: 'engine', title: 'Engine', estimateSeconds: null }]);
  const goVersion = probeGo(path.join(root, 'engine'));
  const durations = await Durations.open(cacheDir);
  const engine = await progress.run('engine', (stage) =>
    obtainEngine({ root, cacheDir, goVersion, durations, ...stage }),
  );
  process.stdout.write(`${JSON.stringify(engine)}\n`);
} catch (error) {
  process.stderr.write(`error: ${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
} finally {
  progress.close();
}
