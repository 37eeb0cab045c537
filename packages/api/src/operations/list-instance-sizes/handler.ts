import { INSTANCE_NAMES } from '@brainpod/model/instance-size';
import Type from 'typebox';
import { NO_BODY, NO_QUERY } from '../../input.ts';
import { instanceSizes } from '../../instance-sizes.ts';
import { accountOperation } from '../../operation.ts';
import { InstanceSize } from '../../operator-schemas.ts';

export const listInstanceSizes = accountOperation({
  id: 'listInstanceSizes',
  method: 'GET',
  path: '/v1/instance-sizes',
  tag: 'clusters',
  summary: 'List what one instance of each size may use',
  access: { grant: 'any-key' },
  query: NO_QUERY,
  body: NO_BODY,
  responses: { 200: { description: 'All sizes, the smallest first', schema: Type.Array(InstanceSize) } },
  handle: async ({ deps }) => {
    const sizes = await instanceSizes(deps);
    return { status: 200, body: INSTANCE_NAMES.map((name) => ({ name, ...sizes[name] })) };
  },
});
