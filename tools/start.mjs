// @ts-check
/**
 * npm start: from a fresh clone to an app that runs. This first half works on Node 20 with nothing installed; it
 * looks what is missing, runs `npm ci` where needed and hands over to tools/start/main.ts on Node 24.
 */
import { spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import path from 'node:path';
import { cacheDirectory } from './start/engine-key.mjs';
import { packagesToInstall } from './start/lockfile.mjs';
import { parseStartOptions, usage } from './start/options.mjs';
import { announcement, describeMissing, missingPrerequisites } from './start/prerequisites.mjs';
import { probe } from './start/probes.mjs';

const ROOT = path.resolve(import.meta.dirname ?? path.dirname(new URL(import.meta.url).pathname), '..');
const NODE_24 = path.join(ROOT, 'node_modules', '.bin', 'node');

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
  const probes = probe({
    root: ROOT,
    cacheDir,
    external: options.kubeconfig !== null,
    builds: options.image === null && !options.platformOnly,
    environment: process.env,
  });
  const missing = missingPrerequisites(probes);
  if (missing.length > 0) {
    process.stderr.write(`${describeMissing(missing)}\n`);
    return 1;
  }
  const toInstall = missingPackages();
  process.stdout.write(`${announcement(probes, toInstall.length > 0)}\n\n`);
  const npmSeconds = toInstall.length > 0 ? await installPackages(toInstall.length) : 0;
  if (npmSeconds === null) return 1;
  const order = { options, cacheDir, root: ROOT, startedAt, npmSeconds, go: probes.go };
  return run(NODE_24, [path.join(ROOT, 'tools', 'start', 'main.ts'), JSON.stringify(order)]);
}

function missingPackages() {
  const hidden = path.join(ROOT, 'node_modules', '.package-lock.json');
  const installed = existsSync(hidden) ? JSON.parse(readFileSync(hidden, 'utf8')) : null;
  const missing = packagesToInstall(
    JSON.parse(readFileSync(path.join(ROOT, 'package-lock.json'), 'utf8')),
    installed,
  );
  return missing.length === 0 && !existsSync(NODE_24) ? ['node_modules/node'] : missing;
}

/**
 * @param {number} count
 * @returns {Promise<number | null>} seconds, null when npm failed
 */
async function installPackages(count) {
  process.stdout.write(`npm packages: ${count} to install, about 30 s\n`);
  const began = Date.now();
  const code = await run('npm', ['ci', '--no-fund', '--no-audit', '--loglevel=error']);
  const seconds = (Date.now() - began) / 1000;
  if (code === 0) return seconds;
  process.stderr.write('error: npm ci failed; its own words are above. Nothing else has been changed.\n');
  return null;
}

/**
 * @param {string} file
 * @param {readonly string[]} args
 * @returns {Promise<number>} its exit code
 */
function run(file, args) {
  return new Promise((resolve, reject) => {
    const child = spawn(file, args, { cwd: ROOT, stdio: 'inherit' });
    // Ctrl-C reaches the child through the terminal; it says goodbye and this process follows.
    const ignore = () => undefined;
    process.on('SIGINT', ignore);
    process.on('SIGTERM', () => child.kill('SIGTERM'));
    child.once('error', reject);
    child.once('close', (code, signal) => {
      process.off('SIGINT', ignore);
      resolve(code ?? (signal === 'SIGINT' ? 130 : 1));
    });
  });
}

try {
  process.exitCode = await main();
} catch (error) {
  process.stderr.write(`error: ${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
}
