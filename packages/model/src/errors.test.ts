import { expect, test } from 'vitest';
import { ApiError, ERROR_CODES, HTTP_STATUS } from './errors.ts';

test('the codes and statuses are those of the public interface', () => {
  expect(HTTP_STATUS).toEqual({
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
  });
  expect(ERROR_CODES).toEqual(Object.keys(HTTP_STATUS));
});

test('an error keeps what people see apart from its cause', () => {
  const cause = new Error('connect ECONNREFUSED');
  const details = [{ path: 'spec.image', message: 'Is missing.' }];
  const error = new ApiError('VALIDATION_ERROR', 'The document is not valid.', { details, cause });
  expect(error).toMatchObject({
    code: 'VALIDATION_ERROR',
    publicMessage: 'The document is not valid.',
    details,
    cause,
  });
  expect(error.httpStatus).toBe(400);
  expect(error.message).not.toContain('ECONNREFUSED');
});
