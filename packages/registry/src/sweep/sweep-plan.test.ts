import { expect, test } from 'vitest';
import { planSweep, type RegistryFacts, type SeenFile } from './sweep-plan.ts';

const NOW = Date.parse('2026-03-10T12:00:00Z');
const HOUR = 3_600_000;
const AGES = { unreferencedMs: 24 * HOUR, uploadMs: 24 * HOUR };

const file = (path: string, hours: number): SeenFile => ({
  path,
  touchedAtMs: NOW - hours * HOUR,
  mark: path,
});
const blob = (digest: string, hours = 30) => ({ ...file(`blob ${digest}`, hours), digest, bytes: 10 });
const link = (repository: string, digest: string, hours = 30) => ({
  ...file(`link ${repository} ${digest}`, hours),
  ...{ repository, digest },
});
const facts = (some: Partial<RegistryFacts>): RegistryFacts => ({
  ...{ blobs: [], links: [], manifests: [], uploads: [], leftovers: [] },
  ...{ emptyFolders: [], emptyRepositories: [], setAside: [], inUse: new Set<string>() },
  ...some,
});
const freed = (some: Partial<RegistryFacts>) =>
  planSweep(facts(some), AGES, NOW).free.map((each) => each.file.path);

test('what nothing refers to goes after its time, links before blobs, and says why', () => {
  const { free, referenced } = planSweep(
    facts({
      blobs: [blob('layer'), blob('old'), blob('young', 23), blob('manifest')],
      links: [link('a/web', 'layer'), link('a/web', 'old'), link('a/web', 'young', 23)],
      manifests: [{ repository: 'a/web', digest: 'manifest', references: ['layer'] }],
    }),
    AGES,
    NOW,
  );
  expect(free.map(({ what, bytes, reason }) => ({ what, bytes, reason }))).toEqual([
    { what: 'link', bytes: 0, reason: 'no manifest of a/web names old, since 2026-03-09T06:00:00.000Z' },
    { what: 'blob', bytes: 10, reason: 'nothing refers to old, since 2026-03-09T06:00:00.000Z' },
  ]);
  expect(referenced.map((each) => each.path)).toEqual(['link a/web layer', 'blob layer', 'blob manifest']);
});

test('a blob that one repository still names stays, and goes out of those that do not', () => {
  const blobs = [blob('layer'), blob('manifest')];
  const manifests = [{ repository: 'a/web', digest: 'manifest', references: ['layer'] }];
  const links = [link('a/web', 'layer'), link('b/web', 'layer')];
  expect(freed({ blobs, links, manifests })).toEqual(['link b/web layer']);
});

test('a blob stays as long as a repository may still show it, though its bytes have not been touched for long', () => {
  expect(freed({ blobs: [blob('layer', 90)], links: [link('a/web', 'layer', 1)] })).toEqual([]);
});

test('manifests stay until they are deleted, named by a tag or an index or not', () => {
  const blobs = [blob('index'), blob('part'), blob('untagged')];
  const manifests = ['index', 'part', 'untagged'].map((digest) => ({
    ...{ repository: 'a/web', digest },
    references: digest === 'index' ? ['part'] : [],
  }));
  expect(freed({ blobs, manifests })).toEqual([]);
  expect(freed({ blobs, manifests: manifests.slice(0, 1) })).toEqual(['blob untagged']);
});

test('nothing of a repository goes where one of its manifests cannot be read', () => {
  const manifests = [{ repository: 'a/web', digest: 'torn', references: null }];
  const links = [link('a/web', 'layer'), link('b/web', 'other')];
  expect(freed({ blobs: [blob('layer'), blob('other'), blob('torn')], links, manifests })).toEqual([
    'link b/web other',
    'blob other',
  ]);
});

test('what is being pushed stays, however old it is', () => {
  const some = { blobs: [blob('layer')], links: [link('a/web', 'layer')] };
  expect(freed({ ...some, inUse: new Set(['layer']) })).toEqual([]);
  expect(freed(some)).toHaveLength(2);
});

test('uploads, broken writes and empty folders go after their time', () => {
  expect(
    freed({
      uploads: [
        { ...file('upload', 25), repository: 'a/web' },
        { ...file('going on', 1), repository: 'a/web' },
      ],
      leftovers: [file('data.tmp', 25), file('link.tmp', 0)],
      emptyFolders: [file('folder', 25), file('new folder', 1)],
      emptyRepositories: [file('repository', 25), file('new repository', 1)],
    }),
  ).toEqual(['upload', 'data.tmp', 'folder', 'repository']);
});
