import { mkdir } from 'node:fs/promises';
import path from 'node:path';
import { writeFileAtomically } from './atomic-file.ts';
import type { EngineBinaries } from './engine.ts';
import type { Locations } from './locations.ts';
import type { Settings } from './settings.ts';
import { type Launch, NotYet } from './supervised-process.ts';

/**
 * The registry's storage when no engine owns it (an existing cluster). It answers on loopback only and asks
 * nobody for a key: the server in front of it does that.
 */
export async function prepareRegistry(
  settings: Settings,
  locations: Locations,
  binaries: EngineBinaries | null,
  environment: Record<string, string>,
): Promise<Launch> {
  if (binaries === null) throw new NotYet('the registry is not built yet; npm start builds it');
  await mkdir(locations.registryData, { recursive: true, mode: 0o700 });
  const config = path.join(locations.runDir, 'registry.json');
  // The registry reads YAML, of which JSON is a part.
  await writeFileAtomically(
    config,
    `${JSON.stringify(registryConfig(settings, locations), null, 2)}\n`,
    0o600,
  );
  return {
    file: path.join(binaries.binDir, 'registry'),
    args: ['serve', config],
    env: environment,
    cwd: locations.registryData,
  };
}

export function registryConfig(settings: Settings, locations: Locations): Record<string, unknown> {
  return {
    version: 0.1,
    log: { level: 'warn', accesslog: { disabled: true } },
    storage: { filesystem: { rootdirectory: locations.registryData }, delete: { enabled: true } },
    http: { addr: `127.0.0.1:${settings.registryPort}`, relativeurls: true },
  };
}
