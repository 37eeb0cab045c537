/**
 * What an ACME authority refuses a request with (RFC 8555, 6.7), or that it could not be asked. `type` is the last part
 * of the problem's URN, such as `rateLimited`; `unreachable` where there was no answer.
 */
export class AcmeProblem extends Error {
  override readonly name = 'AcmeProblem';
  readonly type: string;
  /** The HTTP status; 0 where there was no answer. */
  readonly status: number;
  /** How long the authority wants to be left alone; null where it has no wish. */
  readonly retryAfterMs: number | null;

  constructor(
    message: string,
    fields: { type: string; status: number; retryAfterMs?: number | null; cause?: unknown },
  ) {
    super(message, { cause: fields.cause });
    this.type = fields.type;
    this.status = fields.status;
    this.retryAfterMs = fields.retryAfterMs ?? null;
  }
}

const URN = 'urn:ietf:params:acme:error:';
// Sent by somebody else, and shown to people.
const MAX_CHARACTERS = 400;

/** The type of a problem document, and what it says with all that lies below it. */
export function readProblem(document: unknown): { type: string; text: string } {
  if (typeof document !== 'object' || document === null) return { type: 'unknown', text: '' };
  const type = 'type' in document && typeof document.type === 'string' ? document.type : '';
  const below = 'subproblems' in document && Array.isArray(document.subproblems) ? document.subproblems : [];
  const texts = [document, ...below].map(detailOf).filter((text) => text !== '');
  return {
    type: type.startsWith(URN) ? type.slice(URN.length) : 'unknown',
    text: [...new Set(texts)].join(' '),
  };
}

function detailOf(document: unknown): string {
  const isTold = typeof document === 'object' && document !== null && 'detail' in document;
  if (!isTold || typeof document.detail !== 'string') return '';
  const oneLine = document.detail.replace(/\s+/g, ' ').trim();
  return oneLine.length > MAX_CHARACTERS ? `${oneLine.slice(0, MAX_CHARACTERS - 1)}…` : oneLine;
}
