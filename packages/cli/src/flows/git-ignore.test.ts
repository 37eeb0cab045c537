import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { listSource } from './list-source.ts';

let home: string;

beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'brainpod-git-ignore-'));
});
afterEach(() => rmSync(home, { recursive: true, force: true }));

function write(files: Record<string, string>): void {
  const folders = new Set(Object.keys(files).map((path) => dirname(path)));
  for (const folder of folders) mkdirSync(join(home, folder), { recursive: true });
  for (const [path, text] of Object.entries(files)) writeFileSync(join(home, path), text);
}

/** What git itself says, without any settings of the machine or the person. */
function git(...args: string[]): string {
  return execFileSync('git', ['-c', 'core.excludesFile=', '-c', 'core.ignoreCase=false', ...args], {
    cwd: home,
    encoding: 'utf8',
    env: { PATH: process.env.PATH, HOME: home, GIT_CONFIG_NOSYSTEM: '1' },
  });
}

function filesOfGit(folder = ''): string[] {
  const listed = git('ls-files', '-z', '--others', '--cached', '--exclude-standard', '--', `./${folder}`);
  return withoutAnyfile(listed.split('\0').slice(0, -1));
}

function filesOfOurs(folder = ''): string[] {
  // No Dockerfile would leave node_modules out by a rule of ours.
  const list = listSource(join(home, folder), 'Anyfile');
  const paths = [...list.files, ...list.links].map(({ path }) => path);
  return withoutAnyfile(paths.map((path) => (folder === '' ? path : `${folder}/${path}`)));
}

/** It stands for the Dockerfile, which is sent whatever git says. */
function withoutAnyfile(paths: string[]): string[] {
  return paths.filter((path) => !path.endsWith('Anyfile')).sort();
}

const NAMES = [
  'Anyfile',
  'a',
  'b.log',
  'b.LOG',
  'keep.log',
  'with space',
  'trailing ',
  'tab\t',
  '#hash',
  '!bang',
  'é',
  'ü.log',
  '日本',
  '[x]',
  'x]',
  'x-y',
  'a+b',
  'a.b',
  'aXb',
  '^a',
  'star*',
  'q?',
  'dist/a',
  'dist/keep/a',
  'build/x.log',
  'src/dist/a',
  'src/build/deep/x.log',
  'src/a',
  'src/b/a',
  'src/b/c/a',
  'foo/a/b',
  'foo/x/a/y/b',
  'foo/bar',
  'foo/bar2/bar',
  'deep/foo/bar',
  'logs/1.log',
  'logs/2/3.log',
  'vendor/node/x',
  '.env',
  '.env.local',
  'src/.env',
  'Z9',
  'a1',
  'a-',
];

const RULES: string[] = [
  'a',
  '/a',
  'a/',
  '*.log\n!keep.log',
  '*.log\n!keep.log\nkeep.log',
  'dist',
  'dist/',
  '/dist',
  'src/dist',
  'dist/*\n!dist/keep',
  'dist/\n!dist/keep/a',
  'dist/**\n!dist/keep/\n!dist/keep/**',
  '**/foo',
  '**/foo/bar',
  'foo/**',
  'foo/**/b',
  'foo/**/a/**/b',
  '**/a/b',
  '**',
  '/**',
  '**/',
  '***',
  'foo**/bar',
  'foo/**bar',
  'src/**/a',
  'src/*/a',
  's*c/a',
  '*',
  '*\n!*/\n!*.log',
  '/*\n!/src',
  '/*\n!/src\n/src/*\n!/src/b',
  '?',
  '??',
  '[ab]',
  '[!a]',
  '[^a]',
  '[a-c]*',
  '[]x]*',
  '[[]x]',
  '[x',
  '[a-',
  '[]',
  '[!]x]*',
  '[[:upper:]]*',
  '[[:digit:][:upper:]]?',
  '*[[:digit:]]',
  '[[:nothing:]]',
  '[[:upper:]',
  '[[:x]',
  '[c-a]',
  'a[-+]b',
  'a[+--]b',
  'a[.-]b',
  'x[!a-z]y',
  'x[%-/]y',
  '[\\]x]]',
  'x\\]',
  '\\#hash',
  '#hash',
  '\\!bang',
  '!bang',
  'star\\*',
  'q\\?',
  'a\\',
  '\\a',
  'a\\+b',
  'a.b',
  'a+b',
  'with space',
  'with space   ',
  'trailing\\ ',
  'trailing\\  ',
  'trailing ',
  'tab\t',
  '\ta',
  ' a',
  'é',
  '?.log',
  '??.log',
  '日*',
  '*本',
  '\ufeffa',
  'a\r\nb.log\r\n',
  '\n\n  \na\n',
  '/',
  '//a',
  'src//a',
  '!',
  '.env*',
  '/.env',
  'logs/*.log',
  'logs/**/*.log',
  '*/a',
  '*/*/a',
  'src/?/a',
  'build/**/x.log\n!src/build/deep/x.log',
  'VENDOR',
  'foo/\n!foo/bar\n',
];

describe('a .gitignore leaves out what git leaves out', () => {
  beforeEach(() => {
    git('init', '-q');
    write(Object.fromEntries(NAMES.map((name) => [name, ''])));
  });

  it('whatever the patterns', () => {
    RULES.forEach((rules, index) => {
      write({ [`case-${index}/.gitignore`]: rules });
      write(Object.fromEntries(NAMES.map((name) => [`case-${index}/${name}`, ''])));
    });
    const [ours, theirs] = [new Set(filesOfOurs()), new Set(filesOfGit())];
    const differences = RULES.flatMap((rules, index) => {
      const isOfCase = (path: string): boolean => path.startsWith(`case-${index}/`);
      const tooMuch = [...ours].filter((path) => isOfCase(path) && !theirs.has(path));
      const missing = [...theirs].filter((path) => isOfCase(path) && !ours.has(path));
      return tooMuch.length + missing.length === 0 ? [] : [{ rules, tooMuch, missing }];
    });
    expect(differences).toEqual([]);
    expect(ours).toEqual(theirs);
    // Some 4,000 files.
  }, 60_000);

  it('with files in folders, which count before those above them', () => {
    write({
      '.gitignore': '*.log\n/src/b\nfoo\n',
      'src/.gitignore': '!*.log\na\n/dist\n!b\n',
      'src/b/.gitignore': '!/a\n',
      'logs/.gitignore': '!*.log\n2/\n',
      'foo/.gitignore': '!bar\n',
      'deep/.gitignore': '!foo\nfoo/bar\n',
    });
    expect(filesOfOurs()).toEqual(filesOfGit());
    expect(filesOfOurs()).toContain('logs/1.log');
  });

  it('in a folder of a repository, with the files above it', () => {
    write({ '.gitignore': '*.log\n/src/b/c\na\n', 'src/.gitignore': '!b.log\n', 'src/b.log': '' });
    expect(filesOfOurs('src')).toEqual(filesOfGit('src'));
    expect(filesOfOurs('src/b')).toEqual(filesOfGit('src/b'));
  });

  it('with what one clone leaves out', () => {
    writeFileSync(join(home, '.git', 'info', 'exclude'), 'keep.log\n/src/\n');
    expect(filesOfOurs()).toEqual(filesOfGit());
  });

  it('with links, to which patterns for folders do not apply', () => {
    symlinkSync('dist', join(home, 'to-dist'));
    symlinkSync('a', join(home, 'to-a'));
    write({ '.gitignore': 'to-dist/\nto-a\n' });
    expect(filesOfOurs()).toEqual(filesOfGit());
    expect(filesOfOurs()).toContain('to-dist');
  });
});

it('sends a folder that its repository leaves out, where it is named', () => {
  git('init', '-q');
  write({ '.gitignore': 'dist\n*.map\n', 'dist/Anyfile': '', 'dist/index.html': '', 'dist/index.map': '' });
  expect(filesOfOurs('dist')).toEqual(['dist/index.html', 'dist/index.map']);
});
