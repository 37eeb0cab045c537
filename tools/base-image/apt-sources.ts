/** One package index that the host's apt is set up to read. Unknown fields are empty. */
export type IndexTarget = { uri: string; release: string; label: string; component: string };

/** The format to ask apt for, so that `parseIndexTargets` can read the answer. */
export const INDEX_TARGET_FORMAT = '$(REPO_URI)|$(RELEASE)|$(LABEL)|$(COMPONENT)';

const KEYRING = '/usr/share/keyrings/debian-archive-keyring.gpg';

/** Reads the lines that `apt-get indextargets --format …` prints. */
export function parseIndexTargets(output: string): IndexTarget[] {
  return output
    .split('\n')
    .map((line) => line.trim().split('|'))
    .filter((fields) => fields.length === 4)
    .map(([uri = '', release = '', label = '', component = '']) => ({
      uri,
      release,
      // apt leaves a field that it does not know yet as it was written in the format.
      label: label.startsWith('$(') ? '' : label,
      component,
    }));
}

/**
 * The sources for a system of a suite such as `trixie`, on the mirrors that this host gets its own Debian packages from; null where the
 * host has no Debian mirror (another distribution), so that the tool's own default is the right one.
 */
export function debianSources(targets: readonly IndexTarget[], suite: string): string | null {
  const main = targets.filter((target) => target.component === 'main' && /^https?:/.test(target.uri));
  const debian = main.find((target) => isArchive(target))?.uri;
  if (debian === undefined) return null;
  const security = main.find((target) => isSecurity(target))?.uri;
  const lines = [sourceLine(debian, suite), sourceLine(debian, `${suite}-updates`)];
  if (security !== undefined) lines.push(sourceLine(security, `${suite}-security`));
  return `${lines.join('\n')}\n`;
}

/** The same sources without user names and passwords: what an image may carry. */
export function withoutCredentials(sources: string): string {
  return sources.replace(/(https?:\/\/)[^/\s@]+@/g, '$1');
}

function isArchive(target: IndexTarget): boolean {
  if (target.label !== '') return target.label === 'Debian';
  return /\/debian\/?$/.test(target.uri) && !/[-/]security$/.test(target.release);
}

function isSecurity(target: IndexTarget): boolean {
  return target.label === 'Debian-Security' || (target.label === '' && /[-/]security$/.test(target.release));
}

function sourceLine(uri: string, suite: string): string {
  return `deb [signed-by=${KEYRING}] ${uri.replace(/\/$/, '')} ${suite} main`;
}
