import type { IncomingHttpHeaders } from 'node:http';
import { OciError } from './oci-error.ts';
import type { RegistryCall } from './registry-call.ts';

export type UpstreamAnswer = { status: number; headers: Record<string, string>; body: Buffer };

const TIMEOUT_MS = 30_000;

/** What of a request reaches the registry. The caller's credentials and any forwarding claims stay here. */
const READ_HEADERS = ['accept', 'accept-encoding', 'if-match', 'if-none-match', 'range', 'user-agent'];
const REQUEST_HEADERS = [...READ_HEADERS, 'content-length', 'content-range', 'content-type'];

const RESPONSE_HEADERS_DROPPED = new Set([
  'connection',
  'keep-alive',
  'transfer-encoding',
  'location',
  'www-authenticate',
]);

/**
 * One short call to the registry behind, answered whole; for what is larger than a manifest there is the stream of the
 * front. Throws OciError UNAVAILABLE where it does not answer.
 */
export async function askUpstream(
  origin: URL,
  target: string,
  options: { method?: string; headers?: Record<string, string>; body?: Buffer } = {},
): Promise<UpstreamAnswer> {
  try {
    const answer = await fetch(new URL(target, origin), {
      ...options,
      body: options.body === undefined ? null : new Uint8Array(options.body),
      redirect: 'manual',
      signal: AbortSignal.timeout(TIMEOUT_MS),
    });
    const body = Buffer.from(await answer.arrayBuffer());
    return { status: answer.status, headers: Object.fromEntries(answer.headers), body };
  } catch (cause) {
    throw unavailable(cause);
  }
}

export function unavailable(cause: unknown): OciError {
  const error = new OciError(
    'UNAVAILABLE',
    'The registry is not reachable at the moment. Try again shortly.',
  );
  error.cause = cause;
  return error;
}

/** What of a request without a body reaches the registry. */
export function readHeaders(incoming: IncomingHttpHeaders): Record<string, string> {
  return headersOf(incoming, READ_HEADERS);
}

/** What of a request with a body reaches the registry. */
export function requestHeaders(incoming: IncomingHttpHeaders, call: RegistryCall): Record<string, string> {
  const headers = headersOf(incoming, REQUEST_HEADERS);
  // The registry reads the parameters of these calls from a form in the body too, where they would escape the
  // check of the mount's source.
  if (call.kind === 'upload-start' || call.kind === 'upload')
    headers['content-type'] = 'application/octet-stream';
  return headers;
}

function headersOf(incoming: IncomingHttpHeaders, names: readonly string[]): Record<string, string> {
  const headers: Record<string, string> = {};
  for (const name of names) {
    const value = incoming[name];
    if (typeof value === 'string') headers[name] = value;
  }
  return headers;
}

/** What of the registry's headers reaches the client. */
export function responseHeaders(
  incoming: IncomingHttpHeaders,
  origin: URL,
): Record<string, string | string[]> {
  const headers: Record<string, string | string[]> = {};
  for (const [name, value] of Object.entries(incoming)) {
    if (value !== undefined && !RESPONSE_HEADERS_DROPPED.has(name)) headers[name] = value;
  }
  if (incoming.location !== undefined) headers.location = ownLocation(incoming.location, origin);
  return headers;
}

/** A path on whatever origin the client used. Where the registry points elsewhere, it is set up wrongly. */
function ownLocation(location: string, origin: URL): string {
  const target = new URL(location, origin);
  if (target.host !== origin.host) {
    throw new OciError('UNAVAILABLE', 'The registry answered with an address outside of it.');
  }
  return `${target.pathname}${target.search}`;
}
