// @ts-check
/**
 * npm test: every kind of test, on a machine with nothing installed. This first half works on Node 20; it installs
 * the npm packages where needed and hands over to tools/test/main.ts on Node 24.
 */
import { homedir } from 'node:os';
import path from 'node:path';
import { cacheDirectory } from './start/engine-key.mjs';
import { installPackages, missingPackages, ownNode, runInForeground } from './start/npm-packages.mjs';
import { describeMissing, missingPrerequisites } from './start/prerequisites.mjs';
import { probe } from './start/probes.mjs';

const ROOT = path.resolve(path.dirname(new URL(import.meta.url).pathname), '..');

async function main() {
  const cacheDir = cacheDirectory(process.env, homedir());
  const probes = probe({ root: ROOT, cacheDir, external: false, environment: process.env });
  const missing = missingPrerequisites(probes);
  if (missing.length > 0) {
    process.stderr.write(`${describeMissing(missing)}\n`);
    return 1;
  }
  const toInstall = missingPackages(ROOT);
  if (toInstall.length > 0 && (await installPackages(ROOT, toInstall.length)) === null) return 1;
  return runInForeground(
    ownNode(ROOT),
    [path.join(ROOT, 'tools/test/main.ts'), ...process.argv.slice(2)],
    ROOT,
  );
}

try {
  process.exitCode = await main();
} catch (error) {
  process.stderr.write(`error: ${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
}
