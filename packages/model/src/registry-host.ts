import { invalid, type Parsed, valid } from './fault.ts';
import { isRegistry, looksLikeRegistry, parseImageReference } from './image-reference.ts';

/** Where images come from whose name names no registry. */
export const DOCKER_HUB = 'docker.io';

/** Other names of Docker Hub: of its API, of what it is pulled from, of its web site. */
const DOCKER_HUB_NAMES: ReadonlySet<string> = new Set([
  DOCKER_HUB,
  'index.docker.io',
  'registry-1.docker.io',
  'registry.hub.docker.com',
  'hub.docker.com',
]);

const MAX_PORT = 65_535;

/**
 * Reads the host of a registry as it stands in images' names, such as `ghcr.io` or `registry.example.com:5000`: in small
 * letters, and Docker Hub under one name.
 */
export function parseRegistryHost(text: string): Parsed<string> {
  const host = text.toLowerCase();
  const [, port] = host.split(':');
  if (!isRegistry(host) || Number(port ?? 1) > MAX_PORT || Number(port ?? 1) < 1) {
    return invalid(
      'Must be the host of a registry as it stands in the names of images, without https:// and without a path, such as ghcr.io, docker.io or registry.example.com:5000.',
    );
  }
  if (!looksLikeRegistry(host)) {
    return invalid(
      `Must hold a dot or a port, or be localhost: in the name of an image, "${host}/" is no registry but a part of Docker Hub. For that, name docker.io.`,
    );
  }
  return valid(DOCKER_HUB_NAMES.has(host) ? DOCKER_HUB : host);
}

/** The registry from which an image of this name is fetched; null where the name is none. */
export function registryOfImage(image: string): string | null {
  const parsed = parseImageReference(image);
  if (!parsed.ok) return null;
  const host = parseRegistryHost(parsed.value.registry ?? DOCKER_HUB);
  return host.ok ? host.value : null;
}
