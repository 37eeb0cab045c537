import { createCipheriv, createDecipheriv, createHash, hkdfSync, randomBytes } from 'node:crypto';
import { canonicalJson } from '@brainpod/model/canonical-json';
import { ApiError } from '@brainpod/model/errors';
import type { KeptAnswer, RepeatableRequest } from '@brainpod/store/idempotent-answers';
import type { Store } from '@brainpod/store/store';

/** An answer with a body that can be kept. */
type Answer = { status: number; body: unknown; headers?: Record<string, string> };

export const IDEMPOTENCY_KEY_HEADER = 'idempotency-key';
export const REPLAYED_HEADER = 'idempotency-replayed';

const VISIBLE_ASCII = /^[\x21-\x7e]{1,255}$/;
const CIPHER = 'aes-256-gcm';
const NONCE_BYTES = 12;
const TAG_BYTES = 16;

/** A request that names itself, and the caller's secret, under which its answer is kept. */
export type Repeatable = RepeatableRequest & { secret: string };

/** What the caller calls this request; null when it does not name it. BAD_REQUEST (ApiError) for what is no name. */
export function idempotencyKeyOf(header: string | string[] | undefined): string | null {
  if (header === undefined) return null;
  if (typeof header === 'string' && VISIBLE_ASCII.test(header)) return header;
  throw new ApiError(
    'BAD_REQUEST',
    'The Idempotency-Key header must be one text of 1 to 255 visible ASCII characters, without spaces, such as a UUID.',
  );
}

/** Two requests that ask for the same have the same hash. */
export function requestHash(request: { method: string; url: string; body: unknown }): Buffer {
  const { method, url, body } = request;
  return createHash('sha256')
    .update(`${method}\n${url}\n${canonicalJson(body ?? {})}`)
    .digest();
}

/**
 * Does a request within the transaction of this store, or gives the answer that it got before. BAD_REQUEST (ApiError)
 * when the same name was given to another request.
 */
export async function answerOnce(
  store: Store,
  request: Repeatable,
  perform: () => Promise<Answer>,
): Promise<{ answer: Answer; isReplay: boolean }> {
  const claim = await store.idempotentAnswers.claim(request);
  if (claim.state === 'answered') {
    if (!claim.requestHash.equals(request.requestHash)) throw namesAnotherRequest();
    return { answer: opened(request, claim.answer), isReplay: true };
  }
  const answer = await perform();
  await store.idempotentAnswers.keep(request, sealed(request, answer));
  return { answer, isReplay: false };
}

function sealed(request: Repeatable, answer: Answer): KeptAnswer {
  const nonce = randomBytes(NONCE_BYTES);
  const cipher = createCipheriv(CIPHER, cipherKey(request), nonce, { authTagLength: TAG_BYTES });
  const text = Buffer.concat([cipher.update(JSON.stringify(answer.body), 'utf8'), cipher.final()]);
  return {
    status: answer.status,
    headers: answer.headers ?? {},
    body: Buffer.concat([nonce, cipher.getAuthTag(), text]),
  };
}

function opened(request: Repeatable, { status, headers, body }: KeptAnswer): Answer {
  const nonce = body.subarray(0, NONCE_BYTES);
  const decipher = createDecipheriv(CIPHER, cipherKey(request), nonce, { authTagLength: TAG_BYTES });
  decipher.setAuthTag(body.subarray(NONCE_BYTES, NONCE_BYTES + TAG_BYTES));
  let text: string;
  try {
    text =
      decipher.update(body.subarray(NONCE_BYTES + TAG_BYTES), undefined, 'utf8') + decipher.final('utf8');
  } catch (error) {
    throw new ApiError(
      'BAD_REQUEST',
      'A request with this Idempotency-Key was answered before this API key got its present secret, and the answer can only be read with the earlier one. See whether the request took effect; if not, send it with a new Idempotency-Key.',
      { cause: error },
    );
  }
  const parsed: unknown = JSON.parse(text);
  return { status, headers, body: parsed };
}

/** The caller's secret is stored nowhere, so a copy of the database opens no answer. */
function cipherKey({ secret, keyId, idempotencyKey }: Repeatable): Buffer {
  const info = `brainpod idempotent answer\n${keyId}\n${idempotencyKey}`;
  return Buffer.from(hkdfSync('sha256', secret, '', info, 32));
}

function namesAnotherRequest(): ApiError {
  return new ApiError(
    'BAD_REQUEST',
    'This Idempotency-Key was given to another request within the last 24 hours. Use a new one for each request, and the same only to repeat it.',
  );
}
