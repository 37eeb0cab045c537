import type { AuditEntry } from '@brainpod/store/audit';
import type { AuditEntryBody } from '../account-schemas.ts';
import { links } from '../links.ts';

export function auditEntryBody(entry: AuditEntry): AuditEntryBody {
  const { id, operation, podName, target, revisionId, address, requestId } = entry;
  return {
    id,
    at: entry.at.toISOString(),
    operation,
    actor: { email: entry.email, keyId: entry.keyId, keyName: entry.keyName },
    pod: podName,
    target,
    revision: revisionId,
    address,
    requestId,
    _links: {
      pod: podName === null ? null : links.pod(podName),
      revision: podName === null || revisionId === null ? null : links.revision(podName, revisionId),
    },
  };
}
