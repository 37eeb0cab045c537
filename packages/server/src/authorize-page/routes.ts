import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { faultPage, keyPage, offerPage } from './html.ts';
import { type KeyMaker, keyMakerOf } from './key-maker.ts';
import { answerAddress, type LoginRequest, readLoginRequest } from './login-request.ts';

const PATH = '/cli/authorize';
const BODY_LIMIT_BYTES = 16 * 1024;
/** How long the command line's key lives, unless the key it was made with ends before. */
const KEY_DAYS = 30;

/**
 * The page on which a person approves an API key for the command line: until there is a console, by showing a key that
 * they have. That is only ever in the body of a request. Nothing is remembered between the two steps, so a page of
 * somebody else can approve nothing: it would have to know the key.
 */
export function registerAuthorizePage(server: FastifyInstance): void {
  const keys = keyMakerOf(server);
  server.get('/cli/authorize.css', { logLevel: 'warn' }, async (_request, reply) =>
    reply
      .headers(headersFor(null))
      .type('text/css; charset=utf-8')
      .send(await readFile(join(import.meta.dirname, 'page.css'))),
  );
  server.get(PATH, async (request, reply) => {
    const { searchParams } = new URL(request.url, 'http://localhost');
    const read = readLoginRequest(searchParams);
    if (!read.ok) return sendPage(reply, { status: 400, html: faultPage(read.faults), login: null });
    return sendPage(reply, { status: 200, html: keyPage(read.request), login: read.request });
  });
  server.register(async (scope) => {
    scope.addContentTypeParser(
      'application/x-www-form-urlencoded',
      { parseAs: 'string', bodyLimit: BODY_LIMIT_BYTES },
      (_request, text, done) => done(null, new URLSearchParams(String(text))),
    );
    scope.post(PATH, (request, reply) => answerForm(request, reply, keys));
  });
}

async function answerForm(
  request: FastifyRequest,
  reply: FastifyReply,
  keys: KeyMaker,
): Promise<FastifyReply> {
  const form = request.body instanceof URLSearchParams ? request.body : new URLSearchParams();
  const read = readLoginRequest(form);
  if (!read.ok) return sendPage(reply, { status: 400, html: faultPage(read.faults), login: null });
  const login = read.request;
  const step = form.get('step');
  if (step === 'refuse') return redirect(reply, login, { error: 'access_denied' });
  const caller = { key: (form.get('key') ?? '').trim(), request };
  const name = `brainpod CLI on ${new Date().toISOString().slice(0, 10)}`;
  if (step === 'approve') {
    const made = await keys.make(caller, { name, days: KEY_DAYS });
    if (made.ok) return redirect(reply, login, { token: made.value });
    return sendPage(reply, { status: made.status, html: keyPage(login, made.faults), login });
  }
  const holder = await keys.holderOf(caller);
  if (!holder.ok) {
    return sendPage(reply, { status: holder.status, html: keyPage(login, holder.faults), login });
  }
  const offer = { ...holder.value, key: caller.key, days: KEY_DAYS };
  return sendPage(reply, { status: 200, html: offerPage(login, offer), login });
}

function redirect(
  reply: FastifyReply,
  login: LoginRequest,
  answer: { token: string } | { error: 'access_denied' },
): FastifyReply {
  return reply.headers(headersFor(login)).redirect(answerAddress(login, answer), 302);
}

type Page = { status: number; html: string; login: LoginRequest | null };

function sendPage(reply: FastifyReply, { status, html, login }: Page): FastifyReply {
  return reply.code(status).headers(headersFor(login)).type('text/html; charset=utf-8').send(html);
}

/** The form may lead to the program that asks, and nowhere else. */
function headersFor(login: LoginRequest | null): Record<string, string> {
  const destination = login === null ? '' : ` ${login.redirectUri.origin}`;
  return {
    'cache-control': 'no-store',
    'content-security-policy': `default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'${destination}; base-uri 'none'; frame-ancestors 'none'`,
    'cross-origin-opener-policy': 'same-origin',
    'referrer-policy': 'no-referrer',
    'x-content-type-options': 'nosniff',
    'x-frame-options': 'DENY',
  };
}
