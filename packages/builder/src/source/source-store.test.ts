import { createHash } from 'node:crypto';
import { mkdtemp, readdir, readFile, readlink, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { SourceEntry } from '@brainpod/model/source';
import { beforeEach, describe, expect, onTestFinished, test } from 'vitest';
import { SourceIncomplete, SourceStore, WrongContent } from './source-store.ts';

const POD = '11111111-1111-4111-8111-111111111111';
const OTHER = '22222222-2222-4222-8222-222222222222';
const HOUR_MS = 60 * 60_000;

let directory: string;
let store: SourceStore;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'sources-'));
  onTestFinished(() => rm(directory, { recursive: true }));
  store = new SourceStore(join(directory, 'kept'));
});

function digestOf(text: string): string {
  return `sha256:${createHash('sha256').update(text).digest('hex')}`;
}

async function* chunks(...texts: string[]): AsyncGenerator<Uint8Array> {
  for (const text of texts) yield Buffer.from(text);
}

async function* broken(text: string): AsyncGenerator<Uint8Array> {
  yield Buffer.from(text);
  throw new Error('the connection broke');
}

function file(path: string, text: string, executable = false): SourceEntry {
  return { path, digest: digestOf(text), sizeBytes: text.length, ...(executable ? { executable } : {}) };
}

function put(text: string, podId = POD): Promise<number> {
  return store.put(podId, digestOf(text), chunks(text));
}

async function everyFile(): Promise<string[]> {
  const found = await readdir(join(directory, 'kept'), { recursive: true, withFileTypes: true });
  return found.filter((each) => each.isFile()).map((each) => each.name);
}

async function write(source: string, podId = POD): Promise<string> {
  const tree = join(directory, `tree-${Math.random()}`);
  await store.materialise(podId, source, tree, new AbortController().signal);
  return tree;
}

describe('files', () => {
  test('are missing until they were sent, and for each pod by themselves', async () => {
    const [a, b] = [digestOf('a'), digestOf('b')];
    expect(await store.missing(POD, [a, b, a])).toEqual([a, b]);
    expect(await store.put(POD, a, chunks('', 'a'))).toBe(1);
    expect(await store.missing(POD, [a, b])).toEqual([b]);
    expect(await store.missing(OTHER, [a])).toEqual([a]);
  });

  test.each([
    ['another content', () => chunks('b')],
    ['half a content', () => chunks('hal')],
  ])('that are %s are refused, and nothing of them stays', async (_, content) => {
    await expect(store.put(POD, digestOf('half'), content())).rejects.toBeInstanceOf(WrongContent);
    expect(await everyFile()).toEqual([]);
  });

  test('whose stream breaks leave nothing', async () => {
    await expect(store.put(POD, digestOf('half'), broken('ha'))).rejects.toThrow('the connection broke');
    expect(await everyFile()).toEqual([]);
  });

  test('can be sent several times at once, one of them wrong', async () => {
    const digest = digestOf('same');
    const sent = await Promise.allSettled([
      put('same'),
      store.put(POD, digest, chunks('sa', 'me')),
      store.put(POD, digest, chunks('evil')),
    ]);
    expect(sent.map(({ status }) => status)).toEqual(['fulfilled', 'fulfilled', 'rejected']);
    const hex = digest.slice(7);
    expect(await everyFile()).toEqual([hex]);
    expect(await readFile(join(directory, 'kept', POD, hex.slice(0, 2), hex), 'utf8')).toBe('same');
  });

  test.each(['../x', 'sha256:../../etc', `sha256:${'A'.repeat(64)}`])('have no digest %j', async (digest) => {
    await expect(store.put(POD, digest, chunks('x'))).rejects.toThrow('not a digest');
    await expect(store.put('../..', digestOf('x'), chunks('x'))).rejects.toThrow('not the id of a pod');
  });
});

describe('a source', () => {
  test('is written as it was sent: executables, links, and names of all kinds', async () => {
    const names = [' ', '-rf', 'a\nb', 'ü', '...', '$(reboot)', '*'];
    const entries: SourceEntry[] = [
      file('bin/run', 'same', true),
      file('lib/run', 'same'),
      { path: 'latest', link: 'bin/../lib' },
      ...names.map((name) => file(`odd/${name}`, 'same')),
    ];
    const source = await store.putList(POD, entries);
    await put('same');
    const tree = await write(source);
    expect(await readFile(join(tree, 'bin/run'), 'utf8')).toBe('same');
    expect((await stat(join(tree, 'bin/run'))).mode & 0o777).toBe(0o755);
    expect((await stat(join(tree, 'lib/run'))).mode & 0o777).toBe(0o644);
    expect(await readlink(join(tree, 'latest'))).toBe('bin/../lib');
    expect((await readdir(join(tree, 'odd'))).sort()).toEqual(names.sort());
  });

  test('has the same times whenever it is written, and another time for another content of the same size', async () => {
    await put('one');
    await put('two');
    const timeIn = async (text: string) => {
      const tree = await write(await store.putList(POD, [file('f', text)]));
      return (await stat(join(tree, 'f'), { bigint: true })).mtimeNs;
    };
    expect(await timeIn('one')).toBe(await timeIn('one'));
    expect(await timeIn('one')).not.toBe(await timeIn('two'));
  });

  test('cannot be changed by a build that writes into what it was given', async () => {
    await put('good');
    const source = await store.putList(POD, [file('f', 'good')]);
    await writeFile(join(await write(source), 'f'), 'evil');
    expect(await readFile(join(await write(source), 'f'), 'utf8')).toBe('good');
  });

  test('of which something is missing, or which another pod sent, is not written', async () => {
    const source = await store.putList(POD, [file('a', 'a'), file('b', 'b')]);
    await put('a');
    await expect(write(source)).rejects.toThrow(/1 files of the source/);
    await expect(write(source)).rejects.toBeInstanceOf(SourceIncomplete);
    await put('b');
    await write(source);
    await expect(write(source, OTHER)).rejects.toBeInstanceOf(SourceIncomplete);
  });

  test('whose list was changed on the disk is not there', async () => {
    const source = await store.putList(POD, [file('a', 'a')]);
    const evil = [{ path: '../../evil', digest: digestOf('a'), sizeBytes: 1 }];
    await writeFile(join(directory, 'kept', POD, 'lists', source.slice(7)), JSON.stringify(evil));
    await put('a');
    expect(await store.readList(POD, source)).toBeNull();
    await expect(write(source)).rejects.toBeInstanceOf(SourceIncomplete);
  });

  test('is not written on when the build is cancelled', async () => {
    await put('a');
    const source = await store.putList(POD, [file('a', 'a')]);
    const signal = AbortSignal.abort(new Error('cancelled'));
    await expect(store.materialise(POD, source, join(directory, 'tree'), signal)).rejects.toThrow(
      'cancelled',
    );
  });
});

describe('a sweep', () => {
  const bounds = { olderThanMs: 24 * HOUR_MS, maxBytesPerPod: 1000, inUse: [] };

  async function sourceOf(hoursAgo: number, ...texts: string[]): Promise<string> {
    const source = await store.putList(
      POD,
      texts.map((text) => file(text, text)),
    );
    for (const text of texts) await put(text);
    const time = new Date(Date.now() - hoursAgo * HOUR_MS);
    await utimes(join(directory, 'kept', POD, 'lists', source.slice(7)), time, time);
    for (const hex of texts.map((text) => digestOf(text).slice(7))) {
      await utimes(join(directory, 'kept', POD, hex.slice(0, 2), hex), time, time);
    }
    return source;
  }

  const left = async (...texts: string[]) => {
    const gone = await store.missing(POD, texts.map(digestOf));
    return texts.filter((text) => !gone.includes(digestOf(text)));
  };

  test('removes what was not used for long, and keeps what a newer source shares', async () => {
    await sourceOf(48, 'old', 'shared');
    await sourceOf(2, 'new', 'shared');
    expect(await store.sweep(bounds)).toBeGreaterThan(0);
    expect(await left('old', 'shared', 'new')).toEqual(['shared', 'new']);
    expect(await store.sweep(bounds)).toBe(0);
  });

  test('removes the least recently used until the rest fits', async () => {
    await sourceOf(4, 'aaaa');
    await sourceOf(2, 'bbbb');
    await sourceOf(3, 'cccc');
    await store.sweep({ ...bounds, maxBytesPerPod: 9 });
    expect(await left('aaaa', 'bbbb', 'cccc')).toEqual(['bbbb', 'cccc']);
  });

  test('keeps what a build needs, however old and large', async () => {
    const source = await sourceOf(48, 'needed');
    await store.sweep({ ...bounds, maxBytesPerPod: 0, inUse: [{ podId: POD, source }] });
    await write(source);
  });

  test('keeps what has just come, and removes what was broken off long ago', async () => {
    await put('just now');
    const incoming = join(directory, 'kept', POD, 'incoming');
    await writeFile(join(incoming, 'old'), 'x');
    await utimes(join(incoming, 'old'), 1, 1);
    await writeFile(join(incoming, 'new'), 'x');
    await store.sweep(bounds);
    expect(await left('just now')).toEqual(['just now']);
    expect(await readdir(incoming)).toEqual(['new']);
  });

  test('of a pod that is gone leaves nothing of it', async () => {
    await put('mine');
    await put('theirs', OTHER);
    await store.erase(POD);
    expect(await store.pods()).toEqual([OTHER]);
  });
});
