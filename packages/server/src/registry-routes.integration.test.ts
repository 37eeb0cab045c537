import { randomBytes } from 'node:crypto';
import { FULL_POLICY } from '@brainpod/model/policy';
import { type RunningDistribution, startDistribution } from '@brainpod/registry/testing/distribution';
import { platformActor } from '@brainpod/store/audit';
import { openStore, type Store } from '@brainpod/store/store';
import { PostgresServer } from '@brainpod/testkit/postgres';
import fastify, { type FastifyInstance } from 'fastify';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { buildToken } from './builds/build-token.ts';
import { registerRegistryRoutes } from './registry-routes.ts';
import { readSettings } from './settings.ts';

const ACTOR = platformActor('test');
const masterKey = randomBytes(32);
const later = new Date(Date.now() + 60_000);

let postgres: PostgresServer;
let store: Store;
let registry: RunningDistribution;
let server: FastifyInstance;
let origin = '';
let pod = '';
let key = '';

beforeAll(async () => {
  postgres = await PostgresServer.create();
  store = openStore({ connection: await postgres.createDatabase('registry_routes') });
  await store.migrate();
  registry = await startDistribution();
  const clusterId = await store.clusters.registerDefault({
    provider: null,
    region: null,
    architectures: ['amd64'],
  });
  const { accountId, userId } = await store.accounts.create('ada@example.com');
  const made = { accountId, ownerId: userId, clusterId, displayName: null, actor: ACTOR };
  pod = (await store.pods.create(made)).name;
  key = (await store.apiKeys.create({ userId, name: 'laptop', policy: FULL_POLICY, actor: ACTOR })).secret;
  server = fastify();
  const settings = readSettings({
    BRAINPOD_REGISTRY_UPSTREAM: registry.origin,
    BRAINPOD_REGISTRY_STORAGE: registry.storage,
  });
  registerRegistryRoutes(server, { settings, store, masterKey });
  origin = await server.listen({ host: '127.0.0.1', port: 0 });
});

afterAll(async () => {
  await server?.close();
  await registry?.stop();
  await store?.close();
  await postgres?.remove();
});

async function status(method: string, path: string, secret: string): Promise<number> {
  const authorization = `Basic ${Buffer.from(`api:${secret}`).toString('base64')}`;
  const answer = await fetch(`${origin}/v2/${path}`, { method, headers: { authorization } });
  await answer.body?.cancel();
  return answer.status;
}

describe('the image registry', () => {
  it('is open to a key for its own pods', async () => {
    expect(await status('POST', `${pod}/app/blobs/uploads/`, key)).toBe(202);
    expect(await status('POST', 'other/app/blobs/uploads/', key)).toBe(403);
    expect(await status('GET', 'docker.io/library/node/manifests/24', key)).toBe(403);
    expect(await status('GET', '', 'brain_nobodys')).toBe(401);
  });

  it('is open to the builder of a pod for that pod, and to read what stands in for Docker Hub', async () => {
    const token = buildToken(masterKey, pod, later);
    expect(await status('GET', '', token)).toBe(200);
    expect(await status('POST', `${pod}/app/blobs/uploads/`, token)).toBe(202);
    expect(await status('GET', `${pod}/app/manifests/latest`, token)).toBe(404);
    expect(await status('GET', 'docker.io/library/node/manifests/24', token)).toBe(404);
    expect(await status('POST', 'docker.io/library/node/blobs/uploads/', token)).toBe(403);
    expect(await status('GET', 'other/app/manifests/latest', token)).toBe(403);
  });

  it.each([
    ['of a build that is long over', () => buildToken(masterKey, pod, new Date(Date.now() - 1000))],
    ['that somebody made up', () => buildToken(randomBytes(32), pod, later)],
  ])('is closed to a token %s', async (_, token) => {
    expect(await status('POST', `${pod}/app/blobs/uploads/`, token())).toBe(401);
  });
});
