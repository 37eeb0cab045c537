import { readdirSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { planBuild } from './plan-build.ts';
import { treeOf } from './testing/file-tree.ts';

const EXAMPLES = join(import.meta.dirname, '../../../examples');
const OF_A_BUILD = ['Dockerfile', '.dockerignore', 'resources.yaml'];

const MODULE = 'module example.com/web\n\ngo 1.26.1\n';
const MAIN = 'package main\n\nfunc main() {}\n';
const LOCKED = { 'package-lock.json': '{}' };

/** Each has its Dockerfile in testdata/; "vitest --update" writes them anew. */
const GOLDEN: Record<string, Record<string, string>> = {
  ...Object.fromEntries(readdirSync(EXAMPLES).map((name) => [name, textsOf(name)])),
  'node-npm': {
    ...LOCKED,
    '.nvmrc': 'v22.3.0\n',
    'package.json': '{"scripts":{"start":"node server.js"},"dependencies":{"fastify":"5"}}',
  },
  'node-build': {
    ...LOCKED,
    'package.json':
      '{"engines":{"node":">=20"},"scripts":{"build":"tsc","start":"node dist/main.js"},"devDependencies":{"typescript":"5"}}',
  },
  'node-pnpm-pinned': {
    'pnpm-lock.yaml': "lockfileVersion: '9.0'\n",
    'pnpm-workspace.yaml': 'onlyBuiltDependencies:\n  - sharp\n',
    'package.json':
      '{"packageManager":"pnpm@9.15.4+sha512.abc","scripts":{"start":"node server.js"},"dependencies":{"hono":"4"}}',
  },
  'node-next-whole': {
    ...LOCKED,
    'package.json': '{"scripts":{"dev":"next dev","build":"next build"},"dependencies":{"next":"15"}}',
  },
  'node-nest': {
    ...LOCKED,
    'package.json':
      '{"scripts":{"build":"nest build","start":"nest start"},"dependencies":{"@nestjs/core":"11"},"devDependencies":{"@nestjs/cli":"11"}}',
  },
  'node-astro': { ...LOCKED, 'package.json': '{"dependencies":{"astro":"5","@astrojs/node":"9"}}' },
  'node-nuxt': { ...LOCKED, 'package.json': '{"dependencies":{"nuxt":"4"}}' },
  'go-root': { 'go.mod': MODULE, 'main.go': MAIN },
  'go-cmd': { 'go.mod': MODULE, 'go.sum': '', 'cmd/web/main.go': MAIN, 'web.go': 'package web\n' },
};

/** An example as it would be without what says how it is built. */
function textsOf(example: string): Record<string, string> {
  const folder = join(EXAMPLES, example);
  const files = readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && !OF_A_BUILD.includes(entry.name))
    .map((entry) => join(entry.parentPath, entry.name));
  return Object.fromEntries(files.map((file) => [relative(folder, file), readFileSync(file, 'utf8')]));
}

describe('the plan of a tree', () => {
  it.each(Object.keys(GOLDEN))('is the golden one: %s', async (name) => {
    const plan = planBuild(treeOf(GOLDEN[name] ?? {}));
    if (plan.kind !== 'planned') throw new Error(JSON.stringify(plan.questions));
    await expect(plan.dockerfile).toMatchFileSnapshot(`testdata/${name}.Dockerfile`);
  });

  it.each([
    ['an empty folder', {}, [null]],
    ['a manifest that is no JSON', { 'package.json': '{' }, [null]],
    ['a range and no start', { 'package.json': '{"engines":{"node":"18 || 20"}}' }, ['nodeVersion', 'start']],
    [
      'a lock of pnpm of no format',
      { 'package.json': '{"scripts":{"start":"node a.js"}}', 'pnpm-lock.yaml': '' },
      [null],
    ],
    [
      'a workspace of pnpm',
      {
        'package.json': '{"scripts":{"start":"node a.js"}}',
        'pnpm-lock.yaml': "lockfileVersion: '9.0'",
        'pnpm-workspace.yaml': 'packages:\n  - a\n',
      },
      [null],
    ],
    [
      'a lock of Yarn 4',
      { 'package.json': '{"scripts":{"start":"node a.js"}}', 'yarn.lock': '__metadata:\n' },
      [null],
    ],
    ['a lock of Bun', { 'package.json': '{"scripts":{"start":"node a.js"}}', 'bun.lock': '{}' }, [null]],
    [
      'two locks',
      { ...LOCKED, 'package.json': '{"scripts":{"start":"node a.js"}}', 'yarn.lock': '' },
      [null],
    ],
    [
      'what makes files only',
      { ...LOCKED, 'package.json': '{"scripts":{"build":"vite build"},"devDependencies":{"vite":"7"}}' },
      ['start'],
    ],
    ['workspaces', { 'package.json': '{"scripts":{"start":"node a"},"workspaces":["a"]}' }, [null]],
    ['no lock', { 'package.json': '{"scripts":{"start":"node a.js"},"dependencies":{"a":"1"}}' }, [null]],
    ['two programs of Go', { 'go.mod': MODULE, 'cmd/a/main.go': MAIN, 'cmd/b/main.go': MAIN }, [null]],
  ])('asks all that it cannot decide: %s', (_, texts: Record<string, string>, names) => {
    const plan = planBuild(treeOf(texts));
    expect(plan.kind === 'undecided' && plan.questions.map(({ name }) => name)).toEqual(names);
  });

  it('takes what a person says over what it finds', () => {
    const tree = treeOf({ 'package.json': '{"engines":{"node":"18 || 20"}}' });
    const plan = planBuild(tree, { nodeVersion: '22', start: 'node other.js' });
    expect(plan.kind === 'planned' && plan.dockerfile).toContain('CMD ["node", "other.js"]');
    expect(plan.kind === 'planned' && plan.images).toEqual(['node:22-trixie-slim']);
  });

  const path = fc.constantFrom(
    'package.json',
    '.nvmrc',
    'package-lock.json',
    'pnpm-lock.yaml',
    'pnpm-workspace.yaml',
    'yarn.lock',
    'go.mod',
    'main.go',
    'cmd/a/main.go',
    'cmd/b/x.go',
  );
  const text = fc.oneof(
    fc.string(),
    fc.json(),
    fc.constantFrom(MODULE, MAIN, '{"scripts":{"start":"node a"}}'),
  );

  it('never throws, and does not depend on the order of files', () => {
    fc.assert(
      fc.property(fc.dictionary(path, text), (texts) => {
        const reversed = Object.fromEntries(Object.entries(texts).reverse());
        expect(planBuild(treeOf(reversed))).toEqual(planBuild(treeOf(texts)));
      }),
    );
  });
});
