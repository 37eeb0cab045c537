import fc from 'fast-check';
import { expect, test } from 'vitest';
import { formatImageReference, parseImageReference } from './image-reference.ts';

const digest = `sha256:${'ab'.repeat(32)}`;

test.each([
  ['nginx', { repository: 'nginx' }],
  ['nginx:1.29', { repository: 'nginx', tag: '1.29' }],
  ['library/nginx:_x-Y.z', { repository: 'library/nginx', tag: '_x-Y.z' }],
  ['docker.io/library/nginx', { registry: 'docker.io', repository: 'library/nginx' }],
  ['a:1/b', { registry: 'a:1', repository: 'b' }],
  ['localhost/a', { registry: 'localhost', repository: 'a' }],
  ['Registry/a', { registry: 'Registry', repository: 'a' }],
  ['127.0.0.1:5000/a/b/c:1', { registry: '127.0.0.1:5000', repository: 'a/b/c', tag: '1' }],
  [
    `r.example.com:5000/a/b:1@${digest}`,
    { registry: 'r.example.com:5000', repository: 'a/b', tag: '1', digest },
  ],
  [`a@${digest}`, { repository: 'a', digest }],
  ['a--b/c__d/e.f', { repository: 'a--b/c__d/e.f' }],
  [`a:${'t'.repeat(128)}`, { repository: 'a', tag: 't'.repeat(128) }],
])('%s is a reference', (text, value) => {
  expect(parseImageReference(text)).toEqual({ ok: true, value });
});

test.each([
  '',
  '/',
  '/a',
  'a/',
  'a//b',
  'A',
  'a b',
  'a:',
  'a:-x',
  'a:.x',
  `a:${'t'.repeat(129)}`,
  'a@',
  'a@sha256:',
  'a@sha256:AB',
  'a@md5:ab',
  '-a',
  'a-',
  'a/.b',
  'a/b_',
  'r.example.com/',
  'r.example.com:/a',
  'r.example.com:123456/a',
  'r..com/a',
  '-r.example.com/a',
  `${'a.'.repeat(127)}com/a`,
  `${'l'.repeat(64)}.com/a`,
  'a:1:2',
  'a\n',
  'ä',
])('%j is none', (text) => {
  expect(parseImageReference(text).ok).toBe(false);
});

test('all that is wrong is said at once', () => {
  const parsed = parseImageReference('R..x/A:-@x');
  expect(parsed.ok ? [] : parsed.faults).toHaveLength(4);
});

test('a reference that parses is written as the same text', () => {
  const word = fc.stringMatching(/^[a-z0-9]([a-z0-9._-]{0,5}[a-z0-9])?$/);
  const parts = fc.record({
    registry: fc.option(fc.constantFrom('localhost', 'r.example.com', 'r.example.com:5000'), {
      nil: undefined,
    }),
    path: fc.array(word, { minLength: 1, maxLength: 3 }),
    tag: fc.option(fc.stringMatching(/^[A-Za-z0-9_][A-Za-z0-9_.-]{0,8}$/), { nil: undefined }),
    digest: fc.option(fc.constant(digest), { nil: undefined }),
  });
  fc.assert(
    fc.property(parts, ({ registry, path, tag, digest: pinned }) => {
      const prefix = registry === undefined ? '' : `${registry}/`;
      const text = `${prefix}${path.join('/')}${tag === undefined ? '' : `:${tag}`}${pinned === undefined ? '' : `@${pinned}`}`;
      const parsed = parseImageReference(text);
      // Without a registry, a first part with a dot before a slash is read as one.
      fc.pre(registry !== undefined || path.length === 1 || !path[0]?.includes('.'));
      expect(parsed).toMatchObject({ ok: true });
      if (parsed.ok) expect(formatImageReference(parsed.value)).toBe(text);
    }),
  );
});
