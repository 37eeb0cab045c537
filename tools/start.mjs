// @ts-check
/**
 * npm start: from a fresh clone to an app that runs. This first half works on Node 20 with nothing installed; it
 * looks what is missing, runs `npm ci` where needed and hands over to tools/start/main.ts on Node 24.
 */
import { homedir } from 'node:os';
import path from 'node:path';
import { cacheDirectory } from './start/engine-key.mjs';
import { installPackages, missingPackages, ownNode, runInForeground } from './start/npm-packages.mjs';
import { parseStartOptions, usage } from './start/options.mjs';
import { announcement, describeMissing, isAtLeast, missingPrerequisites } from './start/prerequisites.mjs';
import { probe } from './start/probes.mjs';

const ROOT = path.resolve(import.meta.dirname ?? path.dirname(new URL(import.meta.url).pathname), '..');

async function main() {
  const startedAt = Date.now();
  const parsed = parseStartOptions(process.argv.slice(2), process.env.INIT_CWD ?? process.cwd());
  if (!parsed.ok) {
    process.stderr.write(`${parsed.faults.map((fault) => `error: ${fault}`).join('\n')}\n`);
    return 2;
  }
  const { options } = parsed;
  if (options.help) {
    process.stdout.write(`${usage()}\n`);
    return 0;
  }
  const cacheDir = cacheDirectory(process.env, homedir());
  const toInstall = missingPackages(ROOT);
  const probes = probe({
    root: ROOT,
    cacheDir,
    external: options.kubeconfig !== null,
    builds: options.image === null && !options.platformOnly,
    installsPackages: toInstall.length > 0,
    environment: process.env,
  });
  const missing = missingPrerequisites(probes);
  if (missing.length > 0) {
    process.stderr.write(`${describeMissing(missing)}\n`);
    return 1;
  }
  process.stdout.write(`${announcement(probes, toInstall.length > 0)}\n\n`);
  const npmSeconds = toInstall.length > 0 ? await installPackages(ROOT, toInstall.length) : 0;
  if (npmSeconds === null) return 1;
  // A Go that is too old builds nothing; what is in the cache does without.
  const go = isAtLeast(probes.go, probes.goNeeded) ? probes.go : null;
  const order = { options, cacheDir, root: ROOT, startedAt, npmSeconds, go };
  const main = path.join(ROOT, 'tools', 'start', 'main.ts');
  return runInForeground(ownNode(ROOT), [main, JSON.stringify(order)], ROOT);
}

try {
  process.exitCode = await main();
} catch (error) {
  process.stderr.write(`error: ${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
}
