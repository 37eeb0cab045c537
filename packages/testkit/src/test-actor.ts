import type { Actor } from '@brainpod/store/audit';

/** Who does what tests set up. */
export const TEST_ACTOR: Actor = {
  accountId: null,
  userId: null,
  email: 'ada@example.com',
  keyId: null,
  keyName: null,
  operation: 'test',
  requestId: null,
  address: null,
};
