import { expect, test } from 'vitest';
import { parseSource, type SourceEntry, sourceText } from './source.ts';

const DIGEST = `sha256:${'a'.repeat(64)}`;

function file(path: string, more: object = {}): SourceEntry {
  return { path, digest: DIGEST, sizeBytes: 3, ...more };
}

function faultsOf(input: unknown): string[] {
  const parsed = parseSource(input);
  return parsed.ok ? [] : parsed.faults.map(({ path, message }) => `${path}: ${message}`);
}

test('files, executables and links that stay inside are a source', () => {
  const entries = [
    file('package.json'),
    file('bin/run', { executable: true }),
    file('src/a b\n.ts'),
    file('..hidden/...'),
    { path: 'src/config', link: '../package.json' },
    { path: 'current', link: 'src/../bin' },
    { path: 'dangling', link: 'not/there' },
    { path: 'itself', link: 'itself' },
    { path: 'here', link: '.' },
  ];
  expect(parseSource(entries)).toEqual({ ok: true, value: entries });
});

test.each([
  ['', 'must be the path'],
  [3, 'must be the path'],
  ['/etc/passwd', 'is absolute'],
  ['../up', 'has an empty part'],
  ['a/../../up', 'has an empty part'],
  ['a/./b', 'has an empty part'],
  ['a//b', 'has an empty part'],
  ['a/', 'has an empty part'],
  ['..', 'has an empty part'],
  ['..\\up', 'NUL, a backslash'],
  ['a\0b', 'NUL, a backslash'],
  ['a\ud800', 'NUL, a backslash'],
  ['x'.repeat(256), '255 bytes'],
  ['é'.repeat(128), '255 bytes'],
  ['a/'.repeat(600), '1,024 characters'],
])('%j is no path of a file', (path, reason) => {
  const faults = faultsOf([file('fine'), { path, digest: DIGEST, sizeBytes: 1 }]);
  expect(faults).toEqual([expect.stringContaining(reason)]);
  expect(faults[0]).toMatch(/^files\[1\]\.path: /);
});

test.each([
  ['/etc/passwd', 'is absolute'],
  ['..', 'leads out'],
  ['../../etc', 'leads out'],
  ['ok/../../etc', 'leads out'],
  ['', 'must be the path'],
  ['a\\b', 'backslash'],
])('a link to %j is refused', (link, reason) => {
  expect(faultsOf([{ path: 'link', link }])).toEqual([expect.stringContaining(reason)]);
});

test('a link that leads out only by way of another is refused', () => {
  // Read letter by letter it is "a/x"; the kernel goes to the root of the source and then above it.
  const faults = faultsOf([
    { path: 'a/up', link: '..' },
    { path: 'out', link: 'a/up/../x' },
  ]);
  expect(faults).toEqual(['files[1].link: It leads out of the source.']);
});

test('nothing can be in what is a file or a link, and nothing is there twice', () => {
  const faults = faultsOf([file('a'), file('a/b'), { path: 'l', link: 'a' }, file('l/etc/x'), file('a')]);
  expect(faults.sort()).toEqual([
    expect.stringMatching(/^files\[1\]\.path: "a" is a file or a link/),
    expect.stringMatching(/^files\[3\]\.path: "l" is a file or a link/),
    'files[4].path: "a" is in it twice.',
  ]);
});

test('all faults are told at once, each with its place', () => {
  const faults = faultsOf([
    { path: '/x', digest: 'sha256:1', sizeBytes: -1, executable: 'yes' },
    { path: 'y', link: 'z', digest: DIGEST },
    null,
  ]);
  expect(faults.map((fault) => fault.split(':')[0])).toEqual([
    'files[0].path',
    'files[0].digest',
    'files[0].sizeBytes',
    'files[0].executable',
    'files[1].digest',
    'files[2]',
  ]);
});

test('what is too much is refused: files, bytes of one, bytes of all', () => {
  const many = Array.from({ length: 50_001 }, (_, index) => file(`f${index}`));
  expect(faultsOf(many)).toEqual([expect.stringContaining('50001 files')]);
  expect(faultsOf(many.slice(1))).toEqual([]);
  expect(faultsOf([file('big', { sizeBytes: 2 ** 30 + 1 })])).toEqual([expect.stringContaining('1 GiB')]);
  const three = ['a', 'b', 'c'].map((path) => file(path, { sizeBytes: 2 ** 30 }));
  expect(faultsOf(three)).toEqual([expect.stringContaining('more than 2 GiB')]);
});

test('one digest has one size', () => {
  expect(faultsOf([file('a'), file('b', { sizeBytes: 4 })])).toEqual([
    'files[1].sizeBytes: Another file with this digest has another size.',
  ]);
});

test('faults without end are counted, not listed', () => {
  const faults = faultsOf(Array.from({ length: 300 }, () => ({ path: '/x' })));
  expect(faults).toHaveLength(101);
  expect(faults.at(-1)).toBe('files: 800 more things are wrong.');
});

test.each([[null], [{}], [[]]])('%j is no source', (input) => {
  expect(faultsOf(input)).toHaveLength(1);
});

test('the text of a source is the same whatever the order, and another for another file', () => {
  const one = [file('b'), file('a', { executable: true }), { path: 'l', link: 'a' }];
  expect(sourceText(one)).toBe(sourceText([...one].reverse()));
  expect(sourceText([file('a', { executable: false })])).toBe(sourceText([file('a')]));
  expect(sourceText([file('a', { executable: true })])).not.toBe(sourceText([file('a')]));
});
