import { Agent, request } from 'node:https';
import type { LookupFunction } from 'node:net';

export type Answer = { status: number; headers: Record<string, string | string[] | undefined>; body: string };

/** Platform names lead to this machine; libc does not resolve names under .localhost, so we say it here. */
const toLoopback: LookupFunction = (_hostname, options, callback) => {
  if (options.all) callback(null, [{ address: '127.0.0.1', family: 4 }]);
  else callback(null, '127.0.0.1', 4);
};

/** A client of the edge that trusts `ca` and nothing else. Without `keepAlive` each request has a connection of its own. */
export function edgeAgent(ca: string, connections: number, { keepAlive } = { keepAlive: true }): Agent {
  return new Agent({ ca, keepAlive, maxSockets: connections, lookup: toLoopback });
}

/** One GET through the edge. Rejects on a refused certificate, a reset, or no answer within `timeoutMs`. */
export function get(
  url: string,
  agent: Agent,
  timeoutMs = 10_000,
  headers: Record<string, string> = {},
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const call = request(url, { agent, timeout: timeoutMs, headers }, (response) => {
      let body = '';
      response.setEncoding('utf8');
      response.on('data', (chunk: string) => {
        body += chunk;
      });
      response.on('error', reject);
      response.on('end', () => {
        if (!response.complete) reject(new Error('the answer was cut off'));
        else resolve({ status: response.statusCode ?? 0, headers: response.headers, body });
      });
    });
    call.on('timeout', () => call.destroy(new Error(`no answer within ${timeoutMs} ms`)));
    call.on('error', reject);
    call.end();
  });
}
