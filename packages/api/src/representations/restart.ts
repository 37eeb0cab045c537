import { formatUrn } from '@brainpod/model/urn';
import type { Restart } from '@brainpod/store/restarts';
import { links } from '../links.ts';
import type { ResourceRestartBody } from '../schemas.ts';

/** A restart of a resource of a pod. */
export function restartBody(podName: string, restart: Restart): ResourceRestartBody {
  const { kind, name } = restart;
  return {
    urn: formatUrn(kind, name),
    restartedAt: restart.restartedAt.toISOString(),
    finishedAt: restart.finishedAt?.toISOString() ?? null,
    error: restart.error,
    _links: {
      self: links.restart(podName, kind, name),
      resource: links.resource(podName, kind, name),
      pod: links.pod(podName),
    },
  };
}
