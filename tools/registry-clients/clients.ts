import path from 'node:path';
import { type DebianPrograms, ensureDebianPrograms } from '../debian-programs.ts';
import { ensureGoProgram, type GoProgram } from '../go-programs.ts';

const CRANE: GoProgram = {
  moduleDir: import.meta.dirname,
  package: 'github.com/google/go-containerregistry/cmd/crane',
  name: 'crane',
};

// Newer releases of Debian have the command in a package apart from the daemon.
const DEBIAN_PACKAGES = ['skopeo', 'docker.io', 'docker-cli'];

/** Of registries: crane, skopeo, docker and its daemon, found by PATH. */
export type RegistryClients = {
  environment: DebianPrograms['environment'];
  /** Which images skopeo takes; it reads no other place than the one where it would be installed. */
  skopeoPolicy: string;
};

/** crane out of its pinned module, the others as Debian has them; each once, into the cache, a folder. */
export async function ensureRegistryClients(
  cacheDir: string,
  say: (text: string) => void,
): Promise<RegistryClients> {
  const crane = await ensureGoProgram(CRANE, cacheDir, say);
  const debian = await ensureDebianPrograms(
    { name: 'registry-clients', packages: DEBIAN_PACKAGES },
    cacheDir,
    say,
  );
  const { PATH, LD_LIBRARY_PATH } = debian.environment;
  return {
    environment: { PATH: `${path.dirname(crane)}:${PATH}`, LD_LIBRARY_PATH },
    skopeoPolicy: path.join(debian.root, 'etc/containers/policy.json'),
  };
}
