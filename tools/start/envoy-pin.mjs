// @ts-check
// Runs on Node 20 with nothing installed: no imports but Node's own.
import path from 'node:path';

export const ENVOY_VERSION = '1.40.0';
export const ENVOY_SHA256 = 'a88a3ed5b48bf80f523b9a00956ad1e5bcf5aab750bd2c2f3023c37e1ccf1884';

/**
 * Where the unpacked Envoy lies; the name changes with what is pinned.
 * @param {string} cacheDir
 */
export function envoyBinaryPath(cacheDir) {
  return path.join(cacheDir, 'envoy', `${ENVOY_VERSION}-${ENVOY_SHA256.slice(0, 12)}`, 'envoy');
}
