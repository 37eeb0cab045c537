import { ApiError, type ErrorCode } from '@brainpod/model/errors';
import { isDatabaseUnavailable, isNotMigratedYet, isOutOfTime } from '@brainpod/store/unavailable';
import type { ErrorBody } from './schemas.ts';

const RETRY_AFTER_SECONDS = 2;

// What fastify says of a request that never got as far as an operation, in our words.
const BY_FASTIFY_CODE: Record<string, { code: ErrorCode; message: string }> = {
  FST_ERR_CTP_BODY_TOO_LARGE: {
    code: 'REQUEST_TOO_LARGE',
    message:
      'The body is too large: it may have 4 MB where it holds resources, else 64 KB. Send fewer at once.',
  },
  FST_ERR_CTP_INVALID_MEDIA_TYPE: {
    code: 'BAD_REQUEST',
    message: 'The body must be JSON, with Content-Type: application/json.',
  },
  FST_ERR_CTP_INVALID_JSON_BODY: { code: 'BAD_REQUEST', message: 'The body is not valid JSON.' },
  FST_ERR_MAX_PARAM_LENGTH: { code: 'BAD_REQUEST', message: 'A part of the address is too long.' },
  FST_ERR_BAD_URL: {
    code: 'BAD_REQUEST',
    message: 'The address holds a "%" that is not followed by a valid code.',
  },
};

/** Makes what callers are told of any error; what is not meant for them stays in `cause`. */
export function toApiError(error: unknown): ApiError {
  if (error instanceof ApiError) return error;
  if (isOutOfTime(error)) {
    return new ApiError(
      'REQUEST_TIMEOUT',
      'The database took too long; nothing was kept. Try again in a moment.',
      {
        cause: error,
      },
    );
  }
  if (isDatabaseUnavailable(error) || isNotMigratedYet(error)) {
    return new ApiError(
      'SERVICE_UNAVAILABLE',
      'The database is not reachable right now. Try again in a moment.',
      {
        cause: error,
      },
    );
  }
  const known = BY_FASTIFY_CODE[codeOf(error)];
  if (known !== undefined) return new ApiError(known.code, known.message, { cause: error });
  const status = statusOf(error);
  if (status >= 400 && status < 500) {
    return new ApiError('BAD_REQUEST', 'The request is malformed.', { cause: error });
  }
  return new ApiError(
    'INTERNAL_ERROR',
    'Something went wrong here. If it stays, report it with this request id.',
    {
      cause: error,
    },
  );
}

export function errorBody(error: ApiError, requestId: string): ErrorBody {
  const { code, publicMessage, details } = error;
  return {
    error: { code, message: publicMessage, requestId, ...(details === undefined ? {} : { details }) },
  };
}

export function errorHeaders(error: ApiError): Record<string, string> {
  if (error.retryAfterSeconds !== undefined) return { 'retry-after': String(error.retryAfterSeconds) };
  if (error.code === 'SERVICE_UNAVAILABLE') return { 'retry-after': String(RETRY_AFTER_SECONDS) };
  if (error.code === 'UNAUTHORIZED') return { 'www-authenticate': 'Bearer realm="brainpod"' };
  return {};
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : '';
}

function statusOf(error: unknown): number {
  return error instanceof Error && 'statusCode' in error && typeof error.statusCode === 'number'
    ? error.statusCode
    : 500;
}
