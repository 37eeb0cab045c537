import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import { gzipSync, zstdCompressSync } from 'node:zlib';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { ImageScanner } from './scan-image.ts';

type SpdxDocument = {
  documentNamespace: string;
  packages: { externalRefs?: { referenceLocator: string }[] }[];
};

const OCI_LAYER = 'application/vnd.oci.image.layer.v1.tar';
const MANIFEST = 'application/vnd.oci.image.manifest.v1+json';

let registry: Server;
let origin: URL;
let contents: Map<string, Buffer>;
let asked: string[];

beforeEach(async () => {
  contents = new Map();
  asked = [];
  registry = createServer((request, answer) => {
    const digest = request.url?.split('/').at(-1) ?? '';
    asked.push(digest);
    const content = contents.get(digest);
    answer.writeHead(content === undefined ? 404 : 200);
    answer.end(content);
  }).listen(0, '127.0.0.1');
  await once(registry, 'listening');
  const address = registry.address();
  if (address === null || typeof address === 'string') throw new Error('It has no port.');
  origin = new URL(`http://127.0.0.1:${address.port}`);
});

afterEach(async () => {
  registry.closeAllConnections();
  registry.close();
  await once(registry, 'close');
});

function keep(content: Buffer): string {
  const digest = `sha256:${createHash('sha256').update(content).digest('hex')}`;
  contents.set(digest, content);
  return digest;
}

function image(...layers: { mediaType: string; content: Buffer }[]): string {
  const described = layers.map(({ mediaType, content }) => ({ mediaType, digest: keep(content) }));
  return keep(Buffer.from(JSON.stringify({ mediaType: MANIFEST, layers: described })));
}

function tarOf(name: string): Buffer {
  const made = spawnSync('sh', [
    '-c',
    'cd "$(mktemp -d)" && mkdir -p "node_modules/$1" && echo "{\\"name\\":\\"$1\\",\\"version\\":\\"1.0.0\\"}" > "node_modules/$1/package.json" && tar -cf - . && rm -r "$PWD"',
    'sh',
    name,
  ]);
  expect(made.status).toBe(0);
  return made.stdout;
}

async function scan(digest: string, scanner = new ImageScanner(), signal = new AbortController().signal) {
  const json = await scanner.scan({ origin, repository: 'pod/web', digest, name: 'pod/web' }, signal);
  const document: SpdxDocument = JSON.parse(Buffer.from(json).toString('utf8'));
  expect(document.documentNamespace).toBe(`https://pod/web@${digest}/sbom`);
  return document.packages.flatMap(({ externalRefs }) =>
    (externalRefs ?? []).map(({ referenceLocator }) => referenceLocator),
  );
}

it('looks through layers however they are packed', async () => {
  const digest = image(
    { mediaType: `${OCI_LAYER}+gzip`, content: gzipSync(tarOf('one')) },
    { mediaType: `${OCI_LAYER}+zstd`, content: zstdCompressSync(tarOf('two')) },
    { mediaType: OCI_LAYER, content: tarOf('three') },
    { mediaType: 'application/vnd.docker.image.rootfs.diff.tar.gzip', content: gzipSync(tarOf('four')) },
  );
  expect(await scan(digest)).toEqual(['four', 'one', 'three', 'two'].map((name) => `pkg:npm/${name}@1.0.0`));
});

it('reads no layer twice', async () => {
  const below = { mediaType: OCI_LAYER, content: tarOf('one') };
  const scanner = new ImageScanner();
  await scan(image(below), scanner);
  asked = [];
  const above = { mediaType: OCI_LAYER, content: tarOf('two') };
  const digest = image(below, above);
  expect(await scan(digest, scanner)).toEqual(['pkg:npm/one@1.0.0', 'pkg:npm/two@1.0.0']);
  expect(asked).toHaveLength(2);
});

it('keeps what was found for a while, and no more of it than there is room for', async () => {
  const layers = ['one', 'two', 'three'].map((name) => ({ mediaType: OCI_LAYER, content: tarOf(name) }));
  const [one, two, three] = layers.map((layer) => image(layer));
  if (one === undefined || two === undefined || three === undefined) throw new Error('There are three.');
  const measuring = new ImageScanner();
  await scan(one, measuring);
  const scanner = new ImageScanner(2 * measuring.keptBytes + 10);
  for (const digest of [one, two, one, three]) await scan(digest, scanner);
  asked = [];
  for (const digest of [one, three, two]) await scan(digest, scanner);
  // Of an image that was kept, its manifest alone is asked for.
  expect(asked.map((digest) => [one, two, three].includes(digest))).toEqual([true, true, true, false]);
});

it('says why where it cannot, and looks through the next image', async () => {
  const scanner = new ImageScanner();
  const damaged = image({ mediaType: `${OCI_LAYER}+gzip`, content: Buffer.from('no gzip') });
  await expect(scan(damaged, scanner)).rejects.toThrow('incorrect header check');
  const cut = gzipSync(tarOf('one'));
  const broken = image({ mediaType: `${OCI_LAYER}+gzip`, content: cut.subarray(0, cut.length / 2) });
  await expect(scan(broken, scanner)).rejects.toThrow('unexpected end of file');
  await expect(scan(`sha256:${'0'.repeat(64)}`, scanner)).rejects.toThrow('answers 404');
  expect(await scan(image({ mediaType: OCI_LAYER, content: tarOf('one') }), scanner)).toHaveLength(1);
});

it('ends with its signal, in the middle of a layer', async () => {
  const ending = new AbortController();
  registry.removeAllListeners('request');
  registry.on('request', (request, answer) => {
    const content = contents.get(request.url?.split('/').at(-1) ?? '');
    if (request.url?.includes('/manifests/') === true) return void answer.end(content);
    answer.write(content?.subarray(0, 600));
    ending.abort(new Error('enough'));
  });
  const digest = image({ mediaType: OCI_LAYER, content: tarOf('one') });
  await expect(scan(digest, new ImageScanner(), ending.signal)).rejects.toThrow();
});
