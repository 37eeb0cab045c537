import type { PlacedHttpAccess } from '@brainpod/store/packed-events';
import type { EventBody } from '../event-schemas.ts';

/** A request as an event. What its record does not say is absent. */
export function httpAccessBody(event: PlacedHttpAccess): EventBody {
  const { atMs, method, path, host, status, durationMs, bytesSent, bytesReceived } = event;
  const { protocol, responseFlags, upstreamHost, clientIp, userAgent, requestId } = event;
  return {
    id: String(event.position),
    body: bodyText(event),
    timestamp: new Date(atMs).toISOString(),
    kind: 'httpAccess',
    ...{ method, path, host, status, durationMs, bytesSent, bytesReceived },
    ...(protocol === null ? {} : { protocol }),
    ...(responseFlags === null ? {} : { responseFlags }),
    ...(upstreamHost === null ? {} : { upstreamHost }),
    ...(clientIp === null ? {} : { clientIp }),
    ...(userAgent === null ? {} : { userAgent }),
    ...(requestId === null ? {} : { requestId }),
  };
}

/** Whether any text of an event holds another, in any case of letters. */
export function matcher(search: string | undefined): (event: PlacedHttpAccess) => boolean {
  if (search === undefined || search === '') return () => true;
  const wanted = search.toLowerCase();
  return (event) =>
    [
      bodyText(event),
      event.protocol,
      event.responseFlags,
      event.upstreamHost,
      event.clientIp,
      event.userAgent,
      event.requestId,
    ].some((text) => text?.toLowerCase().includes(wanted));
}

function bodyText({ method, host, path, status }: PlacedHttpAccess): string {
  return `${method} ${host}${path} ${status === 0 ? 'without an answer' : status}`;
}
