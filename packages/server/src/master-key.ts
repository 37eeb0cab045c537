import { randomBytes } from 'node:crypto';
import { mkdir, open, readFile } from 'node:fs/promises';
import { dirname } from 'node:path';

const KEY_BYTES = 32;

/**
 * The key from which the platform derives its machine credentials, kept in a file of its own (0600). Made
 * where there is none; of two servers that start at once, one makes it and both read it.
 */
export async function ensureMasterKey(path: string): Promise<Buffer> {
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  try {
    const file = await open(path, 'wx', 0o600);
    try {
      await file.writeFile(`${randomBytes(KEY_BYTES).toString('base64')}\n`);
      await file.sync();
    } finally {
      await file.close();
    }
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error;
  }
  const key = Buffer.from(await readFile(path, 'utf8'), 'base64');
  if (key.length === KEY_BYTES) return key;
  throw new Error(
    `The master key in ${path} is damaged (${key.length} bytes instead of ${KEY_BYTES}). ` +
      'Restore the file from a backup; if there is none, remove it: all machine credentials are then made anew, ' +
      'and the kubeconfigs of registered clusters have to be set again.',
  );
}
