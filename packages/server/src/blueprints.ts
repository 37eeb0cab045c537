import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Blueprint } from '@brainpod/blueprint/blueprint';
import { parseBlueprint } from '@brainpod/blueprint/parse-blueprint';

/** The blueprints that come with Brainpod. */
export const BLUEPRINTS_DIR = join(import.meta.dirname, '../../../blueprints');

/** Reads every blueprint in a folder, by id. Throws one error that names every fault of every file. */
export async function readBlueprints(folder: string): Promise<Blueprint[]> {
  const entries = await readdir(folder, { withFileTypes: true });
  const ids = entries.filter((entry) => entry.isDirectory()).map(({ name }) => name);
  const parsed = await Promise.all(ids.sort().map((id) => readBlueprint(folder, id)));
  const faults = parsed.flatMap(({ id, result }) =>
    result.ok ? [] : result.faults.map(({ path, message }) => `${id}: ${path}: ${message}`),
  );
  if (faults.length > 0) throw new Error(`The blueprints have faults:\n  ${faults.join('\n  ')}`);
  return parsed.flatMap(({ result }) => (result.ok ? [result.value] : []));
}

async function readBlueprint(folder: string, id: string) {
  const read = (name: string) => readFile(join(folder, id, name), 'utf8');
  const [manifest, resources, readme] = await Promise.all([
    read('blueprint.yaml'),
    read('resources.yaml'),
    read('README.md'),
  ]);
  return { id, result: parseBlueprint({ id, manifest, resources, readme }) };
}
