import type { IncomingHttpHeaders } from 'node:http';
import * as https from 'node:https';

export type HttpAnswer = { status: number; headers: IncomingHttpHeaders; body: string };

export type HttpsOptions = {
  method: 'GET' | 'HEAD' | 'POST';
  headers?: Record<string, string>;
  body?: string;
  timeoutMs: number;
  /** An answer that is longer is none. */
  maxBytes: number;
  /** Who is believed, PEM. Without any, whom Node believes. */
  ca?: readonly string[];
  signal?: AbortSignal;
};

/** One request over TLS with all of its answer. Rejects when there is none in time, or too much of it. */
export function httpsRequest(url: string, options: HttpsOptions): Promise<HttpAnswer> {
  const { method, headers = {}, body, timeoutMs, maxBytes, ca, signal } = options;
  const inTime = AbortSignal.timeout(timeoutMs);
  return new Promise((resolve, reject) => {
    const outgoing = https.request(url, {
      method,
      headers: { 'user-agent': 'brainpod', ...headers },
      signal: signal === undefined ? inTime : AbortSignal.any([signal, inTime]),
      ...(ca === undefined ? {} : { ca: [...ca] }),
    });
    outgoing.on('error', reject);
    outgoing.on('response', (response) => {
      const chunks: Buffer[] = [];
      let length = 0;
      response.on('error', reject);
      response.on('data', (chunk: Buffer) => {
        length += chunk.length;
        if (length > maxBytes) outgoing.destroy(new Error('the answer is too long'));
        else chunks.push(chunk);
      });
      response.on('end', () =>
        resolve({
          status: response.statusCode ?? 0,
          headers: response.headers,
          body: Buffer.concat(chunks).toString('utf8'),
        }),
      );
    });
    outgoing.end(body);
  });
}
