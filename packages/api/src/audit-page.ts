import type { AuditLog } from '@brainpod/store/audit';
import Type, { type Static } from 'typebox';
import type { AuditScope, Link } from './links.ts';
import type { BodyReply } from './operation-facts.ts';
import { AuditCursorParameter, InstantParameter } from './parameters.ts';
import { auditEntryBody } from './representations/audit.ts';

const DEFAULT_LIMIT = 20;

export const AuditQuery = Type.Object({
  cursor: Type.Optional(AuditCursorParameter),
  limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 100, default: DEFAULT_LIMIT })),
  operation: Type.Optional(
    Type.String({ maxLength: 64, description: 'the id of an operation, such as deployPod' }),
  ),
  from: Type.Optional(InstantParameter),
  to: Type.Optional(InstantParameter),
});

/** What both operations on the audit log answer beside the body. */
export const AUDIT_HEADERS = {
  'x-next-cursor': 'The cursor of the next page; absent on the last one',
  link: 'The address of the next page (RFC 8288); absent on the last one',
};

/** A page of the audit log. */
export async function auditReply(
  audit: AuditLog,
  scope: { accountId: string } | { podId: string },
  asked: { query: Static<typeof AuditQuery>; link: (page: AuditScope) => Link },
): Promise<BodyReply> {
  const { query, link } = asked;
  const { limit = DEFAULT_LIMIT, from, to, ...rest } = query;
  const page = await audit.list(scope, {
    ...rest,
    limit,
    ...(from === undefined ? {} : { from: new Date(from) }),
    ...(to === undefined ? {} : { to: new Date(to) }),
  });
  const { nextCursor } = page;
  const next = nextCursor === null ? null : link({ ...query, limit, cursor: nextCursor });
  return {
    status: 200,
    body: { items: page.items.map(auditEntryBody), _links: { self: link(query), next } },
    headers:
      next === null || nextCursor === null
        ? {}
        : { 'x-next-cursor': nextCursor, link: `<${next.href}>; rel="next"` },
  };
}
