import type { Build } from '@brainpod/store/builds';
import type { Store } from '@brainpod/store/store';
import type { BuildBody } from '../build-schemas.ts';
import { links } from '../links.ts';

/** A build as people see it, with how many come before it. */
export async function buildBody(podName: string, build: Build, store: Store): Promise<BuildBody> {
  const { wanted } = build;
  return {
    id: build.id,
    state: build.state,
    origin: build.origin,
    image:
      wanted === null
        ? null
        : {
            repository: wanted.repository,
            tag: wanted.tag,
            reference: build.artifacts[0]?.uri ?? null,
            digest: build.digest,
          },
    source: wanted?.source ?? null,
    platform: wanted?.platform ?? null,
    tags: build.tags,
    artifacts: build.artifacts,
    error: build.reason,
    ahead: build.state === 'waiting' ? await store.builds.ahead(build) : null,
    createdAt: build.createdAt.toISOString(),
    startedAt: build.startedAt?.toISOString() ?? null,
    finishedAt: build.finishedAt?.toISOString() ?? null,
    _links: {
      self: links.build(podName, build.id),
      pod: links.pod(podName),
      log: links.buildLog(podName, build.id),
      cancel: links.cancelBuild(podName, build.id),
    },
  };
}
