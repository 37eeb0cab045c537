import { sampleApp } from '@brainpod/testkit/sample-documents';
import pg from 'pg';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { ServerProcess } from './server-process.ts';
import { World } from './world.ts';

const PODS = 6;
const ROUNDS = 4;
// A run can be repeated by its seed, which the failure names.
const SEED = Number(process.env.BRAINPOD_TEST_SEED ?? '7');

let world: World;
let servers: ServerProcess[];
let database: pg.Client;

beforeAll(async () => {
  world = await World.start();
  servers = [await world.startServer(), await world.startServer()];
  database = new pg.Client(world.databaseAddress);
  await database.connect();
  // Everything that ever happened to a revision's state, in the order in which it was committed by pod.
  await database.query(`create table seen (
    seq bigint generated always as identity, pod_id uuid, version integer, state text)`);
  await database.query(`create function see() returns trigger language plpgsql as $$ begin
    insert into seen (pod_id, version, state) values (new.pod_id, new.version, new.state); return null; end $$`);
  await database.query(`create trigger see after update of state on revision for each row
    when (old.state is distinct from new.state) execute function see()`);
});
afterAll(async () => {
  await database?.end();
  await world?.close();
});

/** Numbers below `limit` that look random and are the same for the same seed. */
function randomFrom(seed: number): (limit: number) => number {
  let state = seed;
  return (limit) => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
    return (state >>> 16) % limit;
  };
}

/** Writes and deploys through whichever server answers. */
async function deployRound(pod: { name: string; id: string }, round: number, first: number): Promise<void> {
  const document = sampleApp('web', { image: `docker.io/demo/web:${round}` });
  for (let attempt = first; ; attempt++) {
    const server = servers[attempt % servers.length];
    if (server === undefined) throw new Error('there are two servers');
    try {
      const head = await world.store.revisions.list(pod.id, { limit: 1 });
      const isWritten = (head?.items[0]?.version ?? 0) >= round && head?.items[0]?.state !== 'draft';
      if (isWritten) return;
      const entries = await world.store.revisions.entries(head?.items[0]?.id ?? '');
      if (entries.length === 0) await world.create(server, pod.name, [document]);
      else await world.replace(server, pod.name, document);
      await world.deploy(server, pod.name);
      return;
    } catch {
      // This one was killed under the call; the other goes on, or this one when it is back.
      await server.answering();
    }
  }
}

test('two servers, one of them killed again and again, do nothing twice and interleave no deploys', async () => {
  const random = randomFrom(SEED);
  const [first] = servers;
  if (first === undefined) throw new Error('there are two servers');
  const pods = await Promise.all(Array.from({ length: PODS }, () => world.newPod(first)));
  for (let round = 1; round <= ROUNDS; round++) {
    const victimAt = random(40) + 1;
    const victim = servers[random(servers.length)];
    let writes = 0;
    world.kubeProxy.onWrite = () => {
      writes += 1;
      if (writes === victimAt) victim?.kill();
      return true;
    };
    await Promise.all(pods.map((pod, index) => deployRound(pod, round, index)));
  }
  world.kubeProxy.onWrite = () => true;
  for (const pod of pods) {
    const states = await world.settled(pod.id);
    expect(states, `seed ${SEED}: ${servers.map(({ log }) => log).join('\n')}`).toEqual(
      Array.from({ length: ROUNDS }, () => 'deployed'),
    );
    expect(await world.imageOf(pod.name, 'web')).toBe(`docker.io/demo/web:${ROUNDS}`);
    const { rows } = await database.query<{ version: number; state: string }>(
      `select version, state from seen where pod_id = $1 and state <> 'pending' order by seq`,
      [pod.id],
    );
    // Ready then deployed, each once, one revision after the other.
    expect(rows.map(({ version, state }) => `${version} ${state}`)).toEqual(
      Array.from({ length: ROUNDS }, (_, index) => [`${index + 1} ready`, `${index + 1} deployed`]).flat(),
    );
  }
}, 300_000);
