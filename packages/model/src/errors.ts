import type { Fault } from './fault.ts';

/** The codes of the public interface and the HTTP status that each is answered with. */
export const HTTP_STATUS = {
  BAD_REQUEST: 400,
  VALIDATION_ERROR: 400,
  UNAUTHORIZED: 401,
  FORBIDDEN: 403,
  NOT_FOUND: 404,
  PRECONDITION_FAILED: 412,
  REQUEST_TOO_LARGE: 413,
  RATE_LIMITED: 429,
  INTERNAL_ERROR: 500,
  SERVICE_UNAVAILABLE: 503,
  REQUEST_TIMEOUT: 504,
} as const satisfies Record<string, number>;

export type ErrorCode = keyof typeof HTTP_STATUS;

export const ERROR_CODES: readonly ErrorCode[] = Object.keys(HTTP_STATUS).filter(isErrorCode);

export function isErrorCode(text: string): text is ErrorCode {
  return Object.hasOwn(HTTP_STATUS, text);
}

/**
 * An error that a caller of the API is told about. `publicMessage` and `details` are for people and
 * hold no secret; `cause` is for the log only.
 */
export class ApiError extends Error {
  override readonly name = 'ApiError';
  readonly code: ErrorCode;
  readonly publicMessage: string;
  readonly details: Fault[] | undefined;
  /** When trying again makes sense, where that is known. */
  readonly retryAfterSeconds: number | undefined;

  constructor(
    code: ErrorCode,
    publicMessage: string,
    options: { details?: Fault[]; retryAfterSeconds?: number; cause?: unknown } = {},
  ) {
    super(`${code}: ${publicMessage}`, 'cause' in options ? { cause: options.cause } : undefined);
    this.code = code;
    this.publicMessage = publicMessage;
    this.details = options.details;
    this.retryAfterSeconds = options.retryAfterSeconds;
  }

  get httpStatus(): number {
    return HTTP_STATUS[this.code];
  }
}
