import { randomUUID } from 'node:crypto';
import { readEnvelope } from './failure.ts';

export type Fetch = (request: Request) => Promise<Response>;

export type RetryOptions = {
  fetch: Fetch;
  /** Rejects when the caller does not want to wait any longer. */
  sleep: (delayMs: number) => Promise<void>;
  /** From 0 up to 1: spreads the retries of many clients. */
  random: () => number;
  /** Told before each wait: why, and how long it will be. */
  onRetry?: (retry: Retry) => void;
};

/** `code` is the API's, or `CONNECTION_BROKEN`. */
export type Retry = { code: string; delayMs: number };

const MAX_ATTEMPTS = 4;
const FIRST_DELAY_MS = 500;
const MAX_DELAY_MS = 30_000;
const IDEMPOTENCY_KEY = 'idempotency-key';
const BROKEN = new Set(['ECONNRESET', 'EPIPE', 'UND_ERR_SOCKET']);

/**
 * A fetch that tries again what may be tried again: RATE_LIMITED and SERVICE_UNAVAILABLE (nothing was done),
 * REQUEST_TIMEOUT and connections that broke, INTERNAL_ERROR once. Every POST carries an Idempotency-Key, the same at
 * each attempt, so that the API does nothing twice.
 */
export function retryingFetch(options: RetryOptions): Fetch {
  return async (request) => {
    if (request.method === 'POST' && !request.headers.has(IDEMPOTENCY_KEY))
      request.headers.set(IDEMPOTENCY_KEY, randomUUID());
    for (let attempt = 1; ; attempt += 1) {
      const outcome = await attemptOnce(options, request, attempt);
      if (outcome.done) return outcome.response;
      const delayMs = delayOf(outcome.retryAfter, attempt, options.random());
      options.onRetry?.({ code: outcome.code, delayMs });
      await options.sleep(delayMs);
    }
  };
}

type Outcome = { done: true; response: Response } | { done: false; code: string; retryAfter: string | null };

async function attemptOnce(options: RetryOptions, request: Request, attempt: number): Promise<Outcome> {
  const last = attempt === MAX_ATTEMPTS;
  let response: Response;
  try {
    response = await options.fetch(last ? request : request.clone());
  } catch (error) {
    if (last || !isBroken(error)) throw error;
    return { done: false, code: 'CONNECTION_BROKEN', retryAfter: null };
  }
  if (response.ok || last) return { done: true, response };
  const code = await errorCode(response);
  if (!mayRepeat(code, attempt)) return { done: true, response };
  return { done: false, code, retryAfter: response.headers.get('retry-after') };
}

function mayRepeat(code: string, attempt: number): boolean {
  if (code === 'RATE_LIMITED' || code === 'SERVICE_UNAVAILABLE' || code === 'REQUEST_TIMEOUT') return true;
  return code === 'INTERNAL_ERROR' && attempt === 1;
}

/** A connection that was there and broke; not one to an address where nobody listens. */
function isBroken(error: unknown): boolean {
  for (let cause = error; cause instanceof Error; cause = cause.cause) {
    if ('code' in cause && BROKEN.has(String(cause.code))) return true;
  }
  return false;
}

async function errorCode(response: Response): Promise<string> {
  try {
    return readEnvelope(await response.clone().json(), response.status)?.code ?? '';
  } catch {
    // Not JSON, so not an answer of the API: nothing is known of what may be repeated.
    return '';
  }
}

function delayOf(retryAfter: string | null, attempt: number, random: number): number {
  const asked = Number(retryAfter ?? Number.NaN) * 1000;
  const backOff = FIRST_DELAY_MS * 2 ** (attempt - 1);
  // Never sooner than asked; the spread comes on top.
  if (Number.isFinite(asked))
    return Math.min(Math.max(asked, FIRST_DELAY_MS), MAX_DELAY_MS) * (1 + random / 4);
  return Math.min(backOff, MAX_DELAY_MS) * (0.75 + random / 2);
}
