import { execFileSync, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { CliFailure } from '../failure.ts';
import { packDirectory } from './pack-directory.ts';
import { planDirectory } from './plan-directory.ts';

const LONG_AGO = new Date('2026-01-01T00:00:00Z');

let home: string;
let root: string;

beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'brainpod-pack-'));
  root = join(home, 'source');
  mkdirSync(root);
});
afterEach(() => rmSync(home, { recursive: true, force: true }));

function write(files: Record<string, string>): void {
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text);
  }
}

async function pack(dockerfile?: string) {
  const chosen = dockerfile === undefined ? {} : { dockerfile };
  return await packDirectory(root, { environment: { HOME: home }, ...chosen });
}

async function paths(dockerfile?: string): Promise<string[]> {
  return (await pack(dockerfile)).entries.map(({ path }) => path).sort();
}

async function refusal(): Promise<CliFailure> {
  const failure: unknown = await pack().catch((error: unknown) => error);
  if (failure instanceof CliFailure) return failure;
  throw new Error('It was not refused.');
}

function sha256(text: string): string {
  return `sha256:${createHash('sha256').update(text).digest('hex')}`;
}

describe('what is sent', () => {
  it('is each file with its digest, size and whether it can be run, and links as links', async () => {
    write({ 'b/run.sh': '#!/bin/sh\n', a: 'text', empty: '' });
    chmodSync(join(root, 'b/run.sh'), 0o755);
    symlinkSync('../a', join(root, 'b/link'));
    symlinkSync('nowhere', join(root, 'dangling'));
    symlinkSync('b', join(root, 'folder'));
    expect(await pack()).toEqual({
      root,
      bytes: 14,
      entries: [
        { path: 'a', digest: sha256('text'), sizeBytes: 4 },
        { path: 'b/run.sh', digest: sha256('#!/bin/sh\n'), sizeBytes: 10, executable: true },
        { path: 'empty', digest: sha256(''), sizeBytes: 0 },
        { path: 'b/link', link: '../a' },
        { path: 'dangling', link: 'nowhere' },
        { path: 'folder', link: 'b' },
      ],
    });
  });

  it('is a large file too, which is not read at once', async () => {
    const text = 'x'.repeat(5 * 1024 * 1024);
    write({ large: text });
    expect((await pack()).entries).toEqual([{ path: 'large', digest: sha256(text), sizeBytes: text.length }]);
  });

  it('is never .git, and what is made anew only where a Dockerfile may count on it', async () => {
    write({
      '.git/HEAD': '',
      'sub/.git': '',
      'node_modules/a': '',
      'x/__pycache__/a': '',
      '.venv/a': '',
      a: '',
    });
    expect(await paths()).toEqual(['a']);
    write({ Dockerfile: 'FROM scratch\n' });
    expect(await paths()).toEqual(['.venv/a', 'Dockerfile', 'a', 'node_modules/a', 'x/__pycache__/a']);
  });

  it('leaves out what either of .gitignore and .dockerignore leaves out', async () => {
    write({ '.gitignore': '*.log\n', '.dockerignore': 'docs\n!docs/keep', a: '', 'a.log': '', 'docs/a': '' });
    write({ 'docs/keep': '', 'docs/b.log': '', 'src/docs/a': '' });
    expect(await paths()).toEqual(['.dockerignore', '.gitignore', 'a', 'docs/keep', 'src/docs/a']);
  });

  it('is the Dockerfile and its rules, whatever leaves them out', async () => {
    write({
      '.dockerignore': '*',
      '.gitignore': '*',
      Dockerfile: '',
      a: '',
      'other/Dockerfile': '',
      'other/b': '',
    });
    expect(await paths()).toEqual(['.dockerignore', 'Dockerfile']);
    expect(await paths('other/Dockerfile')).toEqual(['.dockerignore', 'other/Dockerfile']);
    write({ 'other/Dockerfile.dockerignore': 'a\n' });
    rmSync(join(root, '.gitignore'));
    expect(await paths('other/Dockerfile')).toEqual([
      '.dockerignore',
      'Dockerfile',
      'other/Dockerfile',
      'other/Dockerfile.dockerignore',
      'other/b',
    ]);
  });

  it('is what .brainpodignore says last', async () => {
    write({
      '.gitignore': 'dist\n*.log\ncache/\n',
      '.dockerignore': 'docs\n',
      '.brainpodignore': '!/dist\n/dist/private\n!/cache/keep/one\n!/docs\nsecret\n!important.log\n',
      'dist/app.js': '',
      'dist/a.log': '',
      'dist/private/a': '',
      'cache/a': '',
      'cache/keep/one': '',
      'cache/keep/two': '',
      'docs/a': '',
      'src/secret': '',
      'src/important.log': '',
      'src/a.log': '',
    });
    expect(await paths()).toEqual([
      '.brainpodignore',
      '.dockerignore',
      '.gitignore',
      'cache/keep/one',
      'dist/a.log',
      'dist/app.js',
      'docs/a',
      'src/important.log',
    ]);
  });

  it('is what a plan is made from', async () => {
    write({ '.gitignore': 'Procfile\n', 'package.json': '{}', 'a.js': '' });
    write({ 'package-lock.json': '{"lockfileVersion":3}', Procfile: 'web: node other.js\n' });
    expect(await paths()).not.toContain('Procfile');
    expect(() => planDirectory(root)).toThrow(CliFailure);
    write({ '.brainpodignore': '!Procfile\n' });
    expect(await paths()).toContain('Procfile');
    expect(planDirectory(root).dockerfile).toContain('other.js');
  });
});

describe('what is refused', () => {
  it('are links that lead out, by their text or by where they lead', async () => {
    write({ 'a/b': '', '../outside': '' });
    symlinkSync('/etc/passwd', join(root, 'absolute'));
    symlinkSync('../../outside', join(root, 'a/out'));
    symlinkSync('..', join(root, 'parent'));
    symlinkSync('..', join(root, 'a/up'));
    symlinkSync('a/up/../outside', join(root, 'through'));
    const { message, advice } = await refusal();
    expect(message.split('\n').map((line) => line.trim().split(':')[0])).toEqual([
      `${root} cannot be sent as it is`,
      'a/out',
      'absolute',
      'parent',
      'through',
    ]);
    expect(message).toContain(
      'absolute: the link leads to /etc/passwd, which is outside of the folder; make it relative',
    );
    expect(advice).toContain('.brainpodignore');
    write({ '.brainpodignore': '/a/out\nabsolute\nparent\nthrough\n' });
    expect(await paths()).toEqual(['.brainpodignore', 'a/b', 'a/up']);
  });

  it('are pipes and sockets, without waiting for them', async () => {
    execFileSync('mkfifo', [join(root, 'pipe')]);
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(join(root, 'socket'), resolve));
    const { message } = await refusal();
    await new Promise((resolve) => server.close(resolve));
    expect(message).toBe(
      `${root} cannot be sent as it is:\n  pipe: a pipe cannot be sent\n  socket: a socket cannot be sent`,
    );
  });

  it('are files and folders that may not be read, each by its path', () => {
    write({ 'one/secret': 'x', two: 'x', 'closed/a': 'x', fine: 'x' });
    for (const path of ['one/secret', 'two', 'closed']) chmodSync(join(root, path), 0);
    const script = join(import.meta.dirname, 'pack-directory.ts');
    chmodSync(home, 0o755);
    // Root may read everything.
    const someoneElse = process.getuid?.() === 0 ? { uid: 65534, gid: 65534 } : {};
    const { stdout, stderr } = spawnSync(
      process.execPath,
      [
        '--input-type=module',
        '-e',
        `const { packDirectory } = await import(${JSON.stringify(script)});
         await packDirectory(${JSON.stringify(root)}, { environment: { HOME: '/nonexistent' } }).catch((error) => console.log(error.message));`,
      ],
      { encoding: 'utf8', ...someoneElse },
    );
    chmodSync(join(root, 'closed'), 0o755);
    expect(stderr).not.toContain('Error');
    expect(stdout).toContain('closed/: the folder cannot be read: you may not read it');
  });

  it('are names that cannot be written in a source', async () => {
    write({ 'a\\b': '' });
    writeFileSync(Buffer.concat([Buffer.from(`${root}/bad-`), Buffer.from([0xff])]), '');
    const { message } = await refusal();
    expect(message).toContain('a\\b: a name with a backslash');
    expect(message).toContain('the name is not written in UTF-8');
  });

  it('is a .dockerignore that BuildKit would refuse', async () => {
    write({ '.dockerignore': 'a\n[b\n' });
    expect((await refusal()).message).toBe(
      `${join(root, '.dockerignore')} cannot be read:\n  line 2: "[b" is not a pattern: a bracket or a backslash is without its end`,
    );
  });

  it('is a folder that is not there, or is a file', async () => {
    write({ file: '' });
    const options = { environment: { HOME: home } };
    await expect(packDirectory(join(root, 'none'), options)).rejects.toThrow(
      /none cannot be read: it is not there/,
    );
    await expect(packDirectory(join(root, 'file'), options)).rejects.toThrow(
      /file cannot be read: it is no folder/,
    );
  });

  it('is a folder without any file', async () => {
    write({ '.git/HEAD': '' });
    expect((await refusal()).message).toContain('There is nothing to build in');
  });

  it('is a huge folder, with its largest parts and how to leave them out, and nothing of it read', async () => {
    write({ 'data/raw/one.bin': '', 'data/raw/two.bin': '', 'video.mp4': '', 'src/a': 'x' });
    truncateSync(join(root, 'data/raw/one.bin'), 6e9);
    truncateSync(join(root, 'data/raw/two.bin'), 3e9);
    truncateSync(join(root, 'video.mp4'), 1e9);
    const { message, advice } = await refusal();
    expect(message).toBe(
      [
        `${root} is too large to be sent: 4 files, 10.0 GB. At most 50,000 files, 2 GiB in all and 1 GiB in one file can be built. Its largest parts:`,
        '  data/raw/  9.0 GB in 2 files',
        '  video.mp4  1.0 GB',
        '  src/  1 B in 1 file',
      ].join('\n'),
    );
    expect(advice).toContain('"/data/raw/"');
    write({ '.brainpodignore': '/data/raw/\n' });
    rmSync(join(root, 'video.mp4'));
    expect(await paths()).toEqual(['.brainpodignore', 'src/a']);
  });
});

describe('the digests that are known from the last time', () => {
  const cacheFile = (): string => {
    const folder = join(home, '.cache', 'brainpod', 'digests');
    return join(folder, readdirSync(folder)[0] ?? '');
  };
  /** Puts another digest down, to see whether it is used. */
  const mark = (): string => {
    const known = readFileSync(cacheFile(), 'utf8');
    writeFileSync(cacheFile(), known.replaceAll(/sha256:[0-9a-f]{64}/g, `sha256:${'0'.repeat(64)}`));
    return `sha256:${'0'.repeat(64)}`;
  };
  const digests = async (): Promise<unknown[]> =>
    (await pack()).entries.map((entry) => ('digest' in entry ? entry.digest : null));
  /** As if it had been written long ago: the time of the last change of a file cannot be set. */
  const settle = (): void => {
    const text = readFileSync(cacheFile(), 'utf8');
    const { mtimeMs, ctimeMs, ino, size } = statSync(join(root, 'a'));
    const entries = { a: [sha256('text'), size, mtimeMs, ctimeMs, ino] };
    writeFileSync(cacheFile(), JSON.stringify({ ...JSON.parse(text), entries }));
  };

  beforeEach(async () => {
    write({ a: 'text' });
    await pack();
  });

  it('are not kept of a file that changed a moment ago', async () => {
    expect(JSON.parse(readFileSync(cacheFile(), 'utf8'))).toEqual({ version: 1, entries: {} });
    expect(statSync(cacheFile()).mode & 0o777).toBe(0o600);
  });

  it('are used as long as the file is the same', async () => {
    settle();
    const marked = mark();
    expect(await digests()).toEqual([marked]);
  });

  it.each([
    ['longer', () => writeFileSync(join(root, 'a'), 'text2'), 'text2'],
    ['written again', () => writeFileSync(join(root, 'a'), 'TEXT'), 'TEXT'],
    [
      'written again with its time set back',
      () => {
        const { atime, mtime } = statSync(join(root, 'a'));
        writeFileSync(join(root, 'a'), 'TEXT');
        utimesSync(join(root, 'a'), atime, mtime);
      },
      'TEXT',
    ],
    [
      'replaced by another file of its size and time',
      () => {
        writeFileSync(join(root, 'b'), 'TEXT');
        utimesSync(join(root, 'b'), LONG_AGO, LONG_AGO);
        renameSync(join(root, 'b'), join(root, 'a'));
      },
      'TEXT',
    ],
  ])('are not used once it is %s', async (_what, change, text) => {
    settle();
    mark();
    change();
    expect(await digests()).toEqual([sha256(text)]);
  });

  it('are made again where they cannot be read', async () => {
    for (const broken of [
      '',
      '{',
      'null',
      '{"version":1}',
      '{"version":2,"entries":{}}',
      '{"version":1,"entries":{"a":[1]}}',
    ]) {
      writeFileSync(cacheFile(), broken);
      expect(await digests()).toEqual([sha256('text')]);
    }
    rmSync(join(home, '.cache'), { recursive: true });
    writeFileSync(join(home, '.cache'), 'a file where the folder belongs');
    expect(await digests()).toEqual([sha256('text')]);
  });
});
