import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { ensureCached, GO_FLAGS, goKey, runGo } from '../go-programs.ts';
import { flush } from '../start/envoy.ts';

const MODULE_DIR = import.meta.dirname;
const MODULE = 'sigs.k8s.io/gateway-api/conformance';

/**
 * The built suite. `images` are the names of all images that its manifests use; `echo` is the program in those named
 * echo-basic.
 */
export type Suite = { program: string; echo: string; version: string; images: string[] };

/** Builds the suite and its echo server where the cache, a folder, does not hold them yet. */
export async function ensureSuite(cacheDir: string, detail: (text: string) => void): Promise<Suite> {
  const parent = path.join(cacheDir, 'gateway-conformance');
  const target = await ensureCached(parent, await goKey(MODULE_DIR), async (folder) => {
    const [suite, echo] = [path.join(folder, 'conformance.test'), path.join(folder, 'echo-basic')];
    detail('building the conformance suite, once');
    await runGo(MODULE_DIR, ['test', '-c', ...GO_FLAGS, '-o', suite, MODULE], detail);
    await runGo(MODULE_DIR, ['build', ...GO_FLAGS, '-o', echo, `${MODULE}/echo-basic`], detail);
    for (const file of [suite, echo]) await flush(file);
  });
  const [version = '', moduleDir = ''] = (
    await runGo(MODULE_DIR, ['list', '-m', '-f', '{{.Version}} {{.Dir}}', MODULE], () => undefined)
  )
    .trim()
    .split(' ');
  return {
    program: path.join(target, 'conformance.test'),
    echo: path.join(target, 'echo-basic'),
    version,
    images: await imagesIn([path.join(moduleDir, 'base'), path.join(moduleDir, 'tests')]),
  };
}

async function imagesIn(folders: readonly string[]): Promise<string[]> {
  const names = new Set<string>();
  for (const folder of folders) {
    for (const file of await readdir(folder)) {
      if (!file.endsWith('.yaml')) continue;
      const text = await readFile(path.join(folder, file), 'utf8');
      for (const [, name = ''] of text.matchAll(/^\s*(?:- )?image: (\S+)$/gm)) names.add(name);
    }
  }
  return [...names].sort();
}
