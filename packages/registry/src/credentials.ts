import type { IncomingMessage, ServerResponse } from 'node:http';

export type Credentials = { user: string; password: string };

/** Where clients that were asked for a token fetch it: `GET /v2/token`. No repository can have this name. */
const TOKEN_PATH = '/v2/token';

const PING = /^\/v2\/?(?:\?|$)/;
const HOST = /^[A-Za-z0-9.:[\]-]+$/;
// A key is looked up at each call, whatever its token says; this only spares clients the way.
const TOKEN_SECONDS = 3600;

/** Of Basic, or of a token, which is the same text under another name; null where there are none. */
export function readCredentials(header: string | undefined): Credentials | null {
  const match = /^(?:basic|bearer) +([A-Za-z0-9+/=_-]+) *$/i.exec(header ?? '');
  if (match?.[1] === undefined) return null;
  const text = Buffer.from(match[1], 'base64').toString('utf8');
  const colon = text.indexOf(':');
  if (colon < 0 || colon === text.length - 1) return null;
  return { user: text.slice(0, colon), password: text.slice(colon + 1) };
}

/**
 * How to authenticate. Who begins by asking whether this is a registry, as docker does, is sent for a token: of a refusal there it shows
 * the words, of a refused password only the status. Who asks for an image at once, as nodes do, is asked for a password.
 */
export function challengeOf(req: IncomingMessage, registryHost: string): string {
  const host = req.headers.host ?? '';
  if (!PING.test(req.url ?? '') || !HOST.test(host)) return `Basic realm="${registryHost}", charset="UTF-8"`;
  const scheme = req.headers['x-forwarded-proto'] === 'https' ? 'https' : 'http';
  return `Bearer realm="${scheme}://${host}${TOKEN_PATH}",service="${registryHost}"`;
}

/** What else clients say there, of what they are about to do, decides nothing: each call is authorized by itself. */
export function isTokenCall({ method, url = '' }: IncomingMessage): boolean {
  // A client that may post its password in a form tries this way next where it is refused.
  return method === 'GET' && url.split('?')[0] === TOKEN_PATH;
}

/** Answers with a token for credentials that were looked at. It says no more than they do, and ends when they do. */
export function sendToken(res: ServerResponse, { user, password }: Credentials): void {
  const token = Buffer.from(`${user}:${password}`).toString('base64');
  const body = JSON.stringify({ token, access_token: token, expires_in: TOKEN_SECONDS });
  res.writeHead(200, {
    'content-type': 'application/json',
    'content-length': Buffer.byteLength(body),
    'cache-control': 'no-store',
  });
  res.end(body);
}
