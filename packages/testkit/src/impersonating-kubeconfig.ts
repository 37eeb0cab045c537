import { readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';

/**
 * Writes a kubeconfig beside that of an administrator in which they act as `userName`, with that one's rights only; gives
 * its path.
 */
export async function impersonatingKubeconfig(kubeconfig: string, userName: string): Promise<string> {
  // A parse boundary: ApiServer writes the file.
  const config = JSON.parse(await readFile(kubeconfig, 'utf8')) as { users: { user: object }[] };
  for (const entry of config.users) entry.user = { ...entry.user, as: userName };
  const path = join(dirname(kubeconfig), `kubeconfig-${encodeURIComponent(userName)}.json`);
  await writeFile(path, JSON.stringify(config), { mode: 0o600 });
  return path;
}
