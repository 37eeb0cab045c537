/** A value that a build may use and that no layer, image or log may hold. `id`: by which a Dockerfile asks for it. */
export type BuildSecret = { id: string; value: string };

export const MOST_BUILD_SECRETS = 20;
/** All of a build fit into a request of 64 KiB. */
export const LONGEST_BUILD_SECRET = 16 * 1024;
/** What can be an environment variable's name too. */
export const BUILD_SECRET_ID = '^[A-Za-z_][A-Za-z0-9_]{0,127}$';

const PATTERN = new RegExp(BUILD_SECRET_ID);

export function isBuildSecretId(text: string): boolean {
  return PATTERN.test(text);
}
