/** npm run engine:pack: makes the npm package @brainpod/engine-linux-x64 out of what was built, into dist/. */
import { homedir } from 'node:os';
import path from 'node:path';
import { cacheDirectory } from './start/engine-key.mjs';
import { packEngine } from './start/engine-package.ts';
import { probeGo } from './start/probes.mjs';

const root = path.resolve(import.meta.dirname, '..');
const places = { root, cacheDir: cacheDirectory(process.env, homedir()) };
try {
  const go = probeGo(path.join(root, 'engine'));
  if (go === null)
    throw new Error('Go is not installed; it is needed to tell which build fits these sources.');
  process.stdout.write(`${await packEngine(places, `go${go}`, path.join(root, 'dist'))}\n`);
} catch (error) {
  process.stderr.write(`error: ${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
}
