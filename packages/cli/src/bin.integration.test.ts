import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { expect, it } from 'vitest';

const BIN = join(import.meta.dirname, '..', 'bin', 'brainpod.mjs');
/** The machine's own Node may be older than the one that npm installed. */
const NODES = [process.execPath, '/usr/bin/node'].filter((node) => existsSync(node));

function start(node: string, args: string[]): ChildProcessByStdio<null, Readable, Readable> {
  return spawn(node, [BIN, ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { PATH: process.env.PATH, HOME: '/nonexistent' },
  });
}

it.each(NODES)('starts from %s and passes the exit code on', async (node) => {
  const good = start(node, ['--version']);
  expect(await text(good.stdout)).toBe('0.1.0\n');
  const wrong = start(node, ['pod', 'lst']);
  const [said, [code]] = await Promise.all([text(wrong.stderr), once(wrong, 'exit')]);
  expect(code).toBe(2);
  expect(said).toContain('Did you mean list?');
});

it.each(NODES)('calls a reader that has seen enough no failure (%s)', async (node) => {
  const child = start(node, ['--help']);
  child.stdout.destroy();
  const [said, [code]] = await Promise.all([text(child.stderr), once(child, 'exit')]);
  expect([code, said]).toEqual([0, '']);
});
