// biome-ignore-all lint/suspicious/noTemplateCurlyInString: references between resources are written this way.
import {
  capacityOf,
  type Interruption,
  type PlanAction,
  type PlannedChange,
  type PodSide,
  planChanges,
} from '@brainpod/compiler/plan';
import { parseResourceDocument, type ResourceDocument } from '@brainpod/model/document';
import { INSTANCE_SIZES } from '@brainpod/model/instance-size';
import { describe, expect, test } from 'vitest';
import { PLATFORM, POD } from './golden-case.ts';

function documentOf(kind: string, name: string, spec: object): ResourceDocument {
  const metadata = { name, namespace: 'default' };
  const parsed = parseResourceDocument({ apiVersion: 'pod.brainpod.io/v1alpha1', kind, metadata, spec });
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.faults));
  return parsed.value;
}

function app(spec: object = {}, name = 'web'): ResourceDocument {
  return documentOf('App', name, { image: 'nginx:1', env: [], instance: '1x', replicas: 2, ...spec });
}

function rule(path: string, port = 3000, appName = 'web'): object {
  return { name: path, path, port, backendRef: `urn:brain:app:default:${appName}` };
}

function route(spec: object = {}, name = 'shop'): ResourceDocument {
  return documentOf('Route', name, { hostname: `${name}.example.com`, rules: [rule('/')], ...spec });
}

const config = (files: object, name = 'settings') => documentOf('Config', name, { files });
const disk = (size: number, name = 'data') => documentOf('Disk', name, { size });
const postgres = (diskName = 'data', spec: object = {}) =>
  documentOf('Postgres', 'db', {
    version: '16',
    instance: '1x',
    diskRef: `urn:brain:disk:default:${diskName}`,
    ...spec,
  });
const mounted = { mounts: [{ path: '/etc/app.toml', file: 'app.toml', config: 'settings' }] };
const onDisk = { replicas: 1, mounts: [{ path: '/data', disk: 'urn:brain:disk:default:data' }] };

function side(documents: ResourceDocument[], pod: Partial<PodSide['pod']> = {}): PodSide {
  return { documents, pod: { ...POD, ...pod } };
}

type Row = { action: PlanAction; reasons?: string[]; interruption?: Interruption; dataAtRisk?: string };

/** What the plan says of each resource that it does something to, by its place. */
function plan(before: PodSide | null, after: PodSide): Record<string, Row> {
  const changes = planChanges(before, after, PLATFORM).filter(({ action }) => action !== 'none');
  return Object.fromEntries(changes.map((change) => [`${change.kind}/${change.name}`, rowOf(change)]));
}

function rowOf({ action, reasons, interruption, dataAtRisk }: PlannedChange): Row {
  return {
    action,
    reasons,
    ...(interruption === null ? {} : { interruption }),
    ...(dataAtRisk === null ? {} : { dataAtRisk }),
  };
}

/** An App with all that can change it from outside. */
const shop = [app(mounted), config({ 'app.toml': 'a' }), route()];

describe('nothing', () => {
  test('is what an equal pod comes to, and every resource is listed, by kind, then name', () => {
    const documents = [route(), config({}, 'z'), app({}, 'web'), app({}, 'api'), disk(5), postgres()];
    const again = structuredClone(documents).toReversed();
    expect(planChanges(side(documents), side(again), PLATFORM)).toEqual(
      ['App/api', 'App/web', 'Config/z', 'Route/shop', 'Postgres/db', 'Disk/data'].map((place) => {
        const [kind, name] = place.split('/');
        return { kind, name, action: 'none', interruption: null, dataAtRisk: null, reasons: [] };
      }),
    );
  });

  test('and nothing of nothing', () => {
    expect(planChanges(null, side([]), PLATFORM)).toEqual([]);
  });
});

test('an image that was pushed anew under its name is rolled out, and the plan says why', () => {
  const at = (digest: string) =>
    side([app()], { imageDigests: { 'nginx:1': `sha256:${digest.repeat(64)}` } });
  expect(plan(at('a'), at('a'))).toEqual({});
  expect(plan(at('a'), at('b'))).toEqual({
    'App/web': { action: 'roll', reasons: ['image nginx:1 was pushed anew'] },
  });
  expect(plan(side([app()]), at('a'))).toEqual({
    'App/web': { action: 'roll', reasons: ['image nginx:1 is run by its digest from now on'] },
  });
});

test('everything is new in a pod without a deployed revision', () => {
  expect(plan(null, side(shop))).toEqual({
    'App/web': { action: 'create', reasons: ['it is new'] },
    'Config/settings': { action: 'create', reasons: ['it is new'] },
    'Route/shop': { action: 'create', reasons: ['it is new'] },
  });
});

describe('an App', () => {
  test.each<[string, object, Row]>([
    ['image', { image: 'nginx:2' }, { action: 'roll', reasons: ['image is nginx:2, and was nginx:1'] }],
    ['instance', { instance: '2x' }, { action: 'roll', reasons: ['instance is 2x, and was 1x'] }],
    ['env', { env: [{ name: 'A', value: 'hunter2' }] }, { action: 'roll', reasons: ['variable A is new'] }],
    ['lifecycle', { lifecycle: { init: './migrate' } }, { action: 'roll', reasons: ['lifecycle is new'] }],
    ['checks', { checks: { ready: { port: 3000 } } }, { action: 'roll', reasons: ['checks is new'] }],
    ['runtime', { runtime: { uid: 5 } }, { action: 'roll', reasons: ['runtime is new'] }],
    ['mounts', { mounts: [] }, { action: 'roll', reasons: ['the mount at /etc/app.toml is taken out'] }],
    ['more replicas', { replicas: 9 }, { action: 'scale', reasons: ['replicas is 9, and was 2'] }],
    ['fewer replicas', { replicas: 1 }, { action: 'scale', reasons: ['replicas is 1, and was 2'] }],
    [
      'artifactSelector',
      { artifactSelector: { status: 'pending' } },
      { action: 'update', reasons: ['artifactSelector is new'] },
    ],
    ['buildRef', { buildRef: 'x' }, { action: 'update', reasons: ['buildRef is x, and was not set'] }],
    [
      'all that counts, without what does not',
      { image: 'nginx:2', replicas: 3, buildRef: 'x' },
      { action: 'roll', reasons: ['image is nginx:2, and was nginx:1', 'replicas is 3, and was 2'] },
    ],
  ])('is changed by its %s', (_what, spec, expected) => {
    const after = [app({ ...mounted, ...spec }), ...shop.slice(1)];
    expect(plan(side(shop), side(after))).toEqual({ 'App/web': expected });
  });

  test('names each variable that changed, and no value', () => {
    const env = (...entries: string[]) => ({
      env: entries.map((entry) => ({ name: entry[0] ?? '', value: entry })),
    });
    const before = side([app(env('A-secret', 'B', 'C'))]);
    expect(plan(before, side([app(env('A-other', 'C', 'D'))]))).toEqual({
      'App/web': {
        action: 'roll',
        reasons: ['variable A changed', 'variable B is taken out', 'variable D is new'],
      },
    });
    expect(plan(before, side([app(env('C', 'B', 'A-secret'))]))['App/web']).toEqual({
      action: 'roll',
      reasons: ['the order changed in which it lists variable A, B, C'],
    });
  });

  test('is rolled by a Config that it mounts, and by no other', () => {
    const other = config({ x: 'y' }, 'other');
    const after = [app(mounted), config({ 'app.toml': 'b', more: '' }), other, route()];
    expect(plan(side([...shop, config({ x: '' }, 'other')]), side(after))).toEqual({
      'App/web': {
        action: 'roll',
        reasons: [
          'Config "settings", which it mounts: file app.toml changed',
          'Config "settings", which it mounts: file more is new',
        ],
      },
      'Config/other': { action: 'update', reasons: ['file x changed'] },
      'Config/settings': { action: 'update', reasons: ['file app.toml changed', 'file more is new'] },
    });
  });

  test('is rolled by a Route that leads to another port', () => {
    const after = [...shop.slice(0, 2), route({ rules: [rule('/', 4000)] })];
    expect(plan(side(shop), side(after))).toEqual({
      'App/web': { action: 'roll', reasons: ['Route "shop" leads to its port 4000, and led to 3000'] },
      'Route/shop': { action: 'update', reasons: ['the rule for / changed'] },
    });
  });

  test('is rolled by a Route that lets requests take much longer, and not by a little', () => {
    const timeout = (seconds: number) => side([...shop.slice(0, 2), route({ timeout: seconds })]);
    expect(plan(side(shop), timeout(300))).toEqual({
      'App/web': {
        action: 'roll',
        reasons: ['Route "shop" lets a request take 300 seconds, and let it take 60'],
      },
      'Route/shop': { action: 'update', reasons: ['timeout is 300, and was 60'] },
    });
    expect(plan(side(shop), timeout(30))).toEqual({
      'Route/shop': { action: 'update', reasons: ['timeout is 30, and was 60'] },
    });
  });

  test('is left alone by a Route that lets in other networks', () => {
    const allow = (...networks: string[]) => side([...shop.slice(0, 2), route({ allow: networks })]);
    expect(plan(side(shop), allow('192.0.2.0/24'))).toEqual({
      'Route/shop': { action: 'update', reasons: ['allow is new: no other network is let in'] },
    });
    expect(plan(allow('192.0.2.0/24'), allow('198.51.100.7'))).toEqual({
      'Route/shop': {
        action: 'update',
        reasons: ['the network 192.0.2.0/24 is taken out', 'the network 198.51.100.7 is new'],
      },
    });
    expect(plan(allow('192.0.2.0/24'), side(shop))).toEqual({
      'Route/shop': { action: 'update', reasons: ['allow is taken out: every network is let in'] },
    });
  });

  test('is rolled by its first Route, updated by one to another port, and left alone by one to the same', () => {
    const first = plan(side([app()]), side([app(), route()]));
    expect(first['App/web']).toEqual({
      action: 'roll',
      reasons: ['Route "shop" leads to it now, at port 3000'],
    });
    const second = (port: number) => [...shop, route({ rules: [rule('/', port)] }, 'two')];
    expect(plan(side(shop), side(second(4000)))['App/web']).toEqual({
      action: 'update',
      reasons: ['Route "two" leads to it now, at port 4000'],
    });
    expect(plan(side(shop), side(second(3000)))['App/web']).toBeUndefined();
  });

  test('that loses its last Route is rolled', () => {
    expect(plan(side([app(), route()]), side([app()]))).toMatchObject({
      'App/web': { action: 'roll', reasons: ['Route "shop" does not lead to it any more'] },
      'Route/shop': { action: 'delete' },
    });
  });

  test('is rolled by a host name that it refers to', () => {
    const refers = app({ env: [{ name: 'URL', value: 'https://${shop.host}' }] });
    const other = route({ hostname: 'other.example.com' });
    expect(plan(side([refers, route()]), side([refers, other]))['App/web']).toEqual({
      action: 'roll',
      reasons: ['variable URL refers to something that changed'],
    });
  });

  test('that is removed is gone for good, with all that it alone answers', () => {
    const two = [app(), app({}, 'api'), route({ rules: [rule('/'), rule('/api', 80, 'api')] })];
    expect(plan(side([app()]), side([]))).toEqual({
      'App/web': {
        action: 'delete',
        reasons: ['it is taken out of the pod'],
        interruption: { what: 'App "web"', seconds: null, why: 'the App is removed' },
      },
    });
    const without = plan(side(two), side([app({}, 'api'), route({ rules: [rule('/api', 80, 'api')] })]));
    expect(without['App/web']?.interruption?.what).toBe('App "web", https://shop.example.com/');
    const replaced = plan(side(two), side([app({}, 'api'), route({ rules: [rule('/', 80, 'api')] })]));
    expect(replaced['App/web']?.interruption?.what).toBe('App "web"');
  });
});

describe('an App with a Disk', () => {
  const before = side([disk(10), app(onDisk)]);

  test('has to end before it starts anew', () => {
    expect(plan(before, side([disk(10), app({ ...onDisk, image: 'nginx:2' })]))).toEqual({
      'App/web': {
        action: 'restart',
        reasons: ['image is nginx:2, and was nginx:1'],
        // 30 to end, as no Route leads to it, and 3 to be taken for running.
        interruption: {
          what: 'App "web"',
          seconds: 33,
          why: 'its Disk serves one instance at a time, so the old one has to end before the new one starts',
        },
      },
    });
  });

  test('takes as long as its Routes let requests take, and its check needs', () => {
    const routed = (spec: object) => side([disk(10), app({ ...onDisk, ...spec }), route()]);
    const seconds = (spec: object) =>
      plan(routed({}), routed({ image: 'nginx:2', ...spec }))['App/web']?.interruption?.seconds;
    // 5 to drain, 60 to answer, 5 of margin; and a second, or five where a check is asked for.
    expect(seconds({})).toBe(71);
    expect(seconds({ checks: { ready: { port: 3000 } } })).toBe(75);
  });

  test('restarts when it gets its Disk, and rolls when it gives it back', () => {
    const without = side([disk(10), app({ replicas: 1 })]);
    expect(plan(without, before)['App/web']).toMatchObject({
      action: 'restart',
      reasons: ['the mount at /data is new'],
    });
    expect(plan(before, without)['App/web']).toEqual({
      action: 'roll',
      reasons: ['the mount at /data is taken out'],
    });
  });
});

describe('a Route', () => {
  const answers = (before: ResourceDocument[], after: ResourceDocument[]) =>
    plan(side([app(), ...before]), side([app(), ...after]))['Route/shop'];

  test.each<[string, object, string[]]>([
    ['a domain', { domains: ['www.example.org'] }, ['domain www.example.org is new']],
    ['a rule', { rules: [rule('/'), rule('/api')] }, ['the rule for /api is new']],
    ['a time-out', { timeout: 50 }, ['timeout is 50, and was 60']],
  ])('changes %s in place', (_what, spec, reasons) => {
    expect(plan(side([app(), route()]), side([app(), route(spec)]))).toEqual({
      'Route/shop': { action: 'update', reasons },
    });
  });

  test('that is removed stops answering for good', () => {
    expect(answers([route({ domains: ['www.example.org'] })], [])).toEqual({
      action: 'delete',
      reasons: ['it is taken out of the pod'],
      interruption: {
        what: 'https://shop.example.com/, https://www.example.org/',
        seconds: null,
        why: 'Route "shop" is removed',
      },
    });
  });

  test('stops answering at a domain and at a path that it does not name any more', () => {
    const before = route({ domains: ['www.example.org'], rules: [rule('/a'), rule('/b')] });
    expect(answers([before], [route({ rules: [rule('/a')] })])).toMatchObject({
      action: 'update',
      reasons: ['domain www.example.org is taken out', 'the rule for /b is taken out'],
      interruption: {
        what: 'https://shop.example.com/b, https://www.example.org/a, https://www.example.org/b',
        seconds: null,
        why: 'Route "shop" does not name it any more',
      },
    });
  });

  test.each<[string, object, object[]]>([
    ['a wider rule', { rules: [rule('/'), rule('/api')] }, [{ rules: [rule('/')] }]],
    ['the same path with a slash', { rules: [rule('/api/')] }, [{ rules: [rule('/api')] }]],
  ])('goes on answering by %s', (_what, before, [after]) => {
    expect(answers([route(before)], [route(after)])?.interruption).toBeUndefined();
  });

  test('does not stop answering at a domain that another Route takes', () => {
    const domains = { domains: ['www.example.org'] };
    const change = answers([route(domains), route({}, 'two')], [route(), route(domains, 'two')]);
    expect(change).toEqual({ action: 'update', reasons: ['domain www.example.org is taken out'] });
  });

  test('does not answer by a rule for a longer name', () => {
    const change = answers([route({ rules: [rule('/api')] })], [route({ rules: [rule('/a')] })]);
    expect(change?.interruption?.what).toBe('https://shop.example.com/api');
  });
});

test('a Config that is not mounted comes, changes and goes without anything being restarted', () => {
  const apps = [app()];
  expect(plan(side(apps), side([...apps, config({ a: '' })]))).toEqual({
    'Config/settings': { action: 'create', reasons: ['it is new'] },
  });
  expect(plan(side([...apps, config({ a: '' })]), side([...apps, config({})]))).toEqual({
    'Config/settings': { action: 'update', reasons: ['file a is taken out'] },
  });
  expect(plan(side([...apps, config({ a: '' })]), side(apps))).toEqual({
    'Config/settings': { action: 'delete', reasons: ['it is taken out of the pod'] },
  });
});

describe('what is done to the whole pod', () => {
  const stopped = { isStopped: true };

  test('stopping it ends every App until it is started', () => {
    expect(plan(side(shop), side(shop, stopped))).toEqual({
      'App/web': {
        action: 'scale',
        reasons: ['the pod is stopped'],
        interruption: { what: 'App "web"', seconds: null, why: 'the pod is stopped' },
      },
    });
    expect(plan(side(shop, stopped), side(shop))).toEqual({
      'App/web': { action: 'scale', reasons: ['the pod is started'] },
    });
  });

  test('in a stopped pod nothing is restarted, and nothing that answers is lost', () => {
    const changed = [app({ ...mounted, image: 'nginx:2' }), config({ 'app.toml': 'a' })];
    expect(plan(side(shop, stopped), side(changed, stopped))).toEqual({
      'App/web': {
        action: 'update',
        reasons: ['image is nginx:2, and was nginx:1', 'Route "shop" does not lead to it any more'],
      },
      'Route/shop': { action: 'delete', reasons: ['it is taken out of the pod'] },
    });
    expect(plan(side(shop, stopped), side([], stopped))['App/web']?.interruption).toBeUndefined();
  });

  test('restarting an App rolls it, or restarts it where it has a Disk', () => {
    const restarts = { restarts: { web: '2026-08-07T10:00:00.000Z' } };
    const reasons = ['a restart was asked for'];
    expect(plan(side(shop), side(shop, restarts))).toEqual({ 'App/web': { action: 'roll', reasons } });
    const documents = [disk(10), app(onDisk)];
    expect(plan(side(documents), side(documents, restarts))['App/web']).toMatchObject({
      action: 'restart',
      reasons,
      interruption: { seconds: 33 },
    });
  });

  test('limits change no resource', () => {
    const limits = { limits: { apps: 1, cpuMillis: 1, memoryMiB: 1, diskGb: 1 } };
    expect(plan(side(shop), side(shop, limits))).toEqual({});
  });
});

describe('what does not run yet', () => {
  test('is named as such', () => {
    expect(
      plan(null, side([disk(10), postgres(), app({ env: [{ name: 'A', value: '${db.uri}' }] })])),
    ).toEqual({
      'App/web': { action: 'create', reasons: ['it is new'] },
      'Postgres/db': { action: 'unsupported', reasons: ['Postgres does not run here yet'] },
      'Disk/data': { action: 'unsupported', reasons: ['Disk does not run here yet'] },
    });
  });

  test.each<[string, ResourceDocument[], Record<string, string>]>([
    ['a larger Disk', [disk(20), postgres()], {}],
    ['another size', [disk(10), postgres('data', { instance: '2x' })], {}],
    [
      'a smaller Disk',
      [disk(5), postgres()],
      { 'Disk/data': 'Disk "data" cannot shrink from 10 to 5 GB without losing files.' },
    ],
    [
      'no Disk and no database',
      [],
      {
        'Postgres/db': 'Postgres "db" is removed, and all its data is erased with Disk "data".',
        'Disk/data': 'All files on Disk "data" (10 GB) are erased.',
      },
    ],
    [
      'a Disk without its database',
      [disk(10)],
      {
        'Postgres/db':
          'Postgres "db" is removed. Its data stays on Disk "data", where nothing serves it any more.',
      },
    ],
    [
      'a database on another Disk',
      [disk(10), disk(10, 'new'), postgres('new')],
      {
        'Postgres/db':
          'Postgres "db" starts without data on Disk "new". Its data stays on Disk "data", where nothing serves it any more.',
      },
    ],
  ])('puts data at risk or not: %s', (_what, after, expected) => {
    const changes = planChanges(side([disk(10), postgres()]), side(after), PLATFORM);
    const atRisk = changes.flatMap(({ kind, name, dataAtRisk }) =>
      dataAtRisk === null ? [] : [[`${kind}/${name}`, dataAtRisk]],
    );
    expect(Object.fromEntries(atRisk)).toEqual(expected);
  });

  test('and a database that is removed is gone', () => {
    expect(plan(side([disk(10), postgres()]), side([disk(10)]))['Postgres/db']).toMatchObject({
      action: 'delete',
      interruption: { what: 'Postgres "db"', seconds: null, why: 'it is removed' },
    });
  });
});

test('documents that are not in order with each other are no plan', () => {
  expect(() => planChanges(null, side([app(mounted)]), PLATFORM)).toThrow(RangeError);
  expect(() => planChanges(side([route()]), side([]), PLATFORM)).toThrow(/only checked documents/);
});

test('what a pod asks for stands beside what it may ask for', () => {
  const demand = { apps: 1, cpuMillis: 2000, memoryMiB: 2048, diskGb: 10 };
  const none = { apps: null, cpuMillis: null, memoryMiB: null, diskGb: null };
  const documents = [app(), disk(10)];
  expect(capacityOf(documents, null, INSTANCE_SIZES)).toEqual({ demand, limits: none, faults: [] });
  const limits = { ...none, cpuMillis: 1000 };
  const capacity = capacityOf(documents, limits, INSTANCE_SIZES);
  expect(capacity).toMatchObject({ demand, limits });
  expect(capacity.faults.map(({ path }) => path)).toEqual(['limits.cpu']);
});
