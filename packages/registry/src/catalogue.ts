import { listIn, parseJson } from './json-parts.ts';
import { isOwnTag } from './registry-call.ts';
import { StorageLayout } from './storage-layout.ts';
import { repositoriesIn, seen } from './sweep/survey.ts';

const PAGE_SIZE = 1000;

/** The types of manifests that lead to images. */
export const MANIFEST_TYPES = [
  'application/vnd.oci.image.index.v1+json',
  'application/vnd.oci.image.manifest.v1+json',
  'application/vnd.docker.distribution.manifest.list.v2+json',
  'application/vnd.docker.distribution.manifest.v2+json',
];

/** `storage` is the folder of the registry's storage, which need not be on this machine. */
export type RegistryPlace = { upstream: string; storage: string };

/**
 * All repositories of a namespace, such as a pod's; also those of which nothing is left. Rejects when the registry does not
 * answer as it should.
 */
export async function repositoriesOf(
  { upstream, storage }: RegistryPlace,
  namespace: string,
  signal: AbortSignal,
): Promise<string[]> {
  // The registry goes through the repositories of everybody for its list.
  const layout = new StorageLayout(storage);
  if ((await seen(layout.root)) !== null) {
    return (await repositoriesIn(layout, namespace)).filter((name) => name !== namespace);
  }
  const found: string[] = [];
  // Which order the registry lists them in is its own matter, so all are read.
  for (let last = ''; ; ) {
    const query = new URLSearchParams({ n: String(PAGE_SIZE), ...(last === '' ? {} : { last }) });
    const page = namesIn(await json(`${upstream}/v2/_catalog?${query}`, signal), 'repositories');
    found.push(...page.filter((name) => name.startsWith(`${namespace}/`)));
    const next = page.at(-1);
    if (next === undefined || next === last) return found;
    last = next;
  }
}

/** All tags of a repository, the registry's own among them. */
export async function tagsOf(upstream: string, repository: string, signal: AbortSignal): Promise<string[]> {
  // A repository whose tags are all gone is not known any longer.
  return namesIn(await json(`${upstream}/v2/${repository}/tags/list`, signal), 'tags');
}

/** The tags that people gave. */
export async function userTagsOf(
  upstream: string,
  repository: string,
  signal: AbortSignal,
): Promise<string[]> {
  return (await tagsOf(upstream, repository, signal)).filter((tag) => !isOwnTag(tag));
}

export function unexpected(call: string, response: Response): Error {
  return new Error(`the registry answers ${response.status} to ${call}`);
}

async function json(url: string, signal: AbortSignal): Promise<unknown> {
  const response = await fetch(url, { signal });
  const body = await response.text();
  if (response.status === 404) return {};
  if (!response.ok) throw unexpected(url, response);
  return parseJson(body);
}

function namesIn(body: unknown, member: string): string[] {
  return listIn(body, member).filter((name) => typeof name === 'string');
}
