import { PolicySchema } from '@brainpod/model/policy';
import Type, { type Static } from 'typebox';
import { InstantParameter } from './parameters.ts';
import { Instant, LinkSchema, nullable, Text, Uuid } from './schema-parts.ts';

// What belongs to an account as a whole: its API keys and its audit log.

const keyFields = {
  id: Uuid,
  name: Type.String(),
  policy: PolicySchema,
  email: Type.Union([Type.String(), Type.Null()], { description: 'Of the user whose key it is' }),
  createdAt: Instant,
  expiresAt: nullable(Instant),
  lastUsedAt: nullable(Instant),
  rolledAt: nullable(Instant),
  revokedAt: nullable(Instant),
  _links: Type.Object({ self: LinkSchema, roll: LinkSchema, keys: LinkSchema }),
};

export const ApiKey = Type.Object(keyFields);

export const ApiKeyWithSecret = Type.Object({
  ...keyFields,
  secret: Type.String({ description: 'The key itself. It is told this once, and stored nowhere.' }),
});

export const ApiKeyInput = Type.Object(
  {
    name: Type.String({
      minLength: 1,
      maxLength: 100,
      pattern: '\\S',
      description: 'a name for people, of 1 to 100 characters',
    }),
    policy: PolicySchema,
    expiresAt: Type.Optional(InstantParameter),
  },
  { additionalProperties: false },
);

export const AuditEntry = Type.Object({
  id: Type.String(),
  at: Instant,
  operation: Type.String({ description: 'The id of the operation, such as deployPod' }),
  actor: Type.Object({ email: Text, keyId: nullable(Uuid), keyName: Text }),
  pod: Text,
  target: Type.Union([Type.String(), Type.Null()], {
    description: 'What it was done to: the URN of a resource, or the id of a key, a cluster or a size',
  }),
  revision: nullable(Uuid),
  address: Type.Union([Type.String(), Type.Null()], { description: 'Where the request came from' }),
  requestId: Text,
  _links: Type.Object({ pod: nullable(LinkSchema), revision: nullable(LinkSchema) }),
});

export const AuditList = Type.Object({
  items: Type.Array(AuditEntry),
  _links: Type.Object({ self: LinkSchema, next: nullable(LinkSchema) }),
});

export type ApiKeyBody = Static<typeof ApiKey>;
export type AuditEntryBody = Static<typeof AuditEntry>;
