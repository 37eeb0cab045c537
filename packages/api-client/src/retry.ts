import { readEnvelope } from './failure.ts';

export type Fetch = (request: Request) => Promise<Response>;

export type RetryOptions = {
  fetch: Fetch;
  sleep: (delayMs: number) => Promise<void>;
  /** From 0 up to 1: spreads the retries of many clients. */
  random: () => number;
};

const MAX_ATTEMPTS = 4;
const FIRST_DELAY_MS = 500;
const MAX_DELAY_MS = 30_000;

/**
 * A fetch that tries again what the API says may be tried again: RATE_LIMITED and SERVICE_UNAVAILABLE (nothing was
 * done), REQUEST_TIMEOUT of calls that can be repeated, INTERNAL_ERROR of those once. Creating a pod never.
 */
export function retryingFetch(options: RetryOptions): Fetch {
  return async (request) => {
    for (let attempt = 1; ; attempt += 1) {
      const last = attempt === MAX_ATTEMPTS;
      const response = await options.fetch(last ? request : request.clone());
      if (response.ok || last) return response;
      const code = await errorCode(response);
      if (!mayRepeat(request, code, attempt)) return response;
      await options.sleep(delayMs(response, attempt, options.random()));
    }
  };
}

function mayRepeat(request: Request, code: string, attempt: number): boolean {
  const path = new URL(request.url).pathname;
  if (request.method === 'POST' && path.endsWith('/v1/pods')) return false;
  if (code === 'RATE_LIMITED' || code === 'SERVICE_UNAVAILABLE') return true;
  if (request.method === 'POST') return false;
  return code === 'REQUEST_TIMEOUT' || (code === 'INTERNAL_ERROR' && attempt === 1);
}

async function errorCode(response: Response): Promise<string> {
  try {
    return readEnvelope(await response.clone().json(), response.status)?.code ?? '';
  } catch {
    // Not JSON, so not an answer of the API: nothing is known of what may be repeated.
    return '';
  }
}

function delayMs(response: Response, attempt: number, random: number): number {
  const asked = Number(response.headers.get('retry-after') ?? Number.NaN) * 1000;
  const backOff = FIRST_DELAY_MS * 2 ** (attempt - 1);
  const wanted = Number.isFinite(asked) ? Math.max(asked, FIRST_DELAY_MS) : backOff;
  return Math.min(wanted, MAX_DELAY_MS) * (0.75 + random / 2);
}
