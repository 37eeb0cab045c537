import { ApiError } from '@brainpod/model/errors';
import { INSTANCE_NAMES } from '@brainpod/model/instance-size';
import { bodyOf, EMPTY_QUERY } from '../../input.ts';
import { operatorOperation } from '../../operation.ts';
import { InstanceSize, InstanceSizeInput } from '../../operator-schemas.ts';

export const setInstanceSize = operatorOperation({
  id: 'setInstanceSize',
  method: 'PUT',
  path: '/v1/operator/instance-sizes/{size}',
  tag: 'operator',
  summary: 'Set what one instance of a size may use',
  description:
    'Apps of that size are given the new one when their pod is looked at next, at the next deploy or within minutes: they are rolled without interruption. What goes beyond a limit by that keeps running.',
  access: { action: 'platform:operate' },
  query: EMPTY_QUERY,
  body: bodyOf(InstanceSizeInput, { required: true }),
  responses: { 200: { description: 'The size as it is now', schema: InstanceSize } },
  handle: async ({ deps, params, body, actor }) => {
    const name = INSTANCE_NAMES.find((candidate) => candidate === params.size);
    if (name === undefined) {
      throw new ApiError('NOT_FOUND', `There is no such size. There are: ${INSTANCE_NAMES.join(', ')}.`);
    }
    await deps.store.instanceSizes.set(name, body, actor);
    return { status: 200, body: { name, ...body } };
  },
});
