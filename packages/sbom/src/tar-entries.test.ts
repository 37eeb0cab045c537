import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { tarEntries } from './tar-entries.ts';

const LONG = `${'folder-of-a-long-name/'.repeat(12)}file`;

async function* inChunks(bytes: Buffer, length: number): AsyncGenerator<Buffer> {
  for (let at = 0; at < bytes.length; at += length) yield bytes.subarray(at, at + length);
}

async function read(bytes: Buffer, length = 1000): Promise<Record<string, string>> {
  const files: Record<string, string> = {};
  for await (const entry of tarEntries(inChunks(bytes, length))) {
    const parts: Buffer[] = [];
    for await (const part of entry.content()) parts.push(part);
    if (entry.isFile) files[entry.path] = Buffer.concat(parts).toString();
  }
  return files;
}

function archive(format: string): Buffer {
  const folder = mkdtempSync(path.join(tmpdir(), 'brainpod-tar-'));
  try {
    mkdirSync(path.join(folder, path.dirname(LONG)), { recursive: true });
    writeFileSync(path.join(folder, LONG), 'long');
    writeFileSync(path.join(folder, 'umlaut-ä'), 'x'.repeat(1500));
    writeFileSync(path.join(folder, 'empty'), '');
    symlinkSync('empty', path.join(folder, 'link'));
    const made = spawnSync('tar', [`--format=${format}`, '-C', folder, '-cf', '-', '.']);
    expect(made.status).toBe(0);
    return made.stdout;
  } finally {
    rmSync(folder, { recursive: true });
  }
}

it.each(['gnu', 'pax'])('reads what tar writes, in the format %s', async (format) => {
  expect(await read(archive(format))).toEqual({
    [LONG]: 'long',
    'umlaut-ä': 'x'.repeat(1500),
    empty: '',
  });
});

it('reads the same however it is cut', async () => {
  const bytes = archive('pax');
  const whole = await read(bytes, bytes.length);
  await fc.assert(
    fc.asyncProperty(fc.integer({ min: 1, max: 3000 }), async (length) => {
      expect(await read(bytes, length)).toEqual(whole);
    }),
    { numRuns: 20 },
  );
});

it('goes on to the next file where one is not read', async () => {
  const paths: string[] = [];
  for await (const { path: each, isFile } of tarEntries(inChunks(archive('gnu'), 700))) {
    if (isFile) paths.push(each);
  }
  expect(paths.sort()).toEqual([LONG, 'empty', 'umlaut-ä'].sort());
});

it('refuses what is none, whatever it is', async () => {
  await expect(read(Buffer.alloc(600, 'x'))).rejects.toThrow('A header of the archive is none.');
  const bytes = archive('gnu');
  await expect(read(bytes.subarray(0, 700))).rejects.toThrow(/^The archive ends/);
});

it('keeps no header that is longer than a name can be', async () => {
  const header = Buffer.alloc(512);
  header.write('././@PaxHeader', 0);
  header.write('77777777777', 124);
  header.write('x', 156);
  await expect(read(header)).rejects.toThrow('A header of the archive is too long.');
});
