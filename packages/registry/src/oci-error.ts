import type { ServerResponse } from 'node:http';

/** Error codes of the OCI distribution specification, with the HTTP status each is sent with. */
const HTTP_STATUS = {
  UNAUTHORIZED: 401,
  DENIED: 403,
  NAME_INVALID: 400,
  NAME_UNKNOWN: 404,
  DIGEST_INVALID: 400,
  TAG_INVALID: 400,
  SIZE_INVALID: 413,
  UNSUPPORTED: 405,
  UNAVAILABLE: 503,
} as const;

export type OciErrorCode = keyof typeof HTTP_STATUS;

/** A refusal that goes to the client in the registry's own error shape. `message` is written for a person. */
export class OciError extends Error {
  readonly code: OciErrorCode;

  constructor(code: OciErrorCode, message: string) {
    super(message);
    this.name = 'OciError';
    this.code = code;
  }
}

/**
 * Answers with `{errors:[{code,message}]}` and the status that belongs to the code. An UNAUTHORIZED answer carries
 * the challenge that container clients wait for. `closeConnection` spares reading a refused upload to its end.
 */
export function sendOciError(
  response: ServerResponse,
  error: OciError,
  options: { challenge: string; closeConnection: boolean },
): void {
  const body = JSON.stringify({ errors: [{ code: error.code, message: error.message }] });
  response.statusCode = HTTP_STATUS[error.code];
  response.setHeader('Content-Type', 'application/json');
  response.setHeader('Content-Length', Buffer.byteLength(body));
  response.setHeader('Docker-Distribution-Api-Version', 'registry/2.0');
  if (error.code === 'UNAUTHORIZED') {
    response.setHeader('WWW-Authenticate', options.challenge);
  }
  if (options.closeConnection) response.setHeader('Connection', 'close');
  response.end(body);
}
