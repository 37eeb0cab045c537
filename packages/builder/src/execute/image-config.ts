import { fieldsOf } from './json-fields.ts';

/** What an image says of itself. `exposedPorts` are its TCP ports, lowest first; `user` is empty for root. */
export type ImageConfig = { user: string; exposedPorts: number[]; architecture: string };

export type ImageLocation = {
  registryEndpoint: string;
  repository: string;
  /** A digest or a tag of an image for one platform. */
  reference: string;
  apiKey: string;
};

const TIMEOUT_MS = 30_000;
const MANIFEST_TYPES = [
  'application/vnd.oci.image.manifest.v1+json',
  'application/vnd.docker.distribution.manifest.v2+json',
];

/** Reads an image's configuration from the registry. Throws where the registry does not give it. */
export async function readImageConfig(image: ImageLocation): Promise<ImageConfig> {
  const manifest = await readFromRegistry(image, `manifests/${image.reference}`, MANIFEST_TYPES.join(', '));
  const digest = fieldsOf(fieldsOf(manifest).get('config')).get('digest');
  if (typeof digest !== 'string') throw new Error(`${image.repository} is not an image for one platform.`);
  const document = fieldsOf(await readFromRegistry(image, `blobs/${digest}`, '*/*'));
  const config = fieldsOf(document.get('config'));
  const user = config.get('User');
  const architecture = document.get('architecture');
  return {
    user: typeof user === 'string' ? user : '',
    exposedPorts: tcpPorts([...fieldsOf(config.get('ExposedPorts')).keys()]),
    architecture: typeof architecture === 'string' ? architecture : 'unknown',
  };
}

function tcpPorts(exposed: readonly string[]): number[] {
  return exposed
    .map((text) => /^(\d{1,5})(?:\/tcp)?$/.exec(text)?.[1])
    .filter((port) => port !== undefined)
    .map(Number)
    .sort((one, other) => one - other);
}

/** Something of an image's repository that is JSON. Throws where the registry does not give it. */
export async function readFromRegistry(image: ImageLocation, path: string, accept: string): Promise<unknown> {
  const authorization = `Basic ${Buffer.from(`api:${image.apiKey}`).toString('base64')}`;
  const answer = await fetch(new URL(`/v2/${image.repository}/${path}`, image.registryEndpoint), {
    headers: { authorization, accept },
    signal: AbortSignal.timeout(TIMEOUT_MS),
  }).catch((cause: unknown) => {
    throw new Error(`The image registry at ${image.registryEndpoint} does not answer.`, { cause });
  });
  if (!answer.ok) {
    throw new Error(`The registry answered ${answer.status} when asked about the image ${image.repository}.`);
  }
  return await answer.json();
}
