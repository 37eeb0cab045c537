import { AuditList } from '../../account-schemas.ts';
import { AUDIT_HEADERS, AuditQuery, auditReply } from '../../audit-page.ts';
import { NO_BODY } from '../../input.ts';
import { links } from '../../links.ts';
import { accountOperation } from '../../operation.ts';

export const listAudit = accountOperation({
  id: 'listAudit',
  method: 'GET',
  path: '/v1/audit',
  tag: 'audit',
  summary: 'List who changed what in the account, newest first',
  description:
    'Entries are written together with the change they are about, and are never changed or removed.',
  access: { grant: 'every-pod', action: 'audit:read' },
  query: AuditQuery,
  body: NO_BODY,
  responses: { 200: { description: 'A page of entries', schema: AuditList, headers: AUDIT_HEADERS } },
  handle: ({ deps, caller, query }) =>
    auditReply(deps.store.audit, { accountId: caller.accountId }, { query, link: links.audit }),
});
