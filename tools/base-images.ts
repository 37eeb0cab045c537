/**
 * npm run base-images: makes every base image that can be made here and puts it into the mirror of Docker Hub that the
 * running Brainpod keeps, under the name that it has there. What is there and up to date stays. Needs root.
 */
import { homedir } from 'node:os';
import path from 'node:path';
import { locationsFrom } from '@brainpod/supervisor/locations';
import { DEFAULT_SETTINGS, readSettings } from '@brainpod/supervisor/settings';
import { BASE_IMAGES } from './base-image/base-images.ts';
import { ensureBaseImages } from './base-image/ensure-base-images.ts';
import { cacheDirectory } from './start/engine-key.mjs';

const locations = locationsFrom(process.env, process.getuid?.() === 0);
const settings = (await readSettings(locations.settings)) ?? DEFAULT_SETTINGS;
const options = {
  registryUrl: `http://127.0.0.1:${settings.registryPort}`,
  cacheDir: path.join(cacheDirectory(process.env, homedir()), 'base-images'),
  report: (step: string): void => console.log(`   ${step}`),
};
let failed = 0;
for (const name of BASE_IMAGES) {
  try {
    const [result] = await ensureBaseImages([name], options);
    console.log(`✓ ${name}${result?.made === true ? '' : ' is there already'}`);
  } catch (error) {
    failed += 1;
    console.error(`✗ ${name}: ${error instanceof Error ? error.message : String(error)}`);
  }
}
process.exitCode = failed === 0 ? 0 : 1;
