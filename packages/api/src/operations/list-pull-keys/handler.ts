import Type from 'typebox';
import { NO_BODY, NO_QUERY } from '../../input.ts';
import { operatorOperation } from '../../operation.ts';
import { PullKey } from '../../registry-schemas.ts';
import { pullKeyBody } from '../../representations/pull-key.ts';

export const listPullKeys = operatorOperation({
  id: 'listPullKeys',
  method: 'GET',
  path: '/v1/operator/pull-keys',
  tag: 'operator',
  summary: "List the keys of the passwords with which nodes fetch pods' images",
  description:
    'Those that are accepted, the newest last; the keys themselves are shown to nobody. One that is not the newest is accepted until every pod has been given a newer one, and after that until `refusedAfter`, so that whoever began to fetch an image can end.',
  access: { action: 'platform:operate' },
  query: NO_QUERY,
  body: NO_BODY,
  responses: { 200: { description: 'The keys, the newest last', schema: Type.Array(PullKey) } },
  handle: async ({ deps }) => {
    const keys = await deps.store.pullKeys.uses();
    return { status: 200, body: keys.map(pullKeyBody) };
  },
});
