import { expect, it } from 'vitest';
import { DockerIgnore } from './docker-ignore.ts';

const CASES: [lines: string, excluded: string[], sent: string[]][] = [
  // What Docker's documentation says of its own examples.
  [
    '# comment\n*/temp*\n*/*/temp*\ntemp?',
    ['a/temporary.txt', 'a/temp/x', 'a/b/temporary', 'tempa'],
    ['temp', 'tempab', 'a/b/c/temp'],
  ],
  ['*.md\n!README.md', ['a.md'], ['README.md', 'b/a.md']],
  ['*.md\n!README*.md\nREADME-secret.md', ['README-secret.md', 'a.md'], ['README.md', 'README-public.md']],
  ['*.md\nREADME-secret.md\n!README*.md', ['a.md'], ['README-secret.md']],
  ['**/*.go', ['a.go', 'a/b/c.go'], ['a.goo', 'go']],
  // Patterns begin at the root, with a slash or without, and take what is below along.
  ['dist', ['dist', 'dist/a/b'], ['src/dist', 'dist2', 'adist']],
  ['/dist', ['dist/a'], ['src/dist']],
  ['dist/', ['dist', 'dist/a'], []],
  ['./dist/../out/', ['out/a'], ['dist/a']],
  ['a//b', ['a/b/c'], ['a/c']],
  ['  dist  ', ['dist/a'], []],
  ['*', ['a', 'a/b', '.env'], []],
  ['.', [], ['a', '.env']],
  ['**', ['a', 'a/b/c'], []],
  // Two stars, as the pattern matcher of moby reads them.
  ['**/node_modules', ['node_modules/a', 'a/node_modules/b'], ['a_node_modules']],
  ['a/**', ['a/b', 'a/b/c'], ['a', 'ab']],
  ['a/**/b', ['a/b', 'a/x/b', 'a/x/y/b', 'a/b/c'], ['b', 'a/xb']],
  ['**a', ['a', 'ba', 'x/ba'], ['ab']],
  ['abc**', ['abc', 'abcd', 'abc/d', 'abcd/e'], ['ab']],
  ['a**/b', ['a/b', 'a/x/b'], ['ax/c']],
  ['**/*', ['a', 'a/b'], []],
  // Brought back, and left out again.
  ['dist\n!dist/keep', ['dist/a', 'dist/keeper'], ['dist/keep', 'dist/keep/a']],
  ['dist\n!dist/keep\ndist/keep/a', ['dist/keep/a'], ['dist/keep/b']],
  ['*\n!src', ['a', 'b/src'], ['src', 'src/a']],
  ['*\n! src', ['a'], ['src/a']],
  ['!a', [], ['a', 'b']],
  ['**\n!**/*.ts', ['a.js', 'a/b.js'], ['a.ts', 'a/b.ts']],
  // Characters.
  ['a?c', ['abc', 'aéc'], ['ac', 'a/c']],
  ['[a-c]x', ['ax', 'cx'], ['dx', '-x']],
  ['[^a-c]x', ['dx'], ['ax']],
  ['[!a]x', ['!x', 'ax'], ['bx']],
  ['a\\*c', ['a*c'], ['abc']],
  ['a.c', ['a.c'], ['abc']],
  ['a+(b)|{c}$^', ['a+(b)|{c}$^'], ['aab']],
  ['#a', [], ['#a', 'a']],
  ['\\#a', ['#a'], []],
  [' #a', ['#a'], ['a']],
  ['\ufeffdist\r\nout\r\n', ['dist', 'out'], []],
];

it.each(CASES)('%j leaves out %j and not %j', (lines, excluded, sent) => {
  const ignore = new DockerIgnore(lines);
  expect(ignore.faults).toEqual([]);
  expect(excluded.filter((path) => !ignore.excludes(path))).toEqual([]);
  expect(sent.filter((path) => ignore.excludes(path))).toEqual([]);
});

it('says which lines are no patterns, all at once', () => {
  const ignore = new DockerIgnore('a\n!\n[a\n\nb\\\n[]\n[c-a]');
  expect(ignore.faults.map(({ line }) => line)).toEqual([2, 3, 5, 6, 7]);
  expect(ignore.excludes('a')).toBe(true);
});

it.each([
  ['a\n!a/b', 'a', true],
  ['a\n!a/b/c', 'a/b', true],
  ['a\n!a/b', 'a/c', false],
  ['a\n!b', 'a', false],
  ['a\n!**/*.ts', 'a/deep', true],
  ['a\n!a/*.ts', 'a', true],
  ['a\n!a/*/x', 'a/b', true],
  ['a\n!b/*.ts', 'a', false],
])('%j: what is below %j may be brought back: %j', (lines, folder, may) => {
  expect(new DockerIgnore(lines).mayBringBackBelow(folder)).toBe(may);
});
