import { permissionsOf } from '@brainpod/model/policy';
import { NO_BODY, NO_QUERY } from '../../input.ts';
import { links } from '../../links.ts';
import { accountOperation } from '../../operation.ts';
import { User, type UserBody } from '../../schemas.ts';

export const getCurrentUser = accountOperation({
  id: 'getCurrentUser',
  method: 'GET',
  path: '/v1/me',
  tag: 'users',
  summary: 'Show who the API key belongs to and what it may do',
  access: { grant: 'any-key' },
  query: NO_QUERY,
  body: NO_BODY,
  responses: { 200: { description: 'The user and the permissions of the key', schema: User } },
  handle: ({ caller }) => {
    const body: UserBody = {
      email: caller.email,
      policy: caller.policy,
      permissions: permissionsOf(caller.policy),
      _links: {
        self: links.me(),
        pods: links.pods(),
        blueprints: links.blueprints(),
        clusters: links.clusters(),
      },
    };
    return Promise.resolve({ status: 200, body });
  },
});
