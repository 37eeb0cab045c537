import { readFile } from 'node:fs/promises';
import { writeFileAtomically } from './atomic-file.ts';
import { hasErrorCode } from './error-code.ts';
import {
  JsonFault,
  type JsonObject,
  jsonObject,
  optionalString,
  requiredArray,
  requiredPort,
  requiredString,
} from './json-fields.ts';

/** What the machine runs, remembered so that `engine up` after a reboot starts the same again. */
export type Settings = {
  /** `embedded`: the engine of this machine. `external`: a cluster reached through a kubeconfig. */
  mode: 'embedded' | 'external';
  kubeconfig?: string;
  domain: string;
  gatewayClass: string;
  httpPort: number;
  httpsPort: number;
  /** The IPv4 address on which the API and the registry listen; 0.0.0.0 for all of the machine's. */
  listenAddress: string;
  apiPort: number;
  registryPort: number;
  registryHost: string;
  /** Embedded only: registries whose images instances get from our own registry where it has them. */
  mirroredRegistries?: readonly string[];
};

export const DEFAULT_SETTINGS: Settings = {
  mode: 'embedded',
  domain: 'brainpod.localhost',
  gatewayClass: 'brainpod',
  httpPort: 80,
  httpsPort: 443,
  listenAddress: '127.0.0.1',
  apiPort: 4600,
  registryPort: 4650,
  registryHost: 'registry.brainpod.localhost',
};

/** The address at which this machine itself reaches the API and the registry. */
export function apiEndpoint(settings: Settings): string {
  return `http://${apiHost(settings)}:${settings.apiPort}`;
}

export function apiHost({ listenAddress }: Settings): string {
  return listenAddress === '0.0.0.0' ? '127.0.0.1' : listenAddress;
}

/** The settings kept in a file; null when there is none yet. Throws with the file's path when it is damaged. */
export async function readSettings(file: string): Promise<Settings | null> {
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch (error) {
    if (hasErrorCode(error, 'ENOENT')) return null;
    throw error;
  }
  try {
    return parseSettings(JSON.parse(text));
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new Error(`${file} is damaged (${reason}). Remove it and run npm start again.`, { cause: error });
  }
}

/** Writes the settings so that a crash leaves the old or the new file. */
export async function writeSettings(file: string, settings: Settings): Promise<void> {
  await writeFileAtomically(file, `${JSON.stringify(settings, null, 2)}\n`, 0o600);
}

/** Settings from parsed JSON. Throws a JsonFault that names the field. */
export function parseSettings(input: unknown): Settings {
  const object = jsonObject(input, 'the settings');
  const mode = requiredString(object, 'mode');
  if (mode !== 'embedded' && mode !== 'external') {
    throw new JsonFault(`mode must be "embedded" or "external", not "${mode}"`);
  }
  const kubeconfig = optionalString(object, 'kubeconfig');
  const mirroredRegistries = optionalNames(object, 'mirroredRegistries');
  if (mode === 'external' && kubeconfig === undefined)
    throw new JsonFault('mode "external" needs a kubeconfig');
  return {
    mode,
    ...(kubeconfig === undefined ? {} : { kubeconfig }),
    domain: requiredString(object, 'domain'),
    gatewayClass: requiredString(object, 'gatewayClass'),
    httpPort: requiredPort(object, 'httpPort'),
    httpsPort: requiredPort(object, 'httpsPort'),
    listenAddress: optionalString(object, 'listenAddress') ?? DEFAULT_SETTINGS.listenAddress,
    apiPort: requiredPort(object, 'apiPort'),
    registryPort: requiredPort(object, 'registryPort'),
    registryHost: requiredString(object, 'registryHost'),
    ...(mirroredRegistries === undefined ? {} : { mirroredRegistries }),
  };
}

function optionalNames(object: JsonObject, field: string): readonly string[] | undefined {
  if (object[field] === undefined || object[field] === null) return undefined;
  return requiredArray(object, field).map((value) => {
    if (typeof value !== 'string') throw new JsonFault(`${field} must be a list of texts`);
    return value;
  });
}
