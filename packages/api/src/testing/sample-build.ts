import type { SourceEntry } from '@brainpod/model/source';
import type { Build } from '@brainpod/store/builds';
import { TEST_ACTOR } from '@brainpod/testkit/test-actor';
import { digestOf } from './stand-in-sources.ts';
import type { TestApi } from './test-api.ts';

export const SAMPLE_FILE: SourceEntry = { path: 'index.js', digest: digestOf('code'), sizeBytes: 4 };
// The id of a sample pod's build, where a test needs one before there is any.
export const NO_BUILD = '00000000-0000-4000-8000-000000000000';

/** A build of the pod that waits. */
export function newBuild(
  pod: { id: string },
  api: TestApi,
  tags: Record<string, string> = {},
): Promise<Build> {
  const options = { builder: 'auto' as const, dockerfile: 'Dockerfile', directory: '', overrides: {} };
  return api.store.builds.create(
    pod.id,
    { repository: 'web', tag: 'latest', source: digestOf('list'), platform: null, options, tags },
    TEST_ACTOR,
  );
}

const NEWEST = new Map<string, string>();

/** Makes a build and keeps its id for `newestBuild`. */
export async function withBuild(pod: { id: string }, api: TestApi): Promise<void> {
  NEWEST.set(pod.id, (await newBuild(pod, api)).id);
}

export function newestBuild(pod: { id: string }): string {
  return NEWEST.get(pod.id) ?? NO_BUILD;
}
