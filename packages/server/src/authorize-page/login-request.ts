/** A command line that asks for a key: where it waits for it, and the word by which it knows its own request. */
export type LoginRequest = { redirectUri: URL; state: string };

export type LoginRequestResult = { ok: true; request: LoginRequest } | { ok: false; faults: string[] };

const STATE = /^[0-9a-f]{64}$/;
// Of these a Content-Security-Policy can speak; it has no words for an IPv6 address.
const LOOPBACK_HOSTS = new Set(['127.0.0.1', 'localhost']);

/** Reads what a command line sent the browser with; all faults at once, as sentences. */
export function readLoginRequest(parameters: URLSearchParams): LoginRequestResult {
  const redirectUri = readRedirectUri(parameters.getAll('redirect_uri'));
  const [state, ...otherStates] = parameters.getAll('state');
  const faults = typeof redirectUri === 'string' ? [redirectUri] : [];
  if (state === undefined || otherStates.length > 0 || !STATE.test(state)) {
    faults.push('The address must hold "state" once: 64 characters of 0 to 9 and a to f.');
  }
  return typeof redirectUri === 'string' || state === undefined || faults.length > 0
    ? { ok: false, faults }
    : { ok: true, request: { redirectUri, state } };
}

/** The answer to the command line, as the address that the browser is sent to. */
export function answerAddress(
  { redirectUri, state }: LoginRequest,
  answer: { token: string } | { error: 'access_denied' },
): string {
  const address = new URL(redirectUri);
  address.search = new URLSearchParams({ ...answer, state }).toString();
  return address.href;
}

function readRedirectUri(values: readonly string[]): URL | string {
  const [value, ...others] = values;
  const url = value !== undefined && others.length === 0 && URL.canParse(value) ? new URL(value) : null;
  const isLoopback =
    url !== null &&
    url.protocol === 'http:' &&
    LOOPBACK_HOSTS.has(url.hostname) &&
    url.port !== '' &&
    `${url.username}${url.password}${url.search}${url.hash}` === '';
  if (isLoopback) return url;
  return 'The address must hold "redirect_uri" once: http://127.0.0.1 or http://localhost with a port, and no query. A key is only ever handed to a program on your own machine.';
}
