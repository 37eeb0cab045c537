import { listIn, memberOf } from './json-parts.ts';

const PAGE_SIZE = 1000;
const MANIFEST_TYPES = [
  'application/vnd.oci.image.index.v1+json',
  'application/vnd.oci.image.manifest.v1+json',
  'application/vnd.docker.distribution.manifest.list.v2+json',
  'application/vnd.docker.distribution.manifest.v2+json',
];

/**
 * Deletes all images of a pod: every manifest that a tag leads to, with those that an index names. Layers that nothing
 * refers to any longer are left to the registry's sweep. Safe to repeat and to break off; `upstream` is the origin of the
 * registry behind the front. Rejects when the registry does not answer as it should.
 */
export async function eraseImages(upstream: string, pod: string, signal: AbortSignal): Promise<void> {
  for (const repository of await repositoriesOf(upstream, pod, signal)) {
    for (const tag of await tagsOf(upstream, repository, signal)) {
      await eraseManifest(`${upstream}/v2/${repository}`, tag, signal);
    }
  }
}

async function repositoriesOf(upstream: string, pod: string, signal: AbortSignal): Promise<string[]> {
  const found: string[] = [];
  // Which order the registry lists them in is its own matter, so all are read.
  for (let last = ''; ; ) {
    const query = new URLSearchParams({ n: String(PAGE_SIZE), ...(last === '' ? {} : { last }) });
    const page = namesIn(await json(`${upstream}/v2/_catalog?${query}`, signal), 'repositories');
    found.push(...page.filter((name) => name.startsWith(`${pod}/`)));
    const next = page.at(-1);
    if (next === undefined || next === last) return found;
    last = next;
  }
}

async function tagsOf(upstream: string, repository: string, signal: AbortSignal): Promise<string[]> {
  // A repository whose tags are all gone is not known any longer.
  return namesIn(await json(`${upstream}/v2/${repository}/tags/list`, signal), 'tags');
}

async function eraseManifest(repository: string, reference: string, signal: AbortSignal): Promise<void> {
  const url = `${repository}/manifests/${reference}`;
  const response = await fetch(url, { headers: { accept: MANIFEST_TYPES.join(', ') }, signal });
  const digest = response.headers.get('docker-content-digest');
  const body = await response.text();
  if (response.status === 404) return;
  if (!response.ok || digest === null) throw unexpected(url, response);
  // The parts first: once the index is gone nobody knows of them.
  for (const part of partsOf(JSON.parse(body))) await eraseManifest(repository, part, signal);
  const deleted = await fetch(`${repository}/manifests/${digest}`, { method: 'DELETE', signal });
  await deleted.body?.cancel();
  if (!deleted.ok && deleted.status !== 404)
    throw unexpected(`DELETE ${repository}/manifests/${digest}`, deleted);
}

function partsOf(manifest: unknown): string[] {
  return listIn(manifest, 'manifests').flatMap((part) => {
    const digest = memberOf(part, 'digest');
    return typeof digest === 'string' ? [digest] : [];
  });
}

async function json(url: string, signal: AbortSignal): Promise<unknown> {
  const response = await fetch(url, { signal });
  const body = await response.text();
  if (response.status === 404) return {};
  if (!response.ok) throw unexpected(url, response);
  return JSON.parse(body);
}

function unexpected(call: string, response: Response): Error {
  return new Error(`the registry answers ${response.status} to ${call}`);
}

function namesIn(body: unknown, member: string): string[] {
  return listIn(body, member).filter((name) => typeof name === 'string');
}
