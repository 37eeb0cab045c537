import { isRecord } from './kube-object.ts';

type KubeErrorFields = {
  status: number;
  reason: string;
  message: string;
  retryable: boolean;
  retryAfterMs?: number;
  cause?: unknown;
};

/**
 * A call to the cluster that did not succeed. `status` is the HTTP status, 0 where there was no answer.
 * `reason` is the cluster's own word (`Conflict`, `Forbidden`, …) or `Unreachable`, `Timeout`, `NoSuchKind`.
 * `retryable` says that the same call may succeed later without anybody changing it.
 */
export class KubeError extends Error {
  readonly status: number;
  readonly reason: string;
  readonly retryable: boolean;
  readonly retryAfterMs: number | undefined;

  constructor(fields: KubeErrorFields) {
    super(fields.message, fields.cause === undefined ? undefined : { cause: fields.cause });
    this.name = 'KubeError';
    this.status = fields.status;
    this.reason = fields.reason;
    this.retryable = fields.retryable;
    this.retryAfterMs = fields.retryAfterMs;
  }
}

// An API server that has just started knows no roles yet and refuses everybody, and a permission that is really missing
// can be given. What admission refuses is worded differently, and stays refused.
const MISSING_PERMISSION = /User "[^"]*" cannot \w+ resource/;
const RETRYABLE_STATUSES = new Set([408, 409, 429, 500, 502, 503, 504]);

/** Reads an error answer. The body is a `Status` object from the API server, or any text from something in between. */
export function errorFromResponse(
  what: string,
  status: number,
  body: string,
  retryAfterSeconds?: string,
): KubeError {
  const parsed = parseStatusBody(body);
  const detail = parsed.message ?? (body.trim().slice(0, 300) || 'no explanation');
  const seconds = Number(retryAfterSeconds ?? parsed.retryAfterSeconds);
  return new KubeError({
    status,
    reason: parsed.reason ?? defaultReason(status),
    message: `${what}: ${detail}`,
    retryable: isRetryable(status, parsed),
    ...(Number.isFinite(seconds) && seconds > 0 ? { retryAfterMs: seconds * 1000 } : {}),
  });
}

/** A failure below HTTP: no connection, a broken one, or no answer in time. */
export function errorFromTransport(what: string, cause: unknown): KubeError {
  const timedOut = cause instanceof Error && cause.name === 'TimeoutError';
  const text = cause instanceof Error ? cause.message || cause.name : String(cause);
  return new KubeError({
    status: 0,
    reason: timedOut ? 'Timeout' : 'Unreachable',
    message: `${what}: ${timedOut ? 'no answer in time' : text}`,
    retryable: true,
    cause,
  });
}

/** A kind that the cluster does not serve. It may come (CRDs are installed after start), so trying again makes sense. */
export function noSuchKind(apiVersion: string, kind: string): KubeError {
  return new KubeError({
    status: 404,
    reason: 'NoSuchKind',
    message: `the cluster serves no ${kind} in ${apiVersion}`,
    retryable: true,
  });
}

/** The error for the `Status` object of an ERROR event in a watch. */
export function errorFromStatusObject(what: string, status: unknown): KubeError {
  const code = isRecord(status) && typeof status.code === 'number' ? status.code : 500;
  return errorFromResponse(what, code, JSON.stringify(status ?? null));
}

// A 409 AlreadyExists stays one however often it is tried; the other conflicts are races.
// A namespace being deleted refuses new content with 403 until it is gone: it will be.
function isRetryable(status: number, { reason, message, causes }: StatusBody): boolean {
  if (reason === 'AlreadyExists') return false;
  if (causes?.includes('NamespaceTerminating') === true) return true;
  // Server-side apply answers a value of the wrong type with 500, though it is the caller's mistake.
  if (message?.includes('failed to create typed patch object') === true) return false;
  if (status === 403 && message !== undefined && MISSING_PERMISSION.test(message)) return true;
  return RETRYABLE_STATUSES.has(status) || status > 504;
}

type StatusBody = { reason?: string; message?: string; retryAfterSeconds?: string; causes?: unknown[] };

function parseStatusBody(body: string): StatusBody {
  let value: unknown;
  try {
    value = JSON.parse(body);
  } catch {
    // Proxies and load balancers answer in HTML or plain text; the raw text is used instead.
    return {};
  }
  if (!isRecord(value)) return {};
  const details = isRecord(value.details) ? value.details : {};
  const causes = Array.isArray(details.causes) ? details.causes : [];
  return {
    causes: causes.map((cause) => (isRecord(cause) ? cause.reason : undefined)),
    ...(typeof value.reason === 'string' && value.reason !== '' ? { reason: value.reason } : {}),
    ...(typeof value.message === 'string' ? { message: value.message } : {}),
    ...(typeof details.retryAfterSeconds === 'number'
      ? { retryAfterSeconds: String(details.retryAfterSeconds) }
      : {}),
  };
}

function defaultReason(status: number): string {
  if (status === 404) return 'NotFound';
  if (status === 401) return 'Unauthorized';
  if (status === 403) return 'Forbidden';
  if (status === 409) return 'Conflict';
  if (status === 410) return 'Expired';
  if (status === 429) return 'TooManyRequests';
  return status >= 500 ? 'ServerError' : 'BadRequest';
}
