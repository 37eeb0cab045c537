import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { FastifyInstance } from 'fastify';
import type { RecordCounts } from './request-log/request-recorder.ts';
import { type MachineStatus, readMachineStatus } from './status.ts';

const FILES = [
  { url: '/', file: 'page.html', type: 'text/html; charset=utf-8' },
  { url: '/status/page.css', file: 'page.css', type: 'text/css; charset=utf-8' },
  { url: '/status/page.js', file: 'page.js', type: 'text/javascript; charset=utf-8' },
  { url: '/status/icon.svg', file: 'icon.svg', type: 'image/svg+xml' },
] as const;

/** The page asks every second; a line for each answer would bury everything else. */
const QUIET = { logLevel: 'warn' } as const;

const HEADERS = {
  'content-security-policy':
    "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; connect-src 'self'; base-uri 'none'; frame-ancestors 'none'",
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
};

export type StatusOptions = {
  runDir: string;
  /** The API's own URL and the domain of apps, shown on the page. */
  api: string;
  domain: string;
  /** The local authority's certificate; null while there is none. */
  authorityPem: () => string | null;
  /** What became of the records of requests; null before the first can be taken. */
  requestCounts: () => Readonly<RecordCounts> | null;
};

/**
 * The status page and what it reads. Open to whoever reaches the port: it tells which parts run, and nothing
 * of anybody's pods. Needs neither the database nor the cluster, so it answers when they do not.
 */
export function registerStatusRoutes(server: FastifyInstance, options: StatusOptions): void {
  for (const { url, file, type } of FILES) {
    server.get(url, QUIET, async (_request, reply) =>
      reply
        .headers(HEADERS)
        .type(type)
        .send(await readFile(join(import.meta.dirname, 'status-page', file))),
    );
  }
  server.get('/status.json', QUIET, async (_request, reply) => {
    const machine: MachineStatus = await readMachineStatus(options.runDir);
    return reply.headers({ ...HEADERS, 'cache-control': 'no-store' }).send({
      ...machine,
      api: options.api,
      domain: options.domain,
      requestRecords: options.requestCounts(),
    });
  });
  server.get('/status/ca.crt', QUIET, async (_request, reply) => {
    const pem = options.authorityPem();
    if (pem === null) return reply.code(503).header('retry-after', '2').send('not made yet\n');
    return reply.headers(HEADERS).type('application/x-x509-ca-cert').send(pem);
  });
}
