#!/usr/bin/env node
// Plain JavaScript, so that an older Node can read it: the program itself needs the Node of this package.
import { spawn } from 'node:child_process';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const here = dirname(fileURLToPath(import.meta.url));
const main = join(here, '..', 'src', 'main.ts');

/** Whether this Node runs TypeScript as it is. */
function isNewEnough() {
  return Boolean(process.features.typescript);
}

/** The Node that npm installed beside us; null where there is none. */
function installedNode() {
  try {
    const manifest = createRequire(import.meta.url).resolve('node/package.json');
    return join(dirname(manifest), 'bin', process.platform === 'win32' ? 'node.exe' : 'node');
  } catch {
    return null;
  }
}

function runWith(node) {
  const child = spawn(node, [main, ...process.argv.slice(2)], { stdio: 'inherit' });
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal));
  child.on('error', (error) => {
    console.error(`error: ${node} cannot be started: ${error.message}`);
    process.exit(1);
  });
  child.on('exit', (code, signal) => process.exit(signal === null ? code : 1));
}

if (isNewEnough()) {
  await import(main);
} else {
  const node = installedNode();
  if (node === null) {
    console.error(
      `error: brainpod needs Node 24, and this is ${process.version}. Run "npm ci" first, or install Node 24.`,
    );
    process.exit(1);
  }
  runWith(node);
}
