import { EMPTY_BODY, EMPTY_QUERY } from '../../input.ts';
import { operatorOperation } from '../../operation.ts';
import { PullKey } from '../../registry-schemas.ts';
import { pullKeyBody } from '../../representations/pull-key.ts';

export const rotatePullKey = operatorOperation({
  id: 'rotatePullKey',
  method: 'POST',
  path: '/v1/operator/pull-keys',
  tag: 'operator',
  summary: "Replace the key of the passwords with which nodes fetch pods' images",
  description:
    'It happens by itself every 30 days. Every pod is given a password of the new key within seconds, nothing is restarted, and no fetch that is under way fails; the keys before go on being accepted until then, as `listPullKeys` shows.',
  access: { action: 'platform:operate' },
  query: EMPTY_QUERY,
  body: EMPTY_BODY,
  responses: { 201: { description: 'The new key', schema: PullKey } },
  handle: async ({ deps, actor }) => ({
    status: 201,
    body: pullKeyBody(await deps.store.pullKeys.rotate(actor)),
  }),
});
