import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { platformActor } from '@brainpod/store/audit';
import { openStore, type Store } from '@brainpod/store/store';
import { PostgresServer } from '@brainpod/testkit/postgres';
import { sampleApp, sampleConfig, sampleRoute } from '@brainpod/testkit/sample-documents';
import { waitFor } from '@brainpod/testkit/wait-for';
import { freePort } from '../free-port.ts';

const SERVER = path.resolve(import.meta.dirname, '../../packages/server/src/main.ts');
const REFERENCE = path.join(import.meta.dirname, 'reference-server.ts');
const DOMAIN = 'apps.example.test';
const START_TIMEOUT_MS = 60_000;

/** The real server and the bare one, on the same database, each in a process of its own. */
export type Place = {
  server: { port: number; pid: number };
  reference: { port: number; pid: number };
  authorization: string;
  /** With one App, one Config and one Route, which carry its name. */
  pod: string;
  close(): Promise<void>;
};

export async function openPlace(profileDir: string | null): Promise<Place> {
  const postgres = await PostgresServer.create(['max_connections=200']);
  const database = await postgres.createDatabase('reads');
  const dataDir = await mkdtemp(path.join(tmpdir(), 'brainpod-reads-'));
  const children: ChildProcess[] = [];
  const start = async (args: string[], env: Record<string, string>): Promise<number> => {
    const child = spawn(process.execPath, args, {
      stdio: ['ignore', 'ignore', 'inherit'],
      env: { PATH: process.env.PATH ?? '', ...env },
    });
    await once(child, 'spawn');
    process.once('exit', () => child.kill('SIGKILL'));
    children.push(child);
    return child.pid ?? 0;
  };
  const close = async (): Promise<void> => {
    for (const child of children) await end(child);
    await postgres.remove();
    await rm(dataDir, { recursive: true, force: true });
  };
  try {
    const [port, referencePort] = [await freePort(), await freePort()];
    const profile = profileDir === null ? [] : ['--cpu-prof', '--cpu-prof-dir', profileDir];
    const pid = await start([...profile, SERVER], serverEnvironment(database, port, dataDir));
    const { secret, pod } = await withStore(database, fill);
    const referenceSettings = JSON.stringify({ database, port: referencePort });
    const referencePid = await start([REFERENCE, referenceSettings], {});
    const authorization = `Bearer ${secret}`;
    await answers(`http://127.0.0.1:${port}/v1/pods/${pod}`, authorization);
    await answers(`http://127.0.0.1:${referencePort}/pods/${pod}`, authorization);
    const server = { port, pid };
    return { server, reference: { port: referencePort, pid: referencePid }, authorization, pod, close };
  } catch (error) {
    await close();
    throw error;
  }
}

function serverEnvironment(
  database: { host: string; user: string; database: string },
  port: number,
  dataDir: string,
): Record<string, string> {
  return {
    PGHOST: database.host,
    PGUSER: database.user,
    PGDATABASE: database.database,
    BRAINPOD_LISTEN: `127.0.0.1:${port}`,
    // There is no cluster: reads do not need one.
    BRAINPOD_KUBECONFIG: path.join(dataDir, 'none'),
    BRAINPOD_DOMAIN: DOMAIN,
    BRAINPOD_DATA_DIR: dataDir,
    BRAINPOD_RUN_DIR: path.join(dataDir, 'run'),
    // All requests come with one key.
    BRAINPOD_RATE_LIMIT_PER_SECOND: '1000000',
    BRAINPOD_RATE_LIMIT_BURST: '1000000',
  };
}

async function withStore<T>(
  database: { host: string; user: string; database: string },
  work: (store: Store) => Promise<T>,
): Promise<T> {
  const store = openStore({ connection: database });
  try {
    return await work(store);
  } finally {
    await store.close();
  }
}

/** Makes an account, its key and a pod with three resources. */
async function fill(store: Store): Promise<{ secret: string; pod: string }> {
  await store.migrate();
  const clusterId = await store.clusters.registerDefault({
    provider: null,
    region: null,
    architectures: ['amd64'],
  });
  const first = await store.accounts.createFirst({ email: 'ada@example.com' });
  const caller = first === null ? null : await store.apiKeys.authenticate(first.secret);
  if (first === null || caller === null) throw new Error('the database is not empty');
  const actor = platformActor('bench');
  const { accountId, userId } = caller;
  const pod = await store.pods.create({ accountId, ownerId: userId, clusterId, displayName: null, actor });
  const documents = [sampleApp('web'), sampleConfig('web'), sampleRoute('web')];
  const rules = { domain: DOMAIN, check: () => [], actor };
  const written = await store.drafts.write(pod.id, { type: 'create', documents }, rules);
  if (!written.ok) throw new Error(JSON.stringify(written.faults));
  return { secret: first.secret, pod: pod.name };
}

async function answers(url: string, authorization: string): Promise<void> {
  await waitFor(
    async () => {
      try {
        return (await fetch(url, { headers: { authorization } })).ok;
      } catch (error) {
        // Not listening yet.
        if (error instanceof TypeError) return false;
        throw error;
      }
    },
    { timeoutMs: START_TIMEOUT_MS, what: `${url} to answer`, everyMs: 100 },
  );
}

/** SIGTERM, so that a profile is written. */
async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = once(child, 'exit');
  child.kill('SIGTERM');
  await ended;
}
