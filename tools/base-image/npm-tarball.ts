import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdtemp, readdir, readFile, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { runProgram } from './run-program.ts';

export type NpmPackage = { name: string; version: string; integrity: string };

/**
 * The tarball of one exact package in `directory`, fetched by the host's npm with the host's settings where it is not
 * there yet. Throws where its bytes are not the ones that `integrity` names.
 */
export async function npmTarball(wanted: NpmPackage, directory: string): Promise<string> {
  const file = join(directory, `${wanted.name.replaceAll('/', '-')}-${wanted.version}.tgz`);
  if (!existsSync(file)) {
    const temporary = await mkdtemp(join(directory, '.npm-'));
    try {
      const spec = `${wanted.name}@${wanted.version}`;
      await runProgram('npm', ['pack', spec, '--silent', '--pack-destination', temporary]);
      const [packed] = await readdir(temporary);
      if (packed === undefined) throw new Error(`npm pack ${spec} left no file.`);
      await rename(join(temporary, packed), file);
    } finally {
      await rm(temporary, { recursive: true, force: true });
    }
  }
  const integrity = `sha512-${createHash('sha512')
    .update(await readFile(file))
    .digest('base64')}`;
  if (integrity === wanted.integrity) return file;
  await rm(file);
  throw new Error(
    `The npm package ${wanted.name}@${wanted.version} is not the one that was pinned: its checksum is ${integrity}. ` +
      'Nothing was built from it. Check where npm gets its packages from, then try again.',
  );
}
