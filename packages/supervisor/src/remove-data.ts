import { readFile, rm } from 'node:fs/promises';
import path from 'node:path';
import type { Locations } from './locations.ts';

/** Everything that Brainpod keeps in its data directory, and nothing that others may have put there. */
const OWN_ENTRIES = [
  'postgres',
  'postgres.new',
  'postgres-bin',
  'server',
  'engine',
  'registry',
  'logs',
  'supervisor.json',
  'config.toml',
];

/** Removes the data. Refuses while something is still mounted there: removing would reach into it. */
export async function removeData(locations: Locations): Promise<void> {
  const mounted = await mountsBelow(locations.dataDir);
  if (mounted.length > 0) {
    throw new Error(
      `Nothing was removed: there are still mounts in ${locations.dataDir} (${mounted.slice(0, 3).join(', ')}). ` +
        'Run npx brainpod engine down, or restart the machine, and try again.',
    );
  }
  for (const entry of OWN_ENTRIES)
    await rm(path.join(locations.dataDir, entry), { recursive: true, force: true });
}

async function mountsBelow(directory: string): Promise<string[]> {
  if (process.platform !== 'linux') return [];
  return mountPointsBelow(await readFile('/proc/self/mountinfo', 'utf8'), directory);
}

/** The mount points below a directory, out of /proc/self/mountinfo. */
export function mountPointsBelow(mountinfo: string, directory: string): string[] {
  return mountinfo
    .split('\n')
    .map((line) =>
      (line.split(' ')[4] ?? '').replaceAll(/\\([0-7]{3})/g, (_, octal: string) =>
        String.fromCharCode(Number.parseInt(octal, 8)),
      ),
    )
    .filter((point) => point.startsWith(`${directory}/`));
}
