import Type, { type Static } from 'typebox';
import { Instant, LinkSchema, nullable } from './schema-parts.ts';

// The shapes of credentials of other registries, and of the keys that nodes fetch images of ours with.

export const RegistryCredentials = Type.Object({
  registry: Type.String({ description: 'Its host as it stands in the names of images' }),
  username: Type.String(),
  setAt: Instant,
  _links: Type.Object({ pod: LinkSchema, credentials: LinkSchema, self: LinkSchema }),
});

export type RegistryCredentialsBody = Static<typeof RegistryCredentials>;

export const RegistryCredentialsInput = Type.Object(
  {
    username: Type.String({
      minLength: 1,
      maxLength: 255,
      // What separates it from the password where both are sent.
      pattern: '^[^:\\u0000-\\u001f\\u007f]+$',
      description: 'a user name of 1 to 255 characters, without ":" and control characters',
    }),
    password: Type.String({
      minLength: 1,
      maxLength: 10_000,
      description: 'the password, or a token in its place. It is encrypted, and shown to nobody again',
    }),
  },
  { additionalProperties: false },
);

export const PullKey = Type.Object({
  id: Type.Integer({ description: 'Later ones are larger, and the largest is what pods are given' }),
  madeAt: Instant,
  pods: Type.Integer({ description: 'How many pods have been given none that is newer' }),
  refusedAfter: nullable(Instant),
});

export type PullKeyBody = Static<typeof PullKey>;
