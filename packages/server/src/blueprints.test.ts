import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Blueprint } from '@brainpod/blueprint/blueprint';
import { instantiate } from '@brainpod/blueprint/instantiate';
import {
  checkPodDocuments,
  parseResourceDocument,
  type ResourceDocument,
  type ResourceInput,
} from '@brainpod/model/document';
import { formatReference } from '@brainpod/model/reference';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { stringify } from 'yaml';
import { BLUEPRINTS_DIR, readBlueprints } from './blueprints.ts';

const GOLDENS = join(import.meta.dirname, '../testdata/blueprints');
const LONGEST_NAME = 'a'.repeat(40);
const FRACTIONAL = ['.25x', '.5x'];

const blueprints = await readBlueprints(BLUEPRINTS_DIR);
const named = blueprints.map((blueprint) => ({ id: blueprint.id, blueprint }));

function byId(id: string): Blueprint {
  const found = blueprints.find((blueprint) => blueprint.id === id);
  if (found === undefined) throw new Error(`there is no blueprint ${id}`);
  return found;
}

/** Bytes that are the same each time, and no two in a row alike. */
function bytesFor({ generate }: Blueprint): Record<string, Uint8Array> {
  const bytes = (length: number) => Uint8Array.from({ length }, (_, index) => (index * 7 + 1) % 256);
  return Object.fromEntries(Object.entries(generate).map(([name, value]) => [name, bytes(value.bytes)]));
}

function install(blueprint: Blueprint, input: unknown): ResourceInput[] {
  const made = instantiate(blueprint, input, bytesFor(blueprint));
  if (!made.ok) throw new Error(JSON.stringify(made.faults));
  return made.value;
}

function faultPaths(blueprint: Blueprint, input: unknown): string[] {
  const made = instantiate(blueprint, input, bytesFor(blueprint));
  return made.ok ? [] : made.faults.map(({ path }) => path);
}

/** The resources as the platform keeps them: a Route has its host name. */
function kept(resources: readonly ResourceInput[]): ResourceDocument[] {
  return resources.map((resource) => {
    const hostname = `${resource.metadata.name}.example.test`;
    const parsed = parseResourceDocument(
      resource.kind === 'Route' ? { ...resource, spec: { ...resource.spec, hostname } } : resource,
    );
    if (!parsed.ok) throw new Error(JSON.stringify(parsed.faults));
    return parsed.value;
  });
}

/** One value after the other for an input, all of them allowed. */
function allowedValues(schema: Blueprint['inputSchema']['properties'][string]): unknown[] {
  switch (schema.type) {
    case 'string':
      return schema.enum ?? schema.examples;
    case 'integer':
      return [schema.minimum, schema.maximum, ...schema.examples];
    case 'boolean':
      return [true, false];
    case 'array':
      return [[], ...schema.examples];
  }
}

/** Inputs in which every field has one of its allowed values, or is left out. */
function inputs({ inputSchema }: Blueprint): fc.Arbitrary<Record<string, unknown>> {
  const fields = Object.entries(inputSchema.properties).map(
    ([name, schema]) =>
      [
        name,
        fc.constantFrom(...allowedValues(schema), ...(name === 'name' ? [LONGEST_NAME, 'a'] : [])),
      ] as const,
  );
  return fc.record(Object.fromEntries(fields), { requiredKeys: [] });
}

describe('the blueprints', () => {
  it('are these', () => {
    expect(named.map(({ id }) => id)).toEqual([
      'django',
      'laravel',
      'nextjs',
      'node-postgres',
      'pocketbase',
      'rails',
      'static-site',
      'wordpress',
    ]);
  });

  it.each(named)('$id makes what its golden says, with its defaults', async ({ id, blueprint }) => {
    const text = install(blueprint, {})
      .map((resource) => stringify(resource, { lineWidth: 0 }))
      .join('---\n');
    await expect(text).toMatchFileSnapshot(join(GOLDENS, `${id}.yaml`));
  });

  it.each(named)('$id makes a pod without faults of any input', ({ blueprint }) => {
    fc.assert(
      fc.property(inputs(blueprint), (input) => {
        const { instance, replicas } = { ...blueprint.defaults, ...input };
        if (FRACTIONAL.includes(String(instance)) && typeof replicas === 'number' && replicas > 1) {
          expect(faultPaths(blueprint, input)).toEqual(['input.replicas']);
        } else {
          expect(checkPodDocuments(kept(install(blueprint, input)))).toEqual([]);
        }
      }),
    );
  });

  it.each(named)(
    '$id puts its name before those of all it makes, and can be there twice',
    ({ blueprint }) => {
      const resources = [LONGEST_NAME, 'b'].flatMap((name) => {
        const made = install(blueprint, { name });
        for (const { metadata } of made) expect(metadata.name).toMatch(new RegExp(`^${name}(-|$)`));
        return made;
      });
      expect(checkPodDocuments(kept(resources))).toEqual([]);
    },
  );

  it.each(named)('$id takes no name that could break out of where it stands', ({ blueprint }) => {
    const hostile = [
      '',
      'A',
      '-a',
      'a-',
      'a b',
      'a\n',
      "a'",
      'a"b',
      'a: b',
      'a{{ input.name }}',
      'a:b',
      '1a',
      formatReference('a', 'host'),
    ];
    for (const name of [...hostile, `${LONGEST_NAME}a`, 7, null, ['a']]) {
      expect(faultPaths(blueprint, { name })).toEqual(['input.name']);
    }
  });

  it.each(named)('$id says in its documentation what it makes', ({ blueprint }) => {
    for (const { kind, metadata } of install(blueprint, { name: 'x' })) {
      expect(blueprint.body).toMatch(
        new RegExp(`\\| \`${metadata.name.replace(/^x/, 'NAME')}\` \\| ${kind} \\|`),
      );
    }
    for (const heading of ['What it makes', 'What to do then', 'How to upgrade', 'What it takes'])
      expect(blueprint.body).toContain(`\n## ${heading}\n`);
  });
});

describe('what is known of some', () => {
  const kindsOf = (id: string) =>
    install(byId(id), {})
      .map(({ kind }) => kind)
      .sort();
  const appOf = (id: string, input: unknown = { name: 'x' }) => {
    const app = install(byId(id), input).find((resource) => resource.kind === 'App');
    if (app?.kind !== 'App') throw new Error(`${id} makes no App`);
    return { ...app.spec, env: Object.fromEntries(app.spec.env.map(({ name, value }) => [name, value])) };
  };

  it('WordPress: two Disks, one MariaDB, one App and one Route, and the database wired by references', () => {
    expect(kindsOf('wordpress')).toEqual(['App', 'Disk', 'Disk', 'MariaDB', 'Route']);
    const { image, env } = appOf('wordpress');
    expect(image).toMatch(/wordpress:6\.9-php8\.2-apache$/);
    expect(env).toEqual({
      WORDPRESS_DB_HOST: formatReference('x-db', 'host'),
      WORDPRESS_DB_USER: formatReference('x-db', 'user'),
      WORDPRESS_DB_PASSWORD: formatReference('x-db', 'password'),
      WORDPRESS_DB_NAME: formatReference('x-db', 'database'),
    });
  });

  it('PocketBase: a Disk at /pb_data, and port 8090', () => {
    expect(kindsOf('pocketbase')).toEqual(['App', 'Disk', 'Route']);
    expect(appOf('pocketbase')).toMatchObject({
      image: expect.stringMatching(/:0\.36\.7$/),
      mounts: [{ path: '/pb_data', disk: 'urn:brain:disk:default:x-data' }],
      checks: { ready: { port: 8090 } },
    });
  });

  it('Next.js: port 3000, production, and a repository yet to be connected', () => {
    expect(kindsOf('nextjs')).toEqual(['App', 'Route']);
    const app = appOf('nextjs');
    expect(app.env.NODE_ENV).toBe('production');
    expect(app.artifactSelector).toEqual({ status: 'pending' });
    const route = install(byId('nextjs'), {}).find((resource) => resource.kind === 'Route');
    expect(route?.spec).toMatchObject({ rules: [{ path: '/', port: 3000 }] });
  });

  it('secrets have the form that each framework takes', () => {
    const key = appOf('laravel').env.APP_KEY ?? '';
    expect(key).toMatch(/^base64:/);
    expect(Buffer.from(key.slice('base64:'.length), 'base64')).toHaveLength(32);
    expect(appOf('django').env.SECRET_KEY).toMatch(/^[0-9a-f]{100}$/);
    expect(appOf('rails').env.SECRET_KEY_BASE).toMatch(/^[0-9a-f]{128}$/);
  });

  it('texts stay what they are, whatever they hold', () => {
    const text = `"'\n---\nkind: App\n{{ generated.appKey }} \${HOME} $(id) &a *a <b>`;
    const hostile = fc.oneof(
      fc.string({ minLength: 1, maxLength: 100, unit: 'grapheme' }),
      fc.constant(text),
    );
    fc.assert(
      fc.property(
        hostile.filter((each) => each.length <= 100 && !each.includes('\0')),
        (value) => {
          expect(appOf('laravel', { appName: value }).env.APP_NAME).toBe(value);
          const [config] = install(byId('static-site'), { page: value });
          expect(config?.spec).toEqual({ files: { 'index.html': value } });
        },
      ),
    );
  });
});

describe('readBlueprints', () => {
  it('names every fault of every blueprint at once', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'brainpod-blueprints-'));
    try {
      for (const id of ['one', 'two']) {
        await mkdir(join(folder, id));
        await writeFile(join(folder, id, 'blueprint.yaml'), 'id: three');
        await writeFile(join(folder, id, 'resources.yaml'), '- [');
        await writeFile(join(folder, id, 'README.md'), '');
      }
      for (const fault of ['one: blueprint.name: ', 'two: readme: ', 'two: resources: '])
        await expect(readBlueprints(folder)).rejects.toThrow(fault);
    } finally {
      await rm(folder, { recursive: true });
    }
  });
});
