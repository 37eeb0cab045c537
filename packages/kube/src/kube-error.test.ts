import { describe, expect, test } from 'vitest';
import { errorFromResponse, errorFromTransport, noSuchKind } from './kube-error.ts';

const status = (code: number, reason: string, details: object = {}): string =>
  JSON.stringify({
    kind: 'Status',
    apiVersion: 'v1',
    status: 'Failure',
    message: `it is ${reason}`,
    reason,
    details,
    code,
  });

describe('errorFromResponse', () => {
  test.each([
    [400, 'BadRequest', false],
    [401, 'Unauthorized', false],
    [403, 'Forbidden', false],
    [404, 'NotFound', false],
    [409, 'Conflict', true],
    [409, 'AlreadyExists', false],
    [410, 'Expired', false],
    [422, 'Invalid', false],
    [429, 'TooManyRequests', true],
    [500, 'InternalError', true],
    [503, 'ServiceUnavailable', true],
    [504, 'Timeout', true],
  ])('%i %s: retryable %s', (code, reason, retryable) => {
    const error = errorFromResponse('GET /x', code, status(code, reason));
    expect(error).toMatchObject({ status: code, reason, retryable, message: `GET /x: it is ${reason}` });
  });

  test('takes the pause that the server asks for from the header or the body', () => {
    expect(errorFromResponse('x', 429, '', '7').retryAfterMs).toBe(7_000);
    expect(
      errorFromResponse('x', 429, status(429, 'TooManyRequests', { retryAfterSeconds: 3 })).retryAfterMs,
    ).toBe(3_000);
    expect(errorFromResponse('x', 429, '').retryAfterMs).toBeUndefined();
  });

  test('a namespace that is being deleted will be gone', () => {
    const body = status(403, 'Forbidden', { causes: [{ reason: 'NamespaceTerminating' }] });
    expect(errorFromResponse('x', 403, body).retryable).toBe(true);
  });

  test('a missing permission may be given, or not be known yet; a refusal by admission stays', () => {
    const refused = (message: string): boolean =>
      errorFromResponse('x', 403, JSON.stringify({ reason: 'Forbidden', message })).retryable;
    expect(
      refused(
        'services is forbidden: User "brainpod:server" cannot list resource "services" in API group ""',
      ),
    ).toBe(true);
    expect(refused('pods "a" is forbidden: exceeded quota: brainpod, requested: pods=1')).toBe(false);
    expect(
      refused('deployments.apps "a" is forbidden: ValidatingAdmissionPolicy \'x\' denied request: no'),
    ).toBe(false);
  });

  test('quotes something in between that answers in HTML', () => {
    const error = errorFromResponse('GET /x', 502, '<html>Bad Gateway</html>');
    expect(error).toMatchObject({
      reason: 'ServerError',
      retryable: true,
      message: 'GET /x: <html>Bad Gateway</html>',
    });
  });
});

test('no connection and no answer in time are worth another try', () => {
  expect(errorFromTransport('GET /x', new Error('connect ECONNREFUSED'))).toMatchObject({
    status: 0,
    reason: 'Unreachable',
    retryable: true,
    message: 'GET /x: connect ECONNREFUSED',
  });
  const timeout = new DOMException('late', 'TimeoutError');
  expect(errorFromTransport('GET /x', timeout)).toMatchObject({ reason: 'Timeout', retryable: true });
});

test('a kind that is not served may be installed later', () => {
  expect(noSuchKind('a/v1', 'B')).toMatchObject({ status: 404, reason: 'NoSuchKind', retryable: true });
});
