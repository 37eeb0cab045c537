export type FailureDetail = { path: string; message: string };

/** The API answered with its error envelope. `message` is the API's own text for people. */
export class ApiFailure extends Error {
  readonly code: string;
  readonly httpStatus: number;
  readonly requestId: string;
  readonly details: readonly FailureDetail[];
  /** How long the API asks to wait before the next attempt; null where it does not say. */
  readonly retryAfterSeconds: number | null;

  constructor(fields: {
    code: string;
    httpStatus: number;
    requestId: string;
    message: string;
    details: readonly FailureDetail[];
    retryAfterSeconds?: number | null;
  }) {
    super(fields.message);
    this.name = 'ApiFailure';
    this.code = fields.code;
    this.httpStatus = fields.httpStatus;
    this.requestId = fields.requestId;
    this.details = fields.details;
    this.retryAfterSeconds = fields.retryAfterSeconds ?? null;
  }
}

/** Something answered, but not as the API does: a proxy's page, a body that is no JSON. */
export class UnexpectedAnswer extends Error {
  readonly httpStatus: number;
  readonly response: string;

  constructor(httpStatus: number, response: string) {
    super(`The server answered ${httpStatus} with something that is not from the Brainpod API.`);
    this.name = 'UnexpectedAnswer';
    this.httpStatus = httpStatus;
    this.response = response.slice(0, 2000);
  }
}

/** Nothing answered. */
export class ConnectionFailure extends Error {
  readonly endpoint: string;

  constructor(endpoint: string, cause: unknown) {
    super(`The Brainpod API at ${endpoint} does not answer (${reasonOf(cause)}).`, { cause });
    this.name = 'ConnectionFailure';
    this.endpoint = endpoint;
  }
}

/** Reads an error envelope; null where the value is none. */
export function readEnvelope(
  value: unknown,
  httpStatus: number,
  headers: Headers = new Headers(),
): ApiFailure | null {
  const error = fieldOf(value, 'error');
  const code = fieldOf(error, 'code');
  const message = fieldOf(error, 'message');
  if (typeof code !== 'string' || typeof message !== 'string') return null;
  const requestId = fieldOf(error, 'requestId');
  const details = fieldOf(error, 'details');
  const retryAfter = headers.get('retry-after');
  return new ApiFailure({
    code,
    httpStatus,
    message,
    requestId: typeof requestId === 'string' ? requestId : '',
    details: Array.isArray(details) ? details.flatMap(readDetail) : [],
    retryAfterSeconds: retryAfter !== null && /^\d+$/.test(retryAfter) ? Number(retryAfter) : null,
  });
}

function readDetail(value: unknown): FailureDetail[] {
  const path = fieldOf(value, 'path');
  const message = fieldOf(value, 'message');
  return typeof path === 'string' && typeof message === 'string' ? [{ path, message }] : [];
}

function fieldOf(value: unknown, name: string): unknown {
  if (typeof value !== 'object' || value === null) return undefined;
  return Object.entries(value).find(([key]) => key === name)?.[1];
}

function reasonOf(cause: unknown): string {
  const inner = cause instanceof Error && cause.cause instanceof Error ? cause.cause : cause;
  if (!(inner instanceof Error)) return String(inner);
  const code = fieldOf(inner, 'code');
  if (inner.name === 'TimeoutError') return 'no answer in time';
  if (code === 'ECONNREFUSED') return 'nothing is listening there';
  if (code === 'ENOTFOUND' || code === 'EAI_AGAIN') return 'its name cannot be resolved';
  return inner.message || String(code ?? inner.name);
}
