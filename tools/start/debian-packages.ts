import { CommandFailed, runCommand } from './command.ts';

/** What the engine and the base images need of Debian. */
const DEBIAN_PACKAGES = [
  'ca-certificates',
  'conntrack',
  'containernetworking-plugins',
  'debian-archive-keyring',
  'iproute2',
  'iptables',
  'mmdebstrap',
  'mount',
  'nftables',
  'runc',
] as const;

/** Those of the packages that dpkg does not know as installed. */
export function missingPackages(wanted: readonly string[], dpkgListing: string): string[] {
  const installed = new Set(
    dpkgListing
      .split('\n')
      .filter((line) => line.startsWith('ii '))
      .map((line) => line.slice(3).trim()),
  );
  return wanted.filter((name) => !installed.has(name));
}

/** Which Debian packages are missing on this machine, of those the platform needs and of `more`. */
export async function findMissingPackages(more: readonly string[] = []): Promise<string[]> {
  // biome-ignore lint/suspicious/noTemplateCurlyInString: dpkg-query's own format, not a template of ours
  const listing = await runCommand('dpkg-query', ['-W', '-f', '${db:Status-Abbrev} ${Package}\n']).catch(
    (error: unknown) => {
      throw new Error('dpkg-query cannot tell which Debian packages are installed.', { cause: error });
    },
  );
  return missingPackages([...DEBIAN_PACKAGES, ...more], listing);
}

/** Installs packages by name. The package lists are fetched anew only when the ones at hand do not suffice. */
export async function installPackages(
  names: readonly string[],
  onLine: (line: string) => void,
): Promise<void> {
  const environment = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  const install = (): Promise<string> =>
    runCommand('apt-get', ['install', '-y', '--no-install-recommends', ...names], {
      env: environment,
      onLine,
    });
  try {
    await install();
  } catch (error) {
    if (!(error instanceof CommandFailed)) throw error;
    await runCommand('apt-get', ['update'], { env: environment, onLine });
    await install().catch((again: unknown) => {
      const said = again instanceof CommandFailed ? again.output : String(again);
      throw new Error(`apt-get could not install ${names.join(', ')}:\n${said}`, { cause: again });
    });
  }
}
