/**
 * npm run base-images: makes every image that can be made here, of those that Dockerfiles begin with and blueprints run,
 * and puts it into the mirror of its registry that the running Brainpod keeps, under the name that it has there. What is
 * there and up to date stays. Arguments name some of them. Needs root.
 */
import { homedir } from 'node:os';
import path from 'node:path';
import { locationsFrom } from '@brainpod/supervisor/locations';
import { DEFAULT_SETTINGS, readSettings } from '@brainpod/supervisor/settings';
import { BASE_IMAGES, recipeOf } from './base-image/base-images.ts';
import { ensureBaseImages } from './base-image/ensure-base-images.ts';
import { cacheDirectory } from './start/engine-key.mjs';

const locations = locationsFrom(process.env, process.getuid?.() === 0);
const settings = (await readSettings(locations.settings)) ?? DEFAULT_SETTINGS;
const options = {
  registryUrl: `http://127.0.0.1:${settings.registryPort}`,
  cacheDir: path.join(cacheDirectory(process.env, homedir()), 'base-images'),
  report: (step: string): void => console.log(`   ${step}`),
};
const asked = process.argv.slice(2);
const unknown = asked.filter((name) => !BASE_IMAGES.some((known) => known === name));
if (unknown.length > 0) {
  console.error(`error: cannot make ${unknown.join(', ')}; there are ${BASE_IMAGES.join(', ')}`);
  process.exit(2);
}
if (!(await answers(`${options.registryUrl}/v2/`))) {
  console.error(
    `error: Brainpod's registry does not answer at ${options.registryUrl}. Start it first: npm start`,
  );
  process.exit(1);
}
let failed = 0;
for (const name of BASE_IMAGES.filter((each) => asked.length === 0 || asked.includes(each))) {
  try {
    const [result] = await ensureBaseImages([name], options);
    const { contents } = recipeOf(name);
    const really = contents === undefined ? '' : ` (${contents})`;
    console.log(`✓ ${name}${really}${result?.made === true ? '' : ' is there already'}`);
  } catch (error) {
    failed += 1;
    console.error(`✗ ${name}: ${error instanceof Error ? error.message : String(error)}`);
  }
}
if (settings.mirroredRegistries === undefined)
  console.log(
    'Builds begin with these. Instances get what an App names from its own registry, unless Brainpod is started with ' +
      'BRAINPOD_MIRRORED_REGISTRIES=docker.io,ghcr.io npm start',
  );
process.exitCode = failed === 0 ? 0 : 1;

async function answers(url: string): Promise<boolean> {
  try {
    return (await fetch(url)).ok;
  } catch (error) {
    if (error instanceof TypeError) return false;
    throw error;
  }
}
