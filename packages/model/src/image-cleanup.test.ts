import { expect, test } from 'vitest';
import { type CleanupPolicy, type NamedImage, planCleanup } from './image-cleanup.ts';
import type { HeldManifest } from './stored-image.ts';

const NOW = Date.parse('2026-03-10T12:00:00Z');
const POLICY: CleanupPolicy = { keepRevisions: 3, keepTags: [], keepDays: 30, daily: false };

const image = (digest: string, changes: Partial<HeldManifest> = {}): HeldManifest => ({
  ...{ repository: 'web', digest, tags: [], parts: [], subject: null },
  pushedAtMs: NOW - 40 * 86_400_000,
  blobs: [{ digest, bytes: 1 }],
  ...changes,
});

function plan(held: HeldManifest[], policy: Partial<CleanupPolicy> = {}, named: NamedImage[] = []) {
  const { go, keep, bytes } = planCleanup(held, { policy: { ...POLICY, ...policy }, named, nowMs: NOW });
  const told = (verdicts: typeof go) => verdicts.map((each) => `${each.image.digest}: ${each.reason}`);
  return { go: told(go), keep: told(keep), bytes };
}

test('what is old, named by nobody and has no tag that is kept goes, and says why', () => {
  const held = [image('a', { tags: ['v1'] }), image('b'), image('c', { pushedAtMs: NOW - 86_400_000 })];
  expect(plan(held)).toEqual({
    go: [
      'a: pushed more than 30 days ago, without a tag that is kept, and not named by the last 3 deployed revisions',
      'b: pushed more than 30 days ago, without a tag, and not named by the last 3 deployed revisions',
    ],
    keep: ['c: pushed within the last 30 days'],
    bytes: 2,
  });
});

test('what a revision names stays, by its digest or by its tag, in its repository', () => {
  const held = [image('a'), image('b', { tags: ['v1'] }), image('a', { repository: 'other' })];
  const named = [
    { repository: 'web', reference: 'a', by: 'revision 7' },
    { repository: 'web', reference: 'v1', by: 'the draft' },
  ];
  const { go, keep } = plan(held, {}, named);
  expect(keep).toEqual(['a: revision 7 names it', 'b: the draft names it']);
  expect(go).toHaveLength(1);
});

test('tags are kept by pattern, whole, and no character but the star means another', () => {
  const tags = ['v1.2', 'v1x2', 'latest', 'not-latest', 'release-7-final', 'a+b'];
  const held = tags.map((tag) => image(tag, { tags: [tag] }));
  const { keep } = plan(held, { keepTags: ['v1.2', 'latest', 'release-*-final', 'a+b', '[v'] });
  expect(keep).toEqual([
    'v1.2: tag v1.2 is kept',
    'latest: tag latest is kept',
    'release-7-final: tag release-7-final is like release-*-final',
    'a+b: tag a+b is kept',
  ]);
  expect(plan(held, { keepTags: ['*'] }).go).toEqual([]);
  const one = (tag: string, pattern: string) =>
    plan([image('x', { tags: [tag] })], { keepTags: [pattern] }).keep.length === 1;
  expect(['ab', 'axb', 'a'].map((tag) => one(tag, 'a*b'))).toEqual([true, true, false]);
  expect(['aba', 'abcba', 'ab'].map((tag) => one(tag, 'ab*ba'))).toEqual([false, true, false]);
  // Nothing that is sent takes long.
  expect(one('a'.repeat(128), `${'*a'.repeat(60)}*b`)).toBe(false);
});

test('parts of an index stay with it, and signatures with what they are about', () => {
  const held = [
    image('index', { tags: ['v1'], parts: ['part', 'lost'] }),
    image('part'),
    image('signature', { subject: 'part' }),
    image('about the signature', { subject: 'signature' }),
    image('stale'),
    image('about the stale', { subject: 'stale' }),
  ];
  expect(plan(held, { keepTags: ['v1'] }).keep).toEqual([
    'index: tag v1 is kept',
    'part: part of index, which stays',
    'signature: about part, which stays',
    'about the signature: about signature, which stays',
  ]);
  expect(plan(held).keep).toEqual([]);
});

test('freed is what nothing that stays is made of, once', () => {
  const base = { digest: 'base', bytes: 100 };
  const own = { digest: 'own', bytes: 10 };
  const held = [
    image('a', { blobs: [base, { digest: 'x', bytes: 1 }], tags: ['keep'] }),
    image('b', { blobs: [base, own] }),
    image('c', { blobs: [own], repository: 'copy' }),
  ];
  expect(plan(held, { keepTags: ['keep'] }).bytes).toBe(10);
});
