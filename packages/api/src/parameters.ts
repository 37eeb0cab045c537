import Type from 'typebox';

// Parameters that several operations take. The description reads as what a value must be, for error messages.

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;
const INSTANT = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d{1,9})?(Z|[+-]\d{2}:\d{2})$/;

export function isUuid(text: string): boolean {
  return UUID.test(text);
}

function isInstant(text: string): boolean {
  return INSTANT.test(text) && !Number.isNaN(Date.parse(text));
}

export const RevisionIdParameter = Type.Refine(
  Type.String({ format: 'uuid', description: 'the id of a revision, a UUID' }),
  isUuid,
  () => 'Must be the id of a revision, a UUID.',
);

export const BuildIdParameter = Type.Refine(
  Type.String({ format: 'uuid', description: 'the id of a build, a UUID' }),
  isUuid,
  () => 'Must be the id of a build, a UUID.',
);

export const ClusterIdParameter = Type.Refine(
  Type.String({ format: 'uuid', description: 'the id of a cluster, a UUID' }),
  isUuid,
  () => 'Must be the id of a cluster, a UUID; GET /v1/clusters lists them.',
);

export const InstantParameter = Type.Refine(
  Type.String({ format: 'date-time', description: 'an instant as ISO 8601, such as 2026-08-01T12:00:00Z' }),
  isInstant,
  () => 'Must be an instant as ISO 8601, such as 2026-08-01T12:00:00Z.',
);

/** Where a page of the audit log starts: the id of the entry before. */
export const AuditCursorParameter = Type.String({
  pattern: '^[0-9]{1,18}$',
  description: 'the id of an entry of the audit log, as an answer before gave it',
});

/** How many seconds an answer may wait for a deploy to finish. */
export const WatchParameter = Type.Integer({
  minimum: 1,
  maximum: 20,
  description: 'a whole number of seconds from 1 to 20 to wait for the deploy to finish',
});

/** Which state of the pod to read. */
export const StateQuery = Type.Object({
  revision: Type.Optional(RevisionIdParameter),
  at: Type.Optional(InstantParameter),
});
