import { link, mkdir, rm } from 'node:fs/promises';
import path from 'node:path';
import { type ConfigFile, writeConfigFile } from 'brainpod/settings/config-file';

/** Writes a new config file, readable by its owner only. False, and nothing changed, when there is one already. */
export async function createConfig(file: string, config: ConfigFile): Promise<boolean> {
  await mkdir(path.dirname(file), { recursive: true, mode: 0o700 });
  const temporary = `${file}.new-${process.pid}`;
  await writeConfigFile(temporary, config);
  try {
    // Unlike a rename, a link never takes the place of a file that is there.
    await link(temporary, file);
    return true;
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'EEXIST') return false;
    throw error;
  } finally {
    await rm(temporary, { force: true });
  }
}
