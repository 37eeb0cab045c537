import { randomBytes, timingSafeEqual } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { CliFailure } from '../failure.ts';

/** How long a person has to approve. */
export const LOGIN_SECONDS = 600;

const TOKEN = /^brain_\S+$/;

export type BrowserLogin = {
  /** Where the person approves. */
  url: string;
  /** The API key that was approved. Throws CliFailure where it was refused, and when the time is over. */
  token: () => Promise<string>;
  close: () => Promise<void>;
};

type Settled = { token: string } | { failure: CliFailure };

/**
 * Waits on this machine for the answer of the page on which a person approves a new API key. Listens on loopback only.
 * Calls without the state that only that page was told are answered and otherwise ignored.
 */
export async function startBrowserLogin(dashboard: string, signal: AbortSignal): Promise<BrowserLogin> {
  const state = randomBytes(32).toString('hex');
  const settled = Promise.withResolvers<Settled>();
  const server = createServer((request, response) =>
    answer(request, response, { state, settle: settled.resolve }),
  );
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const url = new URL('/cli/authorize', dashboard);
  url.search = new URLSearchParams({
    redirect_uri: `http://127.0.0.1:${portOf(server)}/callback`,
    state,
  }).toString();
  const timer = setTimeout(() => settled.resolve({ failure: timedOut() }), LOGIN_SECONDS * 1000);
  const stop = () => settled.resolve({ failure: new CliFailure('Stopped. You are not signed in.') });
  signal.addEventListener('abort', stop, { once: true });
  return {
    url: url.href,
    token: async () => {
      const outcome = await settled.promise;
      if ('failure' in outcome) throw outcome.failure;
      return outcome.token;
    },
    close: async () => {
      clearTimeout(timer);
      signal.removeEventListener('abort', stop);
      server.close();
      server.closeAllConnections();
    },
  };
}

type Page = { status: number; text: string; outcome?: Settled };

function answer(
  request: IncomingMessage,
  response: ServerResponse,
  login: { state: string; settle: (outcome: Settled) => void },
): void {
  const { status, text, outcome } = pageFor(request, login.state);
  response.writeHead(status, {
    'content-type': 'text/html; charset=utf-8',
    'content-security-policy': "default-src 'none'; style-src 'unsafe-inline'",
    'cache-control': 'no-store',
    'referrer-policy': 'no-referrer',
    connection: 'close',
  });
  // The person sees the page before this program goes on and ends.
  response.end(pageHtml(text), () => {
    if (outcome !== undefined) login.settle(outcome);
  });
}

function pageFor(request: IncomingMessage, state: string): Page {
  const url = new URL(request.url ?? '/', 'http://127.0.0.1');
  if (request.method !== 'GET' || url.pathname !== '/callback')
    return { status: 404, text: 'There is nothing here.' };
  if (!isSame(url.searchParams.get('state') ?? '', state))
    return { status: 400, text: 'This answer belongs to another sign-in. Start again with: brainpod login' };
  const token = url.searchParams.get('token');
  const error = url.searchParams.get('error');
  if (token !== null && error === null && TOKEN.test(token)) {
    const text = 'You are signed in. You can close this page and go back to the terminal.';
    return { status: 200, text, outcome: { token } };
  }
  if (token === null && error !== null) {
    const text = 'You are not signed in. You can close this page.';
    return { status: 200, text, outcome: { failure: refused(error) } };
  }
  return { status: 400, text: 'This answer cannot be understood. Start again with: brainpod login' };
}

function pageHtml(text: string): string {
  return (
    '<!doctype html><html lang="en"><meta charset="utf-8"><title>Brainpod</title>' +
    '<style>body{font:1.1rem/1.5 system-ui,sans-serif;max-width:32rem;margin:20vh auto;padding:0 1rem;color-scheme:light dark}</style>' +
    `<h1>Brainpod</h1><p>${text}</p></html>`
  );
}

function isSame(given: string, state: string): boolean {
  const [one, other] = [Buffer.from(given), Buffer.from(state)];
  return one.length === other.length && timingSafeEqual(one, other);
}

function refused(error: string): CliFailure {
  const what = error === 'access_denied' ? 'You refused.' : `The page answered "${error}".`;
  return new CliFailure(`${what} You are not signed in.`, { advice: 'Try again with: brainpod login' });
}

function timedOut(): CliFailure {
  return new CliFailure(`Nobody approved within ${LOGIN_SECONDS / 60} minutes. You are not signed in.`, {
    advice: 'Try again with: brainpod login',
  });
}

function portOf(server: Server): number {
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('The callback has no port.');
  return address.port;
}
