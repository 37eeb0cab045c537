import { MANIFEST_TYPES, type RegistryPlace, repositoriesOf, tagsOf, unexpected } from './catalogue.ts';
import { listIn, memberOf } from './json-parts.ts';
import { StorageLayout } from './storage-layout.ts';
import { manifestDigests, repositoriesIn } from './sweep/survey.ts';

/**
 * Deletes all images of a pod: every manifest that a tag leads to, with those that an index names, and where the registry's
 * storage is on this machine also those that nothing names. Layers are left to the registry's sweep. Safe to repeat and to break
 * off; `upstream` is the origin of the registry behind the front. Rejects when the registry does not answer as it should.
 */
export async function eraseImages(place: RegistryPlace, pod: string, signal: AbortSignal): Promise<void> {
  const { upstream, storage } = place;
  for (const repository of await repositoriesOf(place, pod, signal)) {
    for (const tag of await tagsOf(upstream, repository, signal)) {
      await eraseManifest(`${upstream}/v2/${repository}`, tag, signal);
    }
  }
  const layout = new StorageLayout(storage);
  for (const repository of await repositoriesIn(layout, pod)) {
    for (const digest of await manifestDigests(layout, repository)) {
      await eraseManifest(`${upstream}/v2/${repository}`, digest, signal);
    }
  }
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
