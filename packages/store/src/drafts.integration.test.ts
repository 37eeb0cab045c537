import type { Kind, ResourceInput } from '@brainpod/model/document';
import {
  sampleApp,
  sampleConfig,
  sampleDisk,
  samplePostgres,
  sampleRoute,
} from '@brainpod/testkit/sample-documents';
import { TEST_ACTOR } from '@brainpod/testkit/test-actor';
import { openSecondStore, openTestStore, type TestStore } from '@brainpod/testkit/test-store';
import pg from 'pg';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { clientConfig } from './connection.ts';
import type { RevisionEntry } from './documents.ts';
import type { DraftChange } from './drafts.ts';
import type { PodRecord } from './pods.ts';

let at: TestStore;
let pod: PodRecord;

const RULES = { domain: 'example.test', check: () => [], actor: TEST_ACTOR };

beforeAll(async () => {
  at = await openTestStore();
});
afterAll(() => at.store.close());
beforeEach(async () => {
  pod = await newPod();
});

function newPod(): Promise<PodRecord> {
  const { accountId, userId, clusterId } = at;
  return at.store.pods.create({
    accountId,
    ownerId: userId,
    clusterId,
    displayName: null,
    actor: TEST_ACTOR,
  });
}

function create(...documents: ResourceInput[]): DraftChange {
  return { type: 'create', documents };
}

async function written(
  change: DraftChange,
  podId = pod.id,
): Promise<{ revisionId: string; names: string[] }> {
  const result = await at.store.drafts.write(podId, change, RULES);
  if (!result.ok) throw new Error(`not written: ${JSON.stringify(result.faults)}`);
  return {
    revisionId: result.revisionId,
    names: result.resources.map(({ kind, name }) => `${kind}/${name}`),
  };
}

async function namesIn(revisionId: string): Promise<string[]> {
  return (await at.store.resources.list(revisionId)).map(({ kind, name }) => `${kind}/${name}`);
}

async function deployAndFinish(): Promise<string> {
  const result = await at.store.deployments.deploy(pod.id, { check: () => [], actor: TEST_ACTOR });
  if (!result.ok) throw new Error('not deployed');
  await at.store.reconciler.markReady(result.revisionId, 'sum');
  await at.store.reconciler.markDeployed(result.revisionId);
  return result.revisionId;
}

describe('writing', () => {
  test('piles up in the draft that a new pod has', async () => {
    expect(pod.head).toMatchObject({ version: 1, state: 'draft', parentId: null });
    expect(await written(create(sampleApp()))).toEqual({ revisionId: pod.head.id, names: ['App/web'] });
    expect(await written(create(sampleConfig()))).toEqual({
      revisionId: pod.head.id,
      names: ['Config/settings'],
    });
    expect(await namesIn(pod.head.id)).toEqual(['App/web', 'Config/settings']);
  });

  test('refuses a name that is taken, and then writes nothing of the batch', async () => {
    await written(create(sampleApp()));
    const result = await at.store.drafts.write(pod.id, create(sampleConfig(), sampleApp()), RULES);
    expect(result).toEqual({
      ok: false,
      faults: [{ path: 'App/web.metadata.name', message: expect.stringContaining('exists already') }],
    });
    expect(await namesIn(pod.head.id)).toEqual(['App/web']);
  });

  test('takes the same name in another kind', async () => {
    await written(create(sampleApp('web'), sampleRoute('web')));
    expect(await namesIn(pod.head.id)).toEqual(['App/web', 'Route/web']);
  });

  test('shows the rules all of the draft, and obeys them', async () => {
    await written(create(sampleApp('one')));
    const seen: string[][] = [];
    const result = await at.store.drafts.write(pod.id, create(sampleApp('two')), {
      ...RULES,
      actor: TEST_ACTOR,
      check: ({ documents, changed }) => {
        seen.push(
          documents.map(({ metadata }) => metadata.name),
          changed.map(({ metadata }) => metadata.name),
        );
        return [{ path: 'App/two.spec', message: 'no' }];
      },
    });
    expect(result).toEqual({ ok: false, faults: [{ path: 'App/two.spec', message: 'no' }] });
    expect(seen).toEqual([['one', 'two'], ['two']]);
    expect(await namesIn(pod.head.id)).toEqual(['App/one']);
  });

  test('replaces and deletes in place', async () => {
    await written(create(sampleApp('web'), sampleConfig()));
    const changed = sampleApp('web', { replicas: 3, instance: '1x' });
    expect(await written({ type: 'replace', document: changed })).toEqual({
      revisionId: pod.head.id,
      names: ['App/web'],
    });
    expect((await at.store.resources.find(pod.head.id, 'App', 'web'))?.document).toEqual(changed);
    expect(await written({ type: 'delete', kind: 'App', name: 'web' })).toEqual({
      revisionId: pod.head.id,
      names: ['App/web'],
    });
    expect(await namesIn(pod.head.id)).toEqual(['Config/settings']);
  });

  test('says which resource is not there to replace or delete', async () => {
    const replace = at.store.drafts.write(pod.id, { type: 'replace', document: sampleApp('gone') }, RULES);
    await expect(replace).rejects.toMatchObject({ code: 'NOT_FOUND' });
    const remove = at.store.drafts.write(pod.id, { type: 'delete', kind: 'Route', name: 'gone' }, RULES);
    await expect(remove).rejects.toMatchObject({ code: 'NOT_FOUND' });
  });

  test.each(['deployed', 'failed', 'pending'] as const)(
    'makes a draft on top of a head that is %s',
    async (state) => {
      await written(create(sampleApp()));
      const first = await at.store.deployments.deploy(pod.id, { check: () => [], actor: TEST_ACTOR });
      if (!first.ok) throw new Error('not deployed');
      if (state === 'failed') await at.store.reconciler.markFailed(first.revisionId, 'broken');
      if (state === 'deployed') {
        await at.store.reconciler.markReady(first.revisionId, 'sum');
        await at.store.reconciler.markDeployed(first.revisionId);
      }
      const { revisionId } = await written(create(sampleConfig()));
      expect(revisionId).not.toBe(first.revisionId);
      expect(await at.store.revisions.find(pod.id, revisionId)).toMatchObject({
        parentId: first.revisionId,
        version: 2,
        state: 'draft',
        isLatest: true,
      });
      expect(await namesIn(revisionId)).toEqual(['App/web', 'Config/settings']);
      expect(await namesIn(first.revisionId)).toEqual(['App/web']);
    },
  );

  test('keeps the id of a resource through revisions', async () => {
    await written(create(sampleApp()));
    const before = await at.store.resources.find(pod.head.id, 'App', 'web');
    await deployAndFinish();
    const { revisionId } = await written({
      type: 'replace',
      document: sampleApp('web', { image: 'nginx:1.30' }),
    });
    const after = await at.store.resources.find(revisionId, 'App', 'web');
    expect(after?.uid).toBe(before?.uid);
    expect(before?.uid).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  });

  test('an empty batch changes nothing and makes no draft', async () => {
    await written(create(sampleApp()));
    const deployed = await deployAndFinish();
    expect(await written(create())).toEqual({ revisionId: deployed, names: [] });
  });
});

describe('rehearsing', () => {
  test('finds what writing would find, and keeps nothing', async () => {
    await written(create(sampleApp()));
    expect(await at.store.drafts.rehearse(pod.id, create(sampleConfig(), sampleRoute()), RULES)).toEqual([]);
    expect(await at.store.drafts.rehearse(pod.id, create(sampleApp()), RULES)).toHaveLength(1);
    expect(await namesIn(pod.head.id)).toEqual(['App/web']);
  });
});

describe('host names', () => {
  async function hostnameOf(revisionId: string, name = 'web'): Promise<string> {
    const route = await at.store.resources.find(revisionId, 'Route', name);
    if (route?.document.kind !== 'Route') throw new Error('no Route');
    return route.document.spec.hostname;
  }

  test('are assigned, and put back whatever a replacement says', async () => {
    await written(create(sampleRoute('web', { hostname: 'mine.example.test' })));
    const assigned = await hostnameOf(pod.head.id);
    expect(assigned).toBe(`web-${pod.name}.example.test`);
    await written({
      type: 'replace',
      document: sampleRoute('web', { hostname: 'other.example.test', timeout: 5 }),
    });
    expect(await hostnameOf(pod.head.id)).toBe(assigned);
    await written({ type: 'delete', kind: 'Route', name: 'web' });
    await written(create(sampleRoute('web')));
    expect(await hostnameOf(pod.head.id)).toBe(assigned);
  });

  test('own domains belong to the pod that proved its control, until nothing of it names them', async () => {
    const other = await newPod();
    const domains = [`${pod.name}.example.com`, `www.${pod.name}.example.com`];
    const wanted = create(
      sampleApp(),
      sampleRoute('shop', { domains: [`${other.name}.example.com`, ...domains] }),
    );
    await written(create(sampleRoute('web', { domains })));
    // Naming them blocks nobody.
    expect(await at.store.drafts.rehearse(other.id, wanted, RULES)).toEqual([]);
    for (const domain of domains) expect(await at.store.domains.hold(pod.id, domain, new Date())).toBe(true);
    const refused = await at.store.drafts.write(other.id, wanted, RULES);
    expect(refused).toMatchObject({
      ok: false,
      faults: [
        { path: 'Route/shop.spec.domains[1]', message: expect.stringContaining('another pod') },
        { path: 'Route/shop.spec.domains[2]', message: expect.stringContaining('another pod') },
      ],
    });
    expect(await at.store.domains.list(other.id)).toEqual([]);
    const first = await deployAndFinish();
    // The draft names them no more, but what is deployed still does.
    await written({ type: 'replace', document: sampleRoute('web') });
    expect(await at.store.drafts.rehearse(other.id, wanted, RULES)).toHaveLength(2);
    expect(await deployAndFinish()).not.toBe(first);
    await written(wanted, other.id);
  });

  test('own domains cannot lie under the platform domain', async () => {
    const domains = ['example.test', 'foo.example.test', 'fooexample.test'];
    const faults = await at.store.drafts.rehearse(pod.id, create(sampleRoute('web', { domains })), RULES);
    expect(faults.map(({ path }) => path)).toEqual([
      'Route/web.spec.domains[0]',
      'Route/web.spec.domains[1]',
    ]);
  });

  test('of pods that want the same domains at once, in any order, each may; one comes to hold each', async () => {
    const pods = [pod, await newPod(), await newPod(), await newPod()];
    const domains = ['a', 'b', 'c'].map((label) => `${label}-${pod.name}.example.com`);
    const wants = await Promise.all(
      pods.map(({ id }, index) =>
        at.store.drafts.write(
          id,
          create(sampleRoute('web', { domains: index % 2 === 0 ? domains : domains.toReversed() })),
          RULES,
        ),
      ),
    );
    expect(wants.every((result) => result.ok)).toBe(true);
    for (const domain of domains) {
      const held = await Promise.all(pods.map(({ id }) => at.store.domains.hold(id, domain, new Date())));
      expect(held.filter((isHeld) => isHeld)).toHaveLength(1);
    }
  });
});

describe('many writers at once, on two servers', () => {
  test('lose no update', async () => {
    const stores = [at.store, openSecondStore(at.address)];
    await deployAndFinish();
    const names = Array.from({ length: 24 }, (_, index) => `app-${index}`);
    const results = await Promise.all(
      names.map((name, index) => stores[index % 2]?.drafts.write(pod.id, create(sampleApp(name)), RULES)),
    );
    const ids = new Set(results.map((result) => (result?.ok ? result.revisionId : 'refused')));
    expect(ids.size).toBe(1);
    const [draftId = ''] = ids;
    expect(await namesIn(draftId)).toEqual(names.map((name) => `App/${name}`).sort());
    expect(
      (await at.store.revisions.list(pod.id, { limit: 50 }))?.items.map(({ version }) => version),
    ).toEqual([2, 1]);
  });

  test('write whole batches or nothing of them', async () => {
    const stores = [at.store, openSecondStore(at.address)];
    // Each batch shares one name with every other, so just one can win.
    const batches = Array.from({ length: 12 }, (_, index) =>
      create(sampleApp(`own-a-${index}`), sampleApp('shared'), sampleApp(`own-b-${index}`)),
    );
    const results = await Promise.all(
      batches.map((batch, index) => stores[index % 2]?.drafts.write(pod.id, batch, RULES)),
    );
    const winners = results.flatMap((result, index) => (result?.ok ? [index] : []));
    expect(winners).toHaveLength(1);
    expect(await namesIn(pod.head.id)).toEqual([
      `App/own-a-${winners[0]}`,
      `App/own-b-${winners[0]}`,
      'App/shared',
    ]);
  });

  test('a deploy takes a whole write or none of it', async () => {
    const second = openSecondStore(at.address);
    const [write, deploy] = await Promise.all([
      at.store.drafts.write(pod.id, create(sampleApp('a'), sampleApp('b')), RULES),
      second.deployments.deploy(pod.id, { check: () => [], actor: TEST_ACTOR }),
    ]);
    if (!write.ok || !deploy.ok) throw new Error('both are possible in any order');
    const deployed = await namesIn(deploy.revisionId);
    expect(deployed).toEqual(write.revisionId === deploy.revisionId ? ['App/a', 'App/b'] : []);
    expect(await namesIn(write.revisionId)).toEqual(['App/a', 'App/b']);
  });
});

describe('what never changes', () => {
  const contentOf = async (kind: Kind, name: string) =>
    (await at.store.resources.find(pod.head.id, kind, name))?.document;

  test('is put back in a replacement, and what the platform sets is not taken from a new one', async () => {
    const disk = sampleDisk();
    await written(create({ ...disk, spec: { ...disk.spec, volumeHandle: 'stolen' } }, samplePostgres()));
    expect(await contentOf('Disk', 'data')).toEqual(disk);
    const other = samplePostgres('db', 'elsewhere');
    const bigger: ResourceInput = { ...other, spec: { ...other.spec, instance: '2x' } };
    await written({ type: 'replace', document: bigger });
    expect(await contentOf('Postgres', 'db')).toEqual({
      ...bigger,
      spec: { ...bigger.spec, diskRef: 'urn:brain:disk:default:data' },
    });
  });

  test('a Disk grows and never shrinks', async () => {
    await written(create(sampleDisk('data', 10)));
    await written({ type: 'replace', document: sampleDisk('data', 20) });
    const smaller: DraftChange = { type: 'replace', document: sampleDisk('data', 19) };
    expect(await at.store.drafts.write(pod.id, smaller, RULES)).toMatchObject({
      ok: false,
      faults: [{ path: 'Disk/data.spec.size' }],
    });
    expect(await contentOf('Disk', 'data')).toEqual(sampleDisk('data', 20));
  });
});

describe('a resource that is being restarted', () => {
  async function restart(finished: boolean): Promise<void> {
    const client = new pg.Client(clientConfig(at.address));
    await client.connect();
    await client.query(
      `insert into resource_restart (pod_id, kind, name, restarted_at, finished_at)
       values ($1, 'App', 'web', now(), $2)
       on conflict (pod_id, kind, name) do update set finished_at = excluded.finished_at`,
      [pod.id, finished ? new Date() : null],
    );
    await client.end();
  }

  test('is shown as locked, and cannot be changed until that is over', async () => {
    await written(create(sampleApp(), sampleConfig()));
    await restart(false);
    expect((await at.store.resources.list(pod.head.id)).map(({ locked }) => locked)).toEqual([true, false]);
    const changes: DraftChange[] = [
      { type: 'replace', document: sampleApp('web', { image: 'nginx:2' }) },
      { type: 'delete', kind: 'App', name: 'web' },
    ];
    for (const change of changes) {
      await expect(at.store.drafts.write(pod.id, change, RULES)).rejects.toMatchObject({
        code: 'PRECONDITION_FAILED',
      });
    }
    await written({ type: 'delete', kind: 'Config', name: 'settings' });
    await restart(true);
    expect((await at.store.resources.list(pod.head.id)).map(({ locked }) => locked)).toEqual([false]);
    for (const change of changes) await written(change);
  });
});

describe('an expectation', () => {
  test('sees what the head holds before the change, and nothing is written when it throws', async () => {
    await written(create(sampleApp()));
    const before = await at.store.revisions.entries(pod.head.id);
    const refuse = (entries: readonly RevisionEntry[]): void => {
      throw new Error(`held ${entries.map(({ hash }) => hash.toString('hex'))}`);
    };
    const held = `held ${before.map(({ hash }) => hash.toString('hex'))}`;
    const write = at.store.drafts.write(pod.id, create(sampleConfig()), { ...RULES, expect: refuse });
    await expect(write).rejects.toThrow(held);
    const rehearsal = at.store.drafts.rehearse(pod.id, create(sampleConfig()), { ...RULES, expect: refuse });
    await expect(rehearsal).rejects.toThrow(held);
    const deploy = at.store.deployments.deploy(pod.id, {
      check: () => [],
      expect: refuse,
      actor: TEST_ACTOR,
    });
    await expect(deploy).rejects.toThrow(held);
    expect(await namesIn(pod.head.id)).toEqual(['App/web']);
    expect(await at.store.pods.find(at.accountId, pod.name)).toMatchObject({ head: { state: 'draft' } });
  });
});
