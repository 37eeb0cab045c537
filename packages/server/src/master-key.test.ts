import { mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ensureMasterKey } from './master-key.ts';

let directory: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'key-'));
});
afterEach(() => rm(directory, { recursive: true }));

describe('ensureMasterKey', () => {
  it('makes a key that only its owner can read, and keeps it', async () => {
    const path = join(directory, 'server/master.key');
    const key = await ensureMasterKey(path);
    expect(key).toHaveLength(32);
    expect((await stat(path)).mode & 0o777).toBe(0o600);
    expect(await ensureMasterKey(path)).toEqual(key);
  });

  it('differs from machine to machine', async () => {
    const keys = await Promise.all(['a', 'b'].map((name) => ensureMasterKey(join(directory, name))));
    expect(keys[0]).not.toEqual(keys[1]);
  });

  it('says what to do about a damaged file, and does not replace it', async () => {
    const path = join(directory, 'master.key');
    await writeFile(path, 'c2hvcnQ=');
    await expect(ensureMasterKey(path)).rejects.toThrow(/damaged.*Restore the file from a backup/s);
  });
});
