import { randomUUID } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { platformActor } from '@brainpod/store/audit';
import type { HttpAccess } from '@brainpod/store/packed-events';
import { openStore } from '@brainpod/store/store';
import { sampleApp, sampleRoute } from '@brainpod/testkit/sample-documents';
import { queryDatabase } from '@brainpod/testkit/test-database';

type Address = { host: string; user: string; database: string };

const EVENTS = 100_000;
const BATCH = 1000;

/** Migrates the database and deploys a pod with a Route; gives the name that Envoy would have for the way to it. */
export async function deployedRoute(database: Address): Promise<{ routeName: string }> {
  const store = openStore({ connection: database });
  try {
    await store.migrate();
    const place = { provider: null, region: null, architectures: ['amd64'] };
    const clusterId = await store.clusters.registerDefault(place);
    const first = await store.accounts.createFirst({ email: 'ada@example.com' });
    const caller = first === null ? null : await store.apiKeys.authenticate(first.secret);
    if (caller === null) throw new Error('the database is not empty');
    const actor = platformActor('bench');
    const owner = { accountId: caller.accountId, ownerId: caller.userId, clusterId };
    const pod = await store.pods.create({ ...owner, displayName: null, actor });
    const rules = { domain: 'apps.example.test', check: () => [], actor };
    await store.drafts.write(pod.id, { type: 'create', documents: [sampleApp(), sampleRoute()] }, rules);
    const deploy = await store.deployments.deploy(pod.id, { check: () => [], actor });
    if (!deploy.ok) throw new Error('not deployed');
    await store.reconciler.markReady(deploy.revisionId, 'sum');
    await store.reconciler.markDeployed(deploy.revisionId);
    return { routeName: `httproute/bp-${pod.name}/web-0123456789/rule/0/match/0/web` };
  } finally {
    await store.close();
  }
}

/** What is there of the requests that were measured. */
export async function kept(database: Address): Promise<string> {
  const [row] = await queryDatabase(
    database,
    `select (select sum(event_count) from http_access_chunk) as events,
       (select sum(requests) from request_metric) as counted`,
  );
  return `Kept: ${row?.events} events (2,000 a second and pod at most), and metrics of ${row?.counted} requests.`;
}

/** So many various events packed, beside the same as plain rows by COPY. */
export async function plainRows(database: Address, folder: string): Promise<string> {
  const [pod] = await queryDatabase(database, 'select id from pod');
  const podId = String(pod?.id);
  const events = Array.from({ length: EVENTS }, (_, index) => sample(index));
  await queryDatabase(database, 'truncate http_access_chunk');
  const store = openStore({ connection: database });
  const beganMs = performance.now();
  for (let at = 0; at < EVENTS; at += BATCH) {
    await store.requestRecords.write({
      writer: 'b0a1b0a1-0000-4000-8000-000000000000',
      number: at + 1,
      events: [{ podId, route: 'web', events: events.slice(at, at + BATCH) }],
      metrics: [],
    });
  }
  const packedMs = performance.now() - beganMs;
  await store.close();
  const packed = await sizeOf(database, 'http_access_chunk');
  const file = path.join(folder, 'rows.csv');
  const lines = events.map((event) => [podId, 'web', ...Object.values(event)].join(','));
  await writeFile(file, `${lines.join('\n')}\n`, { mode: 0o644 });
  const columns = Object.keys(events[0] ?? {}).map((name) => `"${name}" text`);
  await queryDatabase(database, `create table plain (pod uuid, route text, ${columns.join(', ')})`);
  await queryDatabase(database, `create index on plain (pod, route, "atMs")`);
  const copyMs = performance.now();
  await queryDatabase(database, `copy plain from '${file}' csv`);
  const plainMs = performance.now() - copyMs;
  const plain = await sizeOf(database, 'plain');
  const rate = (ms: number) => Math.round((EVENTS / ms) * 1000).toLocaleString('en');
  return `${EVENTS.toLocaleString('en')} various events: packed in chunks of ${BATCH} ${rate(packedMs)}/s and ${(packed / EVENTS).toFixed(0)} bytes each; as plain rows with one index by COPY of a file ${rate(plainMs)}/s and ${(plain / EVENTS).toFixed(0)} bytes each.`;
}

async function sizeOf(database: Address, table: string): Promise<number> {
  const [row] = await queryDatabase(database, `select pg_total_relation_size('${table}') as bytes`);
  return Number(row?.bytes);
}

function sample(index: number): HttpAccess {
  return {
    atMs: 1_772_000_000_000 + index * 3,
    method: index % 10 === 0 ? 'POST' : 'GET',
    path: `/products/${(index * 7919) % 5003}?from=search&page=${index % 17}`,
    host: 'web-green-hill.apps.example.test',
    status: index % 50 === 0 ? 404 : 200,
    durationMs: ((index * 104_729) % 90_000) / 1000,
    protocol: 'HTTP/2',
    responseFlags: null,
    bytesSent: (index * 611_953) % 20_000,
    bytesReceived: 0,
    upstreamHost: `10.244.0.${index % 4}:8080`,
    clientIp: `198.51.100.${(index * 31) % 250}`,
    userAgent:
      'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML; like Gecko) Chrome/140.0 Safari/537.36',
    requestId: randomUUID(),
  };
}
