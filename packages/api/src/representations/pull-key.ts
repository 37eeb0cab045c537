import type { PullKeyUse } from '@brainpod/store/pull-keys';
import type { PullKeyBody } from '../registry-schemas.ts';

/** What is known of a key. Of the key itself nothing is shown to anybody. */
export function pullKeyBody({ id, madeAt, pods, refusedAfter }: PullKeyUse): PullKeyBody {
  return {
    id,
    madeAt: madeAt.toISOString(),
    pods,
    refusedAfter: refusedAfter?.toISOString() ?? null,
  };
}
