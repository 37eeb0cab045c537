import { spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { deflateRawSync } from 'node:zlib';
import { expect, it } from 'vitest';
import { type LayerContent, packagesOf, readLayer } from './layer.ts';
import { purlOf } from './package-found.ts';

type Files = Record<string, string | Buffer>;

async function layer(files: Files): Promise<LayerContent> {
  const folder = mkdtempSync(path.join(tmpdir(), 'brainpod-layer-'));
  try {
    for (const [name, content] of Object.entries(files)) {
      const file = path.join(folder, name);
      mkdirSync(path.dirname(file), { recursive: true });
      writeFileSync(file, content);
      if (name.includes('bin/')) chmodSync(file, 0o755);
    }
    const made = spawnSync('tar', ['-C', folder, '-cf', '-', '.'], { maxBuffer: 64 * 1024 * 1024 });
    expect(made.status).toBe(0);
    return await readLayer(chunksOf(made.stdout));
  } finally {
    rmSync(folder, { recursive: true });
  }
}

async function* chunksOf(bytes: Buffer): AsyncGenerator<Buffer> {
  for (let at = 0; at < bytes.length; at += 10_000) yield bytes.subarray(at, at + 10_000);
}

async function purls(...layers: Files[]): Promise<string[]> {
  const contents: LayerContent[] = [];
  for (const files of layers) contents.push(await layer(files));
  return packagesOf(contents).map(({ found }) => purlOf(found));
}

/** A zip file of these, as `jar` writes it. */
function zip(files: Record<string, string | Buffer>): Buffer {
  const locals: Buffer[] = [];
  const central: Buffer[] = [];
  let offset = 0;
  for (const [name, text] of Object.entries(files)) {
    const content = Buffer.from(text);
    const packed = deflateRawSync(content);
    const local = Buffer.alloc(30);
    local.writeUInt32LE(0x04034b50, 0);
    local.writeUInt16LE(8, 8);
    local.writeUInt16LE(name.length, 26);
    const entry = Buffer.alloc(46);
    entry.writeUInt32LE(0x02014b50, 0);
    entry.writeUInt16LE(8, 10);
    entry.writeUInt32LE(packed.length, 20);
    entry.writeUInt32LE(content.length, 24);
    entry.writeUInt16LE(name.length, 28);
    entry.writeUInt32LE(offset, 42);
    locals.push(local, Buffer.from(name), packed);
    central.push(entry, Buffer.from(name));
    offset += 30 + name.length + packed.length;
  }
  const end = Buffer.alloc(22);
  end.writeUInt32LE(0x06054b50, 0);
  end.writeUInt16LE(Object.keys(files).length, 10);
  end.writeUInt32LE(offset, 16);
  return Buffer.concat([...locals, ...central, end]);
}

const properties = (group: string, artifact: string, version: string): Files => ({
  [`META-INF/maven/${group}/${artifact}/pom.properties`]: `artifactId=${artifact}\r\ngroupId=${group}\r\nversion=${version}\r\n`,
});

/** As Go's linker writes it into a program, behind other bytes. */
function goProgram(modules: string): Buffer {
  const sentinel = 'x'.repeat(16);
  const text = (content: string): Buffer => {
    const { length } = content;
    const size = length < 128 ? [length] : [(length & 0x7f) | 0x80, length >> 7];
    return Buffer.concat([Buffer.from(size), Buffer.from(content, 'latin1')]);
  };
  const header = Buffer.alloc(32);
  header.write('\xff Go buildinf:', 'latin1');
  header[15] = 2;
  // A program that looks for these bytes has them itself, with something else behind them.
  const other = Buffer.from('\xff Go buildinf:', 'latin1');
  return Buffer.concat([
    Buffer.from('\x7fELF', 'latin1'),
    Buffer.alloc(9_000, 1),
    other,
    Buffer.alloc(6_000, 0),
    ...[header, text('go1.26.1'), text(`${sentinel}${modules}${sentinel}`)],
    Buffer.alloc(500, 7),
  ]);
}

const DPKG = `Package: libc6
Status: install ok installed
Version: 2.41-12

Package: gone
Status: deinstall ok config-files
Version: 1.0
`;

it('finds packages of all kinds by what they leave', async () => {
  const found = await purls({
    'var/lib/dpkg/status': DPKG,
    'var/lib/dpkg/status.d/tzdata': 'Package: tzdata\nVersion: 2026a-1\n',
    'lib/apk/db/installed': 'C:Q1\nP:musl\nV:1.2.5-r9\n\nP:busybox\nV:1.37.0-r1\n',
    'app/node_modules/hono/package.json': '{"name":"hono","version":"4.7.11"}',
    'app/node_modules/@hono/node-server/package.json': '{"name":"@hono/node-server","version":"1.14.4"}',
    'app/node_modules/hono/dist/package.json': '{"type":"module"}',
    'app/package.json': '{"name":"shop","version":"1.0.0"}',
    'opt/venv/lib/python3.13/site-packages/Flask_Login-1.0.dist-info/METADATA':
      'Metadata-Version: 2.1\nName: Flask_Login\nVersion: 1.0\n\nName: not-this\n',
    'app/vendor/composer/installed.json': '{"packages":[{"name":"slim/slim","version":"4.14.0"}]}',
    'usr/local/bundle/specifications/rack-3.1.8.gemspec': 'Gem::Specification.new',
    'app/lib/library-2.0.jar': zip({ 'Some.class': 'x' }),
    'app/lib/json.jar': zip(properties('org.test', 'json', '1.2')),
    'app/app.jar': zip({
      ...properties('shop', 'web', '3.0'),
      'BOOT-INF/lib/inner-4.1.jar': zip({ 'Some.class': 'x' }),
    }),
    'usr/bin/server': goProgram(
      'path\tshop\nmod\tshop\t(devel)\t\ndep\tgithub.com/go-chi/chi/v5\tv5.2.1\th1:x\ndep\told.test/a\tv1.0.0\n=>\tnew.test/b\tv1.1.0\th1:y\n',
    ),
    'usr/bin/other': Buffer.concat([Buffer.from('\x7fELF', 'latin1'), Buffer.alloc(30_000)]),
  });
  expect(found).toEqual([
    'pkg:apk/alpine/busybox@1.37.0-r1',
    'pkg:apk/alpine/musl@1.2.5-r9',
    'pkg:composer/slim/slim@4.14.0',
    'pkg:deb/debian/libc6@2.41-12',
    'pkg:deb/debian/tzdata@2026a-1',
    'pkg:gem/rack@3.1.8',
    'pkg:generic/inner@4.1',
    'pkg:generic/library@2.0',
    'pkg:golang/github.com/go-chi/chi/v5@v5.2.1',
    'pkg:golang/new.test/b@v1.1.0',
    'pkg:golang/shop@%28devel%29',
    'pkg:golang/stdlib@1.26.1',
    'pkg:maven/org.test/json@1.2',
    'pkg:maven/shop/web@3.0',
    'pkg:npm/%40hono/node-server@1.14.4',
    'pkg:npm/hono@4.7.11',
    'pkg:pypi/flask-login@1.0',
  ]);
});

it('tells what the whole image has: layers replace, remove and empty', async () => {
  const npm = (name: string, version: string): Files => ({
    [`app/node_modules/${name}/package.json`]: JSON.stringify({ name, version }),
  });
  const below = { ...npm('one', '1.0.0'), ...npm('two', '1.0.0'), ...npm('three', '1.0.0') };
  expect(await purls(below)).toHaveLength(3);
  expect(await purls(below, npm('one', '2.0.0'))).toContain('pkg:npm/one@2.0.0');
  expect(await purls(below, { 'app/node_modules/.wh.two': '' })).toEqual([
    'pkg:npm/one@1.0.0',
    'pkg:npm/three@1.0.0',
  ]);
  expect(
    await purls(below, { 'app/node_modules/three/.wh.package.json': '', 'app/.wh.node_module': '' }),
  ).toEqual(['pkg:npm/one@1.0.0', 'pkg:npm/two@1.0.0']);
  expect(await purls(below, { 'app/.wh..wh..opq': '', ...npm('four', '1.0.0') })).toEqual([
    'pkg:npm/four@1.0.0',
  ]);
});

it('is not stopped by files that are not what their names say', async () => {
  const found = await purls({
    'var/lib/dpkg/status': '\n\n\nPackage\n',
    'app/node_modules/broken/package.json': '{"name":',
    'app/node_modules/odd/package.json': '["x"]',
    'app/node_modules/lines/package.json': JSON.stringify({ name: 'a\nb', version: '1' }),
    'app/node_modules/long/package.json': JSON.stringify({ name: 'a'.repeat(1000), version: '1' }),
    'app/a.jar': 'PK',
    'app/b.jar': Buffer.concat([Buffer.alloc(100), zip({}).subarray(-22)]),
    'app/vendor/composer/installed.json': 'null',
    'usr/bin/cut': goProgram('dep\ta\tb').subarray(0, 15_070),
  });
  expect(found).toEqual([]);
});

it('unpacks no more of a jar than it says it has', async () => {
  const bomb = zip(properties('org.test', 'json', '1.2'));
  // Says that the file is one byte long.
  bomb.writeUInt32LE(1, bomb.indexOf(Buffer.from([0x50, 0x4b, 0x01, 0x02])) + 24);
  expect(await purls({ 'app/json-1.2.jar': bomb })).toEqual(['pkg:generic/json@1.2']);
});
