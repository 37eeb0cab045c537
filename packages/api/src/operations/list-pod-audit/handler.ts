import { AuditList } from '../../account-schemas.ts';
import { AUDIT_HEADERS, AuditQuery, auditReply } from '../../audit-page.ts';
import { NO_BODY } from '../../input.ts';
import { links } from '../../links.ts';
import { podOperation } from '../../operation.ts';

export const listPodAudit = podOperation({
  id: 'listPodAudit',
  method: 'GET',
  path: '/v1/pods/{pod}/audit',
  tag: 'audit',
  summary: 'List who changed what in a pod, newest first',
  description: 'What the platform or its operator did to the pod stands here too.',
  access: { actions: ['audit:read'] },
  query: AuditQuery,
  body: NO_BODY,
  responses: { 200: { description: 'A page of entries', schema: AuditList, headers: AUDIT_HEADERS } },
  handle: ({ deps, pod, query }) =>
    auditReply(
      deps.store.audit,
      { podId: pod.id },
      { query, link: (page) => links.podAudit(pod.name, page) },
    ),
});
