import { isIP } from 'node:net';
import { type HostNetwork, hostNetworkIn } from './step-files.ts';

/** What the server is told of building images. */
export type BuildSettings = {
  /** A file that names the folder of the engine's programs; null: this server builds nothing. It may come later. */
  engineBinaries: string | null;
  /** Where builders of the server's own cluster reach the image registry; null: by its host name, over HTTPS. */
  registry: { host: string; port: number } | null;
  /** Whether builders of the server's own cluster can be reached at their addresses; else through the cluster's API. */
  isNear: boolean;
  /** What steps of near builders are told of the network; null where builders are elsewhere. */
  steps: HostNetwork | null;
  /** The image of builders; null for our own. */
  image: string | null;
  /** Networks that builds may reach although they are not the internet. */
  networks: string[];
  atOnce: number;
  timeoutMs: number;
};

type Readers = {
  environment: Record<string, string | undefined>;
  text: (name: string, fallback: string) => string;
  whole: (name: string, fallback: number, from: number, to: number) => number;
  faults: string[];
};

const MINUTE_MS = 60_000;

/** Reads them from the environment; what is wrong is added to the faults. */
export function readBuildSettings({ environment, text, whole, faults }: Readers): BuildSettings {
  const isNear = text('BRAINPOD_BUILDERS_NEAR', '') === 'true';
  const orNull = (name: string): string | null => text(name, '') || null;
  return {
    engineBinaries: orNull('BRAINPOD_ENGINE_BINARIES'),
    registry: readAddress(text('BRAINPOD_BUILD_REGISTRY', ''), faults),
    isNear,
    steps: isNear ? hostNetworkIn(environment) : null,
    image: orNull('BRAINPOD_BUILDER_IMAGE'),
    networks: readNetworks(text('BRAINPOD_BUILD_NETWORKS', ''), faults),
    atOnce: whole('BRAINPOD_BUILDS_AT_ONCE', 2, 1, 64),
    timeoutMs: whole('BRAINPOD_BUILD_TIMEOUT_MINUTES', 30, 1, 24 * 60) * MINUTE_MS,
  };
}

function readAddress(value: string, faults: string[]): BuildSettings['registry'] {
  if (value === '') return null;
  const [, host = '', digits = ''] = /^([0-9.]+):(\d{1,5})$/.exec(value) ?? [];
  const port = Number(digits);
  if (isIP(host) === 4 && port >= 1 && port <= 65_535) return { host, port };
  faults.push(`BRAINPOD_BUILD_REGISTRY must be an IPv4 address and a port, and is "${value}"`);
  return null;
}

function readNetworks(value: string, faults: string[]): string[] {
  const networks = value
    .split(',')
    .map((network) => network.trim())
    .filter((network) => network !== '');
  const wrong = networks.filter((network) => !isNetwork(network));
  if (wrong.length > 0) {
    faults.push(
      `BRAINPOD_BUILD_NETWORKS must be networks separated by commas, such as 10.1.0.0/16,fd00::/8, and holds "${wrong.join('", "')}"`,
    );
  }
  return networks;
}

function isNetwork(text: string): boolean {
  const [, address = '', digits = ''] = /^([0-9a-fA-F.:]+)\/(\d{1,3})$/.exec(text) ?? [];
  const family = isIP(address);
  return family !== 0 && Number(digits) <= (family === 4 ? 32 : 128);
}
