import type { BrainpodClient, RevisionList } from '@brainpod/api-client/client';
import { CliFailure } from '../failure.ts';

type Revision = RevisionList['items'][number];

const PAGE = 50;

/**
 * The id of a revision that a person names: by id, by version, or as `-2`, the deployment two before the one that is
 * live. An id is taken as it is. Throws CliFailure where the pod has no such version.
 */
export async function findRevisionId(client: BrainpodClient, pod: string, named: string): Promise<string> {
  if (/^\d+$/.test(named)) return (await findVersion(client, pod, Number(named))).id;
  if (/^-\d+$/.test(named)) return (await findBack(client, pod, Number(named.slice(1)))).id;
  return named;
}

async function findVersion(client: BrainpodClient, pod: string, version: number): Promise<Revision> {
  for await (const revision of revisionsOf(client, pod)) {
    if (revision.version === version) return revision;
    if (revision.version < version) break;
  }
  throw new CliFailure(`Pod ${pod} has no revision of version ${version}.`, {
    advice: 'The revisions of this pod: brainpod revision list',
  });
}

async function findBack(client: BrainpodClient, pod: string, steps: number): Promise<Revision> {
  if (steps === 0) throw new CliFailure('-1 is the deployment before the one that is live.', { exitCode: 2 });
  const { deployed } = await client.getPod(pod);
  let found = 0;
  for await (const revision of revisionsOf(client, pod)) {
    const isEarlier = deployed !== null && revision.version < deployed.version;
    if (isEarlier && revision.state === 'deployed') found += 1;
    if (found === steps) return revision;
  }
  const count = found === 1 ? 'one deployment' : `${found} deployments`;
  throw new CliFailure(`Pod ${pod} had ${count} before the one that is live: there is no -${steps}.`, {
    advice: 'The revisions of this pod: brainpod revision list',
  });
}

/** Newest first. */
async function* revisionsOf(client: BrainpodClient, pod: string): AsyncGenerator<Revision> {
  let cursor: string | null = null;
  do {
    const list = await client.listRevisions(pod, { limit: PAGE, ...(cursor === null ? {} : { cursor }) });
    yield* list.items;
    cursor = cursorIn(list._links.next);
  } while (cursor !== null);
}

/** The cursor of the page that a link leads to. */
export function cursorIn(next: { href: string } | null | undefined): string | null {
  if (next === null || next === undefined) return null;
  return new URL(next.href, 'http://localhost').searchParams.get('cursor');
}
