import type { ResourceInput } from '@brainpod/model/document';
import { ApiError } from '@brainpod/model/errors';
import { sampleApp, sampleConfig } from '@brainpod/testkit/sample-documents';
import { TEST_ACTOR } from '@brainpod/testkit/test-actor';
import { openTestStore, type TestStore } from '@brainpod/testkit/test-store';
import pg from 'pg';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { clientConfig } from './connection.ts';
import type { RevisionEntry } from './documents.ts';
import type { DraftChange } from './drafts.ts';
import type { PodRecord } from './pods.ts';
import type { Revision } from './revisions.ts';
import { openStore, type Store } from './store.ts';

// Several people, on two servers, work on one pod at once. PostgreSQL decides in which order; whatever it is, nobody's
// work may be lost, halved or changed after the fact.

let at: TestStore;
let servers: Store[];
let pod: PodRecord;

const RULES = { domain: 'example.test', check: () => [], actor: TEST_ACTOR };

beforeAll(async () => {
  at = await openTestStore();
  servers = [at.store, openStore({ connection: at.address })];
});
afterAll(async () => {
  for (const store of servers ?? []) await store.close();
});
beforeEach(async () => {
  const { accountId, userId, clusterId } = at;
  const owner = { accountId, ownerId: userId, clusterId };
  pod = await at.store.pods.create({ ...owner, displayName: null, actor: TEST_ACTOR });
});

/** The same numbers from 0 to below 1 for the same seed. */
function randomFrom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state ^ (state >>> 15), 0x2c1b3c6d) + 0x9e3779b9) | 0;
    return ((state ^ (state >>> 13)) >>> 0) / 2 ** 32;
  };
}

async function allRevisions(): Promise<Revision[]> {
  const revisions: Revision[] = [];
  for (let cursor: string | undefined; ; ) {
    const page = await at.store.revisions.list(pod.id, {
      limit: 50,
      ...(cursor === undefined ? {} : { cursor }),
    });
    revisions.push(...(page?.items ?? []));
    if (page === null || page.nextCursor === null) return revisions;
    cursor = page.nextCursor;
  }
}

async function contentOf(revisionId: string): Promise<Map<string, string>> {
  const entries = await at.store.revisions.entries(revisionId);
  return new Map(entries.map(({ kind, name, hash }) => [`${kind}/${name}`, hash.toString('hex')]));
}

/** Does what a reconciler does to whatever is on its way, until told to stop. */
async function reconcile(random: () => number, isOver: () => boolean): Promise<void> {
  const { reconciler } = at.store;
  for (;;) {
    // Asked before the look: what is deployed between the two is still to be seen.
    const isLastLook = isOver();
    const target = (await reconciler.loadPod(pod.id))?.target;
    if (target === null || target === undefined) {
      if (isLastLook) return;
      await new Promise((resolve) => setImmediate(resolve));
      continue;
    }
    await reconciler.markReady(target.revisionId, 'sum');
    if (random() < 0.3) await reconciler.markFailed(target.revisionId, 'It broke.');
    else await reconciler.markDeployed(target.revisionId);
  }
}

/** One person's work, on names that nobody else uses; what of it is to be there in the end. */
class Person {
  readonly mine = new Map<string, ResourceInput>();
  readonly batches: string[][] = [];
  readonly deployed = new Map<string, Map<string, string>>();
  readonly #name: string;
  readonly #store: Store;
  readonly #random: () => number;
  #count = 0;

  constructor(name: string, store: Store, random: () => number) {
    this.#name = name;
    this.#store = store;
    this.#random = random;
  }

  async work(steps: number): Promise<void> {
    for (let step = 0; step < steps; step++) {
      const dice = this.#random();
      if (dice < 0.35) await this.#createBatch();
      else if (dice < 0.55) await this.#change('replace');
      else if (dice < 0.65) await this.#change('delete');
      else if (dice < 0.75) await this.#createTwice();
      else await this.#deploy();
    }
  }

  async #createBatch(): Promise<void> {
    const size = 1 + Math.floor(this.#random() * 3);
    const batch = Array.from({ length: size }, (_, index) =>
      sampleConfig(`${this.#name}-${this.#count}-${index}`, { v: String(this.#random()) }),
    );
    this.#count += 1;
    expect((await this.#write({ type: 'create', documents: batch })).ok).toBe(true);
    for (const document of batch) this.mine.set(document.metadata.name, document);
    if (size > 1) this.batches.push(batch.map(({ metadata }) => metadata.name));
  }

  /** A batch with one member that is there already: nothing of it may stay. */
  async #createTwice(): Promise<void> {
    const [taken] = this.mine.keys();
    if (taken === undefined) return;
    const documents = [sampleConfig(`${this.#name}-never-${this.#count}`), sampleConfig(taken)];
    expect((await this.#write({ type: 'create', documents })).ok).toBe(false);
  }

  async #change(type: 'replace' | 'delete'): Promise<void> {
    const inBatches = new Set(this.batches.flat());
    // Members of batches stay, so that in every revision there are all of a batch or none.
    const names = [...this.mine.keys()].filter((name) => type === 'replace' || !inBatches.has(name));
    const name = names[Math.floor(this.#random() * names.length)];
    if (name === undefined) return;
    const document = sampleConfig(name, { v: String(this.#random()) });
    const change: DraftChange = type === 'replace' ? { type, document } : { type, kind: 'Config', name };
    expect((await this.#write(change)).ok).toBe(true);
    if (type === 'replace') this.mine.set(name, document);
    else this.mine.delete(name);
  }

  async #deploy(): Promise<void> {
    try {
      const result = await this.#store.deployments.deploy(pod.id, { check: () => [], actor: TEST_ACTOR });
      if (result.ok) this.deployed.set(result.revisionId, await contentOf(result.revisionId));
    } catch (error) {
      // Somebody else has deployed the draft a moment before.
      if (!(error instanceof ApiError) || error.code !== 'PRECONDITION_FAILED') throw error;
    }
  }

  #write(change: DraftChange) {
    return this.#store.drafts.write(pod.id, change, RULES);
  }
}

test.each(Array.from({ length: 12 }, (_, index) => index + 1))(
  'in the order of seed %i nothing is lost, halved or changed after the fact',
  async (seed) => {
    const random = randomFrom(seed);
    const people = Array.from({ length: 4 }, (_, index) => {
      const store = servers[index % servers.length] ?? at.store;
      return new Person(`p${index}`, store, randomFrom(seed * 100 + index));
    });
    let isOver = false;
    const reconciling = reconcile(random, () => isOver);
    await Promise.all(people.map((person) => person.work(15)));
    isOver = true;
    await reconciling;

    const revisions = await allRevisions();
    const head = await contentOf(revisions[0]?.id ?? '');
    const wanted = people.flatMap((person) => [...person.mine.keys()].map((name) => `Config/${name}`));
    expect([...head.keys()].toSorted()).toEqual(wanted.toSorted());
    for (const person of people) {
      for (const [name, document] of person.mine) {
        const kept = await at.store.resources.find(revisions[0]?.id ?? '', 'Config', name);
        expect(kept?.document).toEqual(document);
      }
      for (const [revisionId, content] of person.deployed)
        expect(await contentOf(revisionId)).toEqual(content);
    }
    expect(revisions.map(({ version }) => version)).toEqual(
      revisions.map((_, index) => revisions.length - index),
    );
    for (const [index, revision] of revisions.entries()) {
      expect(revision.parentId).toBe(revisions[index + 1]?.id ?? null);
      expect(revision.isLatest).toBe(index === 0);
      if (index > 0) expect(['deployed', 'failed']).toContain(revision.state);
      const names = new Set([...(await contentOf(revision.id)).keys()]);
      for (const batch of people.flatMap((person) => person.batches)) {
        const there = batch.filter((name) => names.has(`Config/${name}`));
        expect([0, batch.length]).toContain(there.length);
      }
    }
  },
);

test('who says what they have read loses no update, and overwrites nobody', async () => {
  const counter = (value: number) => sampleConfig('counter', { value: String(value) });
  await at.store.drafts.write(pod.id, { type: 'create', documents: [counter(0)] }, RULES);
  const read = async () => {
    const [entry] = await at.store.revisions.entries(pod.head.id);
    if (entry?.document.kind !== 'Config') throw new Error('the counter is there');
    return { hash: entry.hash, value: Number(entry.document.spec.files.value) };
  };
  const addOne = async (store: Store): Promise<void> => {
    for (;;) {
      const seen = await read();
      const expectSame = ([entry]: readonly RevisionEntry[]) => {
        if (entry?.hash.equals(seen.hash) !== true) throw new ApiError('PRECONDITION_FAILED', 'changed');
      };
      const change: DraftChange = { type: 'replace', document: counter(seen.value + 1) };
      try {
        await store.drafts.write(pod.id, change, { ...RULES, expect: expectSame });
        return;
      } catch (error) {
        if (!(error instanceof ApiError) || error.code !== 'PRECONDITION_FAILED') throw error;
      }
    }
  };
  await Promise.all(Array.from({ length: 20 }, (_, index) => addOne(servers[index % 2] ?? at.store)));
  expect((await read()).value).toBe(20);
});

test('a deploy takes all of a change or nothing of it, whichever comes first', async () => {
  for (let round = 0; round < 15; round++) {
    const batch = [sampleApp(`a-${round}`), sampleConfig(`b-${round}`)];
    const write = at.store.drafts.write(pod.id, { type: 'create', documents: batch }, RULES);
    const deploy = servers[1]?.deployments.deploy(pod.id, { check: () => [], actor: TEST_ACTOR });
    const [written, deployed] = await Promise.allSettled([write, deploy]);
    if (written.status === 'rejected' || !written.value.ok)
      throw new Error('a new name can always be written');
    const revisions = await allRevisions();
    for (const { id } of revisions) {
      const names = [...(await contentOf(id)).keys()];
      expect(names.includes(`App/a-${round}`)).toBe(names.includes(`Config/b-${round}`));
    }
    const isIn = async (id: string) => (await contentOf(id)).has(`App/a-${round}`);
    expect(await isIn(revisions[0]?.id ?? '')).toBe(true);
    expect(await isIn(written.value.revisionId)).toBe(true);
    if (deployed.status === 'fulfilled' && deployed.value?.ok === true) {
      expect(await isIn(deployed.value.revisionId)).toBe(
        deployed.value.revisionId === written.value.revisionId,
      );
      await at.store.reconciler.markFailed(deployed.value.revisionId, 'It broke.');
    }
  }
});

test('a list read page by page skips and repeats nothing while revisions are added', async () => {
  const addRevision = async (index: number) => {
    await at.store.drafts.write(pod.id, { type: 'create', documents: [sampleConfig(`c-${index}`)] }, RULES);
    const result = await at.store.deployments.deploy(pod.id, { check: () => [], actor: TEST_ACTOR });
    if (result.ok) await at.store.reconciler.markFailed(result.revisionId, 'It broke.');
  };
  for (let index = 0; index < 12; index++) await addRevision(index);
  const versions: number[] = [];
  for (let cursor: string | undefined, index = 12; ; index++) {
    const page = await at.store.revisions.list(pod.id, {
      limit: 3,
      ...(cursor === undefined ? {} : { cursor }),
    });
    versions.push(...(page?.items ?? []).map(({ version }) => version));
    await addRevision(index);
    if (page === null || page.nextCursor === null) break;
    cursor = page.nextCursor;
  }
  expect(versions).toEqual(Array.from({ length: 12 }, (_, index) => 12 - index));
});

test('what was live at an instant is found for every instant', async () => {
  const client = new pg.Client(clientConfig(at.address));
  await client.connect();
  const live: { id: string; deployed_at: Date }[] = [];
  try {
    for (let index = 0; index < 8; index++) {
      await at.store.drafts.write(pod.id, { type: 'create', documents: [sampleConfig(`c-${index}`)] }, RULES);
      const result = await at.store.deployments.deploy(pod.id, { check: () => [], actor: TEST_ACTOR });
      if (!result.ok) throw new Error('not deployed');
      await at.store.reconciler.markReady(result.revisionId, 'sum');
      if (index % 3 === 2) await at.store.reconciler.markFailed(result.revisionId, 'It broke.');
      else await at.store.reconciler.markDeployed(result.revisionId);
    }
    const { rows } = await client.query(
      `select id, date_trunc('milliseconds', deployed_at) + interval '1 millisecond' as deployed_at
       from revision where pod_id = $1 and deployed_at is not null order by deployed_at`,
      [pod.id],
    );
    live.push(...rows);
  } finally {
    await client.end();
  }
  expect(live).toHaveLength(6);
  for (const [index, { id, deployed_at: from }] of live.entries()) {
    const until = live[index + 1]?.deployed_at ?? new Date(from.getTime() + 3_600_000);
    // Two that went live in the same millisecond cannot be told apart by an instant of milliseconds.
    for (const time of [from.getTime(), (from.getTime() + until.getTime()) / 2, until.getTime() - 2]) {
      if (time < from.getTime() || time > until.getTime() - 2) continue;
      expect((await at.store.revisions.activeAt(pod.id, new Date(time)))?.id).toBe(id);
    }
  }
  const before = new Date((live[0]?.deployed_at.getTime() ?? 0) - 2);
  expect(await at.store.revisions.activeAt(pod.id, before)).toBeNull();
});
