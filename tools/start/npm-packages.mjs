// @ts-check
// Runs on Node 20 with nothing installed: no imports but Node's own.
import { spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { packagesToInstall } from './lockfile.mjs';

/**
 * The npm packages that differ from the lockfile; empty when everything is installed.
 * @param {string} root
 * @returns {string[]}
 */
export function missingPackages(root) {
  const hidden = path.join(root, 'node_modules', '.package-lock.json');
  const installed = existsSync(hidden) ? JSON.parse(readFileSync(hidden, 'utf8')) : null;
  const missing = packagesToInstall(
    JSON.parse(readFileSync(path.join(root, 'package-lock.json'), 'utf8')),
    installed,
  );
  return missing.length === 0 && !existsSync(ownNode(root)) ? ['node_modules/node'] : missing;
}

/**
 * Installs what the lockfile names, exactly.
 * @param {string} root
 * @param {number} count how many are missing
 * @returns {Promise<number | null>} seconds, null when npm failed
 */
export async function installPackages(root, count) {
  process.stdout.write(`npm packages: ${count} to install, about 30 s\n`);
  const began = Date.now();
  const code = await runInForeground('npm', ['ci', '--no-fund', '--no-audit', '--loglevel=error'], root);
  if (code === 0) return (Date.now() - began) / 1000;
  process.stderr.write('error: npm ci failed; its own words are above. Nothing else has been changed.\n');
  return null;
}

/**
 * The Node 24 that comes with the packages.
 * @param {string} root
 */
export function ownNode(root) {
  return path.join(root, 'node_modules', '.bin', 'node');
}

/**
 * @param {string} file
 * @param {readonly string[]} args
 * @param {string} cwd
 * @returns {Promise<number>} its exit code
 */
export function runInForeground(file, args, cwd) {
  return new Promise((resolve, reject) => {
    const child = spawn(file, args, { cwd, stdio: 'inherit' });
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
