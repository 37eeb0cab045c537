import { createHash } from 'node:crypto';
import { expect, test } from 'vitest';
import { WrongContent } from './source-store.ts';
import { readTarFiles } from './tar-files.ts';

type Part = { name: string; text?: string; type?: string; prefix?: string; size?: string };

function hexOf(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}

/** One entry of a tar, with a right checksum whatever is in it. */
function entry({ name, text = '', type = '0', prefix = '', size }: Part): Buffer {
  const header = Buffer.alloc(512);
  header.write(name, 0, 100, 'latin1');
  header.write('0000644\0', 100);
  header.write(`${size ?? text.length.toString(8).padStart(11, '0')}\0`, 124);
  header.write('        ', 148);
  header.write(type, 156);
  header.write('ustar\x0000', 257);
  header.write(prefix, 345);
  const sum = header.reduce((total, byte) => total + byte, 0);
  header.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148);
  return Buffer.concat([header, Buffer.from(text), Buffer.alloc((512 - (text.length % 512)) % 512)]);
}

function tar(...parts: Part[]): Buffer {
  return Buffer.concat([...parts.map(entry), Buffer.alloc(1024)]);
}

async function* inChunks(bytes: Buffer, size: number): AsyncGenerator<Uint8Array> {
  for (let start = 0; start < bytes.length; start += size) yield bytes.subarray(start, start + size);
}

async function read(bytes: Buffer, chunk = 700): Promise<[string, string][]> {
  const found: [string, string][] = [];
  for await (const { digest, content } of readTarFiles(inChunks(bytes, chunk))) {
    const parts: Uint8Array[] = [];
    for await (const part of content) parts.push(part);
    found.push([digest, Buffer.concat(parts).toString()]);
  }
  return found;
}

const TEXTS = ['', 'a', 'x'.repeat(512), 'y'.repeat(3000)];

test.each([1, 511, 512, 513, 100_000])('files come whole, in chunks of %i bytes', async (chunk) => {
  const bytes = tar(...TEXTS.map((text) => ({ name: hexOf(text), text })));
  expect(await read(bytes, chunk)).toEqual(TEXTS.map((text) => [`sha256:${hexOf(text)}`, text]));
});

test.each<[string, Part]>([
  ['a name that leads up', { name: '../../etc/cron.d/x', text: 'x' }],
  ['an absolute name', { name: '/etc/passwd', text: 'x' }],
  ['a prefix before the name', { name: hexOf('x'), prefix: '../..', text: 'x' }],
  ['a symbolic link', { name: hexOf('x'), type: '2' }],
  ['a hard link', { name: hexOf('x'), type: '1' }],
  ['a device', { name: hexOf('x'), type: '3' }],
  ['a folder', { name: hexOf('x'), type: '5' }],
  ['a longer name by an extension', { name: hexOf('x'), type: 'x', text: '30 path=../../evil\n' }],
  ['a longer name as GNU has it', { name: '././@LongLink', type: 'L', text: '../../evil' }],
  ['a negative size', { name: hexOf('x'), size: '-0000000001' }],
])('%s is refused', async (_, part) => {
  await expect(read(tar(part))).rejects.toBeInstanceOf(WrongContent);
});

test('what came before a fault was given, and what is cut off or no tar is refused', async () => {
  const bytes = tar({ name: hexOf('a'), text: 'a' }, { name: hexOf('bb'), text: 'b'.repeat(2000) });
  const seen: string[] = [];
  const reading = async () => {
    for await (const { digest, content } of readTarFiles(inChunks(bytes.subarray(0, 2048), 100))) {
      for await (const _ of content);
      seen.push(digest);
    }
  };
  await expect(reading()).rejects.toThrow('in the middle of a file');
  expect(seen).toEqual([`sha256:${hexOf('a')}`]);
  await expect(read(Buffer.from('{"files": []}'.repeat(100)))).rejects.toThrow('no tar');
  await expect(read(Buffer.from('short'))).rejects.toBeInstanceOf(WrongContent);
  expect(await read(Buffer.alloc(0))).toEqual([]);
});
