import { once } from 'node:events';
import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, expect, test } from 'vitest';
import { type AddressQuestions, edgeAnswers } from './ask-edge.ts';

const ALWAYS = new AbortController().signal;
const CHALLENGE = { path: '/.well-known/acme-challenge/a-token', answer: 'a-token.thumbprint' };

let server: Server | null = null;

afterEach(() => {
  server?.closeAllConnections();
  server?.close();
});

function dnsOf(v4: string[], v6: string[] = []): AddressQuestions {
  const answer = (found: string[]) =>
    found.length > 0 ? Promise.resolve(found) : Promise.reject(new Error('ENODATA'));
  return { resolve4: () => answer(v4), resolve6: () => answer(v6) };
}

async function asked(listener: RequestListener, dns = dnsOf(['127.0.0.1'])): Promise<boolean> {
  server = createServer(listener);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  // A server that listens on a port has an address with one.
  const { port } = server.address() as AddressInfo;
  return edgeAnswers(dns, { domain: 'www.example.com', port, challenge: CHALLENGE }, ALWAYS);
}

test('the edge is asked as an authority asks it, by name and path', async () => {
  const isRight = await asked(({ url, headers }, response) => {
    response.end(
      url === CHALLENGE.path && headers.host === 'www.example.com' ? `${CHALLENGE.answer}\n` : 'no',
    );
  });
  expect(isRight).toBe(true);
});

test('an address that does not answer is followed by the one of the other kind', async () => {
  const dns = dnsOf(['127.0.0.1'], ['::1']);
  expect(await asked((_request, response) => void response.end(CHALLENGE.answer), dns)).toBe(true);
});

test.each<[what: string, listener: RequestListener]>([
  ['another answer', (_request, response) => void response.end('something else')],
  [
    'the right answer with a wrong status',
    (_request, response) => void response.writeHead(404).end(CHALLENGE.answer),
  ],
  [
    'a redirect, which leads who knows where',
    (_request, response) => void response.writeHead(302, { location: 'http://127.0.0.1/' }).end(),
  ],
  ['no answer', ({ socket }) => void socket.destroy()],
  [
    'an answer that breaks off',
    (_request, response) =>
      void response.writeHead(200, { 'content-length': '99' }).write('a', () => response.destroy()),
  ],
  [
    'an answer without an end',
    (_request, response) => void setInterval(() => response.write('x'.repeat(2000)), 5).unref(),
  ],
])('%s is none', async (_what, listener) => {
  expect(await asked(listener)).toBe(false);
});

test('a name that leads nowhere is answered by nobody', async () => {
  const listener: RequestListener = (_request, response) => void response.end(CHALLENGE.answer);
  expect(await asked(listener, dnsOf([]))).toBe(false);
  expect(await asked(listener, dnsOf(['127.0.0.2'], []))).toBe(false);
});
