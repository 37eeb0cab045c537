import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { STEP_FOLDER } from '@brainpod/compiler/builder';

const SETTINGS = 'settings.json';
const RUNC = '/usr/sbin/runc';

/**
 * What the host's engine tells build steps of the network (its certificates, proxies and package registries), as files
 * for a builder. `folder` is where the engine keeps it; nothing but the place of runc where there is no such folder.
 */
export async function readStepFiles(folder: string | null): Promise<Record<string, string>> {
  const settings = folder === null ? null : await readIfThere(path.join(folder, SETTINGS));
  if (folder === null || settings === null) return { [SETTINGS]: settingsText([], {}) };
  const value: unknown = JSON.parse(settings);
  const { mounts, environment } = {
    mounts: textsIn(value, 'mounts'),
    environment: textsIn(value, 'environment'),
  };
  const names = Object.keys(mounts);
  const files = await Promise.all(
    names.map(
      async (name) => [name, await readFile(path.join(folder, path.basename(name)), 'utf8')] as const,
    ),
  );
  return { ...Object.fromEntries(files), [SETTINGS]: settingsText(names, environment) };
}

function settingsText(names: readonly string[], environment: Record<string, string>): string {
  const mounts = Object.fromEntries(names.map((name) => [name, `${STEP_FOLDER}/${name}`]));
  return JSON.stringify({ runc: RUNC, mounts, environment });
}

function textsIn(value: unknown, field: string): Record<string, string> {
  const fields = new Map<string, unknown>(
    typeof value === 'object' && value !== null ? Object.entries(value) : [],
  );
  const object = fields.get(field);
  const entries: [string, unknown][] =
    typeof object === 'object' && object !== null ? Object.entries(object) : [];
  return Object.fromEntries(
    entries.filter((entry): entry is [string, string] => typeof entry[1] === 'string'),
  );
}

async function readIfThere(file: string): Promise<string | null> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return null;
    throw error;
  }
}
