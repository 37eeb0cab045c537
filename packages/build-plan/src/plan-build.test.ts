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

const NPM_WORKSPACE = {
  ...LOCKED,
  'package.json': '{"workspaces":["*"]}',
  'a/package.json': '{"name":"a","scripts":{"start":"node a.js"}}',
};
const PNPM_WORKSPACE = {
  'pnpm-lock.yaml': "lockfileVersion: '9.0'\n",
  'pnpm-workspace.yaml': 'packages:\n  - apps/*\n  - packages/*\n',
  'package.json': '{"packageManager":"pnpm@10.11.0","engines":{"node":"22"}}',
  'apps/api/package.json':
    '{"name":"api","scripts":{"start":"node main.js"},"dependencies":{"@ours/words":"workspace:*"}}',
  'packages/words/package.json':
    '{"name":"@ours/words","scripts":{"build":"tsc"},"dependencies":{"@ours/base":"workspace:*"}}',
  'packages/base/package.json': '{"name":"@ours/base","scripts":{"build":"tsc"}}',
};
const UV_WORKSPACE = {
  'uv.lock': '',
  'pyproject.toml': '[tool.uv.workspace]\nmembers = ["services/*", "libs/*"]\n',
  'services/api/pyproject.toml':
    '[project]\nname = "api"\ndependencies = ["words", "fastapi"]\n[tool.uv.sources]\nwords = { workspace = true }\n',
  'services/api/main.py': 'from fastapi import FastAPI\n\napp = FastAPI()\n',
  'libs/words/pyproject.toml': '[project]\nname = "words"\n[build-system]\nrequires = ["hatchling"]\n',
};

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
  'node-without-lock': {
    'package.json': '{"engines":{"node":">= 14"},"dependencies":{"hono":"4"}}',
    'server.js': '',
  },
  'node-without-lock-build': {
    'package.json':
      '{"scripts":{"build":"tsc","start":"node dist/main.js"},"devDependencies":{"typescript":"5"}}',
  },
  'node-husky': {
    ...LOCKED,
    'package.json':
      '{"scripts":{"prepare":"husky || true","start":"node server.js"},"dependencies":{"hono":"4"}}',
  },
  'node-install-scripts': {
    ...LOCKED,
    'package.json':
      '{"scripts":{"postinstall":"prisma generate","start":"node server.js"},"dependencies":{"@prisma/client":"6"}}',
    'prisma/schema.prisma': '',
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
  'node-bun': {
    'bun.lock': '{}',
    'package.json':
      '{"packageManager":"bun@1.2.15","scripts":{"build":"bun build","start":"bun run src/main.ts"},"dependencies":{"hono":"4"}}',
  },
  'node-nuxt': { ...LOCKED, 'package.json': '{"dependencies":{"nuxt":"4"}}' },
  'node-nest-prod': {
    ...LOCKED,
    'package.json':
      '{"scripts":{"build":"nest build","start":"nest start","start:prod":"node dist/src/main"},"dependencies":{"@nestjs/core":"11"}}',
  },
  'node-remix': {
    ...LOCKED,
    'package.json':
      '{"scripts":{"build":"remix vite:build","dev":"remix vite:dev"},"dependencies":{"@remix-run/serve":"2"},"devDependencies":{"vite":"6"}}',
  },
  'node-react-router': {
    ...LOCKED,
    'react-router.config.ts': 'export default { ssr: true };',
    'package.json':
      '{"scripts":{"build":"react-router build","start":"react-router-serve ./build/server/index.js"},"dependencies":{"@react-router/serve":"7"},"devDependencies":{"@react-router/dev":"7","vite":"7"}}',
  },
  'node-yarn-modern': {
    'yarn.lock':
      '__metadata:\n  version: 8\n  cacheKey: 10c0\n\n"typescript@patch:typescript@npm%3A5#optional!builtin<compat/typescript>":\n',
    '.yarnrc.yml': 'nodeLinker: pnp\n',
    'package.json':
      '{"packageManager":"yarn@4.9.1","scripts":{"build":"tsc","start":"node server.js"},"dependencies":{"hono":"4"}}',
  },
  'workspace-yarn-modern': {
    ...without(NPM_WORKSPACE, 'package-lock.json'),
    'yarn.lock': '__metadata:\n  version: 8\n"a@patch:b": x\n',
  },
  'node-pnpm-scripts': {
    'pnpm-lock.yaml': "lockfileVersion: '9.0'\n",
    'package.json':
      '{"scripts":{"postinstall":"prisma generate","start":"node server.js"},"dependencies":{"@prisma/client":"6"}}',
  },
  'workspace-npm-scripts': {
    ...NPM_WORKSPACE,
    'b/package.json': '{"name":"b","scripts":{"postinstall":"prisma generate"}}',
  },
  'node-svelte': {
    ...LOCKED,
    'package.json':
      '{"scripts":{"build":"vite build"},"devDependencies":{"@sveltejs/adapter-node":"5","@sveltejs/kit":"2","vite":"7"}}',
  },
  'node-express-main': {
    'package.json': '{"main":"./src/app.js","dependencies":{"express":"5"}}',
    'src/app.js': '',
    'index.js': '',
  },
  'site-next-export': {
    ...LOCKED,
    'next.config.ts': "export default { output: 'export' };",
    'package.json': '{"scripts":{"build":"next build","start":"next start"},"dependencies":{"next":"16"}}',
  },
  'site-nuxt-generate': {
    ...LOCKED,
    'package.json': '{"scripts":{"build":"nuxt generate"},"dependencies":{"nuxt":"4"}}',
  },
  'site-react-router': {
    ...LOCKED,
    'react-router.config.ts': 'export default { ssr: false } satisfies Config;',
    'package.json':
      '{"scripts":{"build":"react-router build","start":"react-router-serve ./build/server/index.js"},"dependencies":{"@react-router/serve":"7"},"devDependencies":{"@react-router/dev":"7","vite":"7"}}',
  },
  'python-uv-without-lock': {
    'pyproject.toml': '[project]\nname = "web"\ndependencies = ["fastapi", "uvicorn"]\n',
    'main.py': 'from fastapi import FastAPI\n\napp = FastAPI()\n',
  },
  'python-poetry-without-lock': {
    'pyproject.toml':
      '[tool.poetry]\nname = "web"\n[tool.poetry.dependencies]\npython = "^3.11"\nflask = "*"\n',
    'app.py': 'from flask import Flask\n\napp = Flask(__name__)\n',
  },
  'python-uv': {
    'uv.lock': '',
    '.python-version': '3.12\n',
    'pyproject.toml':
      '[project]\nrequires-python = ">=3.11"\ndependencies = ["fastapi[standard]>=0.115"]\n[tool.uv]\nrequired-version = ">=0.8"\n',
    'main.py': 'from fastapi import FastAPI\n\napp: FastAPI = FastAPI()\n',
  },
  'python-uv-package': {
    'uv.lock': '',
    'pyproject.toml':
      '[project]\nrequires-python = ">=3.11,<3.13"\ndependencies = ["fastapi"]\n[build-system]\nrequires = ["hatchling"]\n',
    'src/web/api.py': 'import fastapi\n\nservice = fastapi.FastAPI()\n',
  },
  'python-poetry': {
    'poetry.lock':
      '# This file is automatically @generated by Poetry 2.1.3 and should not be changed by hand.\n',
    'pyproject.toml':
      '[tool.poetry]\npackage-mode = false\n[tool.poetry.dependencies]\npython = "^3.11"\nDjango = "5"\nuvicorn = { version = "*", extras = ["standard"] }\n',
    'manage.py': '',
    'site/asgi.py': 'from django.core.asgi import get_asgi_application\n',
  },
  'python-pipenv': {
    Pipfile: '[packages]\nflask = "*"\n[requires]\npython_version = "3.11"\n',
    'Pipfile.lock': '{}',
    'wsgi.py': 'def create_app():\n    pass\n',
  },
  'python-plain': { 'server.py': 'print(1)\n' },
  'python-streamlit': { 'requirements.txt': 'streamlit\n', 'app.py': '' },
  'site-vite-pages': {
    ...LOCKED,
    'index.html': '',
    'about.html': '',
    'vite.config.ts': "export default { build: { outDir: './out/web' } };",
    'package.json':
      '{"scripts":{"build":"tsc && vite build","start":"vite preview"},"devDependencies":{"vite":"7"}}',
  },
  'site-astro': {
    'pnpm-lock.yaml': "lockfileVersion: '9.0'\n",
    'package.json': '{"dependencies":{"astro":"5"}}',
  },
  'site-public': { 'public/index.html': '' },
  'folder-python': {
    'brainpod.toml': 'directory = "services/api"\n[versions]\npython = "3.12"\n',
    'services/api/requirements.txt': '-r requirements/web.txt\n',
    'services/api/requirements/web.txt': 'flask\ngunicorn\n',
    'services/api/brainpod.toml': 'build = "make docs"\n[versions]\npython = "3.11"\n',
    'services/api/app.py': 'app = Flask(__name__)\n',
    'services/web/package.json': '{}',
  },
  'node-told': {
    ...LOCKED,
    'brainpod.toml':
      'install = "npm ci --ignore-scripts"\nbuild = "npm run bundle"\n[versions]\nnode = "22"\n',
    Procfile: 'release: npm run migrate\nweb: node --enable-source-maps server.js --port $PORT\n',
    'package.json': '{"scripts":{"start":"node server.js"},"dependencies":{"hono":"4"}}',
  },
  'node-secrets': {
    ...LOCKED,
    'brainpod.toml': 'secrets = ["NPM_TOKEN", "API_KEY", "NPM_TOKEN"]\n',
    'package.json':
      '{"scripts":{"build":"tsc","start":"node server.js"},"dependencies":{"hono":"4"},"devDependencies":{"typescript":"5"}}',
  },
  'folder-secrets': {
    'brainpod.toml': 'directory = "services/api"\nsecrets = ["TOP"]\n',
    'services/api/requirements.txt': 'flask\ngunicorn\n',
    'services/api/brainpod.toml': 'secrets = ["PIP_TOKEN"]\n',
    'services/api/app.py': 'app = Flask(__name__)\n',
  },
  'site-told': {
    ...LOCKED,
    'brainpod.toml': 'publish = "out/site"\n',
    'package.json': '{"scripts":{"build":"make-site"},"devDependencies":{"make-site":"1"}}',
  },
  'go-vendored': {
    'go.mod': 'module example.com/tools/web/v2\n\ngo 1.22\n',
    'vendor/modules.txt': '',
    Procfile: 'web: bin/web serve --verbose\n',
    'cmd/web/main.go': MAIN,
    'cmd/admin/main.go': MAIN,
  },
  'folder-npm-workspace': {
    ...LOCKED,
    'brainpod.toml': 'directory = "apps/api"\n',
    'package.json': '{"workspaces":["apps/*","packages/*"]}',
    'apps/api/package.json':
      '{"scripts":{"build":"tsc","start":"node dist/main.js"},"dependencies":{"hono":"4"}}',
    'apps/web/package.json': '{}',
    'packages/words/package.json': '{}',
  },
  'folder-npm-workspace-next': {
    ...LOCKED,
    'brainpod.toml': 'directory = "apps/web"\n',
    'package.json': '{"workspaces":["apps/*"]}',
    'turbo.json': '{}',
    'apps/web/package.json':
      '{"name":"@ours/web","scripts":{"build":"next build"},"dependencies":{"next":"15"}}',
    'apps/web/next.config.js': "module.exports = { output: 'standalone' };",
  },
  'workspace-npm-only': { ...NPM_WORKSPACE, 'b/package.json': '{"name":"b"}' },
  'workspace-npm-without-lock': without(NPM_WORKSPACE, 'package-lock.json'),
  'workspace-npm-remix': {
    ...NPM_WORKSPACE,
    'package.json': '{"workspaces":["*"],"scripts":{"prepare":"husky"}}',
    'nx.json': '{}',
    'brainpod.toml': 'directory = "a"',
    'a/package.json': '{"scripts":{"build":"remix vite:build"},"dependencies":{"@remix-run/serve":"2"}}',
  },
  'workspace-pnpm': PNPM_WORKSPACE,
  'workspace-pnpm-vite': {
    ...PNPM_WORKSPACE,
    'brainpod.toml': 'directory = "apps/web"',
    'apps/web/package.json':
      '{"name":"web","dependencies":{"@ours/base":"workspace:*"},"devDependencies":{"vite":"7"}}',
  },
  'workspace-uv': UV_WORKSPACE,
  'workspace-uv-django': {
    ...UV_WORKSPACE,
    'brainpod.toml': 'directory = "services/site"',
    'services/site/pyproject.toml': '[project]\nname = "site"\ndependencies = ["django", "gunicorn"]\n',
    'services/site/manage.py': '',
    'services/site/web/settings.py': 'STATIC_ROOT = "static"\n',
    'services/site/web/wsgi.py': 'from django.core.wsgi import get_wsgi_application\n',
  },
  'workspace-uv-top': {
    ...UV_WORKSPACE,
    'pyproject.toml':
      '[project]\nname = "top"\ndependencies = ["words"]\n[tool.uv.workspace]\nmembers = ["libs/*"]\n',
    'main.py': '',
  },
  'workspace-cargo': {
    'Cargo.toml': '[workspace]\nmembers = ["crates/*"]\nresolver = "3"\n',
    'Cargo.lock': '',
    'crates/web/Cargo.toml': '[package]\nname = "web"\n[dependencies]\naxum = { workspace = true }\n',
    'crates/web/src/main.rs': '',
    'crates/words/Cargo.toml': '[package]\nname = "words"\n',
    'crates/words/src/lib.rs': '',
  },
  'workspace-go': {
    'go.work': 'go 1.27.0\n\nuse (\n\t./services/api // what runs\n\t./words\n)\n',
    'services/api/go.mod': MODULE,
    'services/api/cmd/api/main.go': MAIN,
    'words/go.mod': 'module example.com/words\n\ngo 1.26\n',
    'words/words.go': 'package words\n',
  },
  'folder-go-beside': {
    'brainpod.toml': 'directory = "api"',
    'api/go.mod': `${MODULE}\nreplace example.com/words => ../words\n`,
    'api/main.go': MAIN,
    'words/go.mod': 'module example.com/words\n\ngo 1.26\n',
  },
  'folder-go-program': {
    'brainpod.toml': 'directory = "cmd/web"',
    'go.mod': MODULE,
    'cmd/web/main.go': MAIN,
    'cmd/admin/main.go': MAIN,
  },
  'rust-pinned': {
    'Cargo.toml': '[package]\nname = "web"\n[dependencies]\nrocket = "0.5"\nreqwest = "0.12"\n',
    'Cargo.lock': '[[package]]\nname = "openssl-sys"\n',
    'rust-toolchain.toml': '[toolchain]\nchannel = "1.82"\n',
    'src/bin/web.rs': '',
    'src/bin/tool/main.rs': '',
  },
  'go-root': { 'go.mod': MODULE, 'main.go': MAIN },
  'go-cmd': { 'go.mod': MODULE, 'go.sum': '', 'cmd/web/main.go': MAIN, 'web.go': 'package web\n' },
};

function without(texts: Record<string, string>, path: string): Record<string, string> {
  return Object.fromEntries(Object.entries(texts).filter(([each]) => each !== path));
}

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
      ['directory'],
    ],
    [
      'a workspace of pnpm without a lock',
      { ...without(PNPM_WORKSPACE, 'pnpm-lock.yaml'), 'brainpod.toml': 'directory = "apps/api"' },
      [null],
    ],
    [
      'a workspace with two that start',
      { ...NPM_WORKSPACE, 'b/package.json': '{"scripts":{"start":"node b"}}' },
      ['directory'],
    ],
    [
      'a lock of Yarn 3',
      {
        'package.json': '{"scripts":{"start":"node a.js"}}',
        'yarn.lock': '__metadata:\n  version: 6\n',
      },
      [null],
    ],
    [
      'two locks',
      { ...LOCKED, 'package.json': '{"scripts":{"start":"node a.js"}}', 'yarn.lock': '' },
      [null],
    ],
    [
      'a framework that makes a server with Vite',
      {
        ...LOCKED,
        'package.json':
          '{"scripts":{"build":"vite build"},"devDependencies":{"vite":"7","@sveltejs/kit":"2","@sveltejs/adapter-auto":"6"}}',
      },
      ['start'],
    ],
    ['workspaces', { 'package.json': '{"scripts":{"start":"node a"},"workspaces":["a"]}' }, ['directory']],
    [
      'folders with projects',
      { 'README.md': '', 'apps/web/package.json': '{}', 'api/go.mod': MODULE },
      ['directory'],
    ],
    ['a folder that is not there', { 'brainpod.toml': 'directory = "apps/web"' }, ['directory']],
    [
      'all that is wrong in brainpod.toml',
      { 'brainpod.toml': 'start = 1\nbuilt = "x"\ndirectory = "../up"\n[versions]\nnode = 24\nperl = "5"\n' },
      [null, null, null, null, null],
    ],
    ['a brainpod.toml that is none', { 'brainpod.toml': '[' }, [null]],
    [
      'a Go that is no version, of a module without one',
      { 'brainpod.toml': '[versions]\ngo = "latest"\n', 'go.mod': 'module a\n', 'main.go': MAIN },
      ['goVersion', null],
    ],
    ['requirements and nothing that starts', { 'requirements.txt': 'requests\n', 'x/y.py': '' }, ['start']],
    ['a pyproject.toml that is no TOML', { 'pyproject.toml': '[' }, [null]],
    [
      'dependencies of Python without a lock and a name, and a version that nothing has',
      { 'pyproject.toml': '[project]\nrequires-python = ">=4"\ndependencies = ["flask"]\n', 'main.py': '' },
      ['pythonVersion', null],
    ],
    ['a Pipfile alone', { Pipfile: '[packages]\n', 'main.py': '' }, [null]],
    [
      'two locks of Python',
      { 'uv.lock': '', 'poetry.lock': '', 'pyproject.toml': '', 'main.py': '' },
      [null],
    ],
    [
      'a workspace of Rust, pinned to a nightly',
      { 'Cargo.toml': '[workspace]', 'rust-toolchain': 'nightly' },
      ['rustVersion', 'directory', null],
    ],
    ['two programs of Go', { 'go.mod': MODULE, 'cmd/a/main.go': MAIN, 'cmd/b/main.go': MAIN }, ['directory']],
  ])('asks all that it cannot decide: %s', (_, texts: Record<string, string>, names) => {
    const plan = planBuild(treeOf(texts));
    expect(plan.kind === 'undecided' && plan.questions.map(({ name }) => name)).toEqual(names);
  });

  it('names each fault of brainpod.toml by its path', () => {
    const plan = planBuild(
      treeOf({ 'brainpod.toml': 'built = "x"\nstart = ["a"]\nsecrets = ["A B"]\n[versions]\nnode = 24\n' }),
    );
    expect(plan.kind === 'undecided' && plan.questions.map(({ seen }) => seen)).toEqual([
      'brainpod.toml: built is not known.',
      'brainpod.toml: start must be one line of text.',
      'brainpod.toml: versions.node must be a text such as "24".',
      'brainpod.toml: secrets must be a list of at most 20 names of environment variables.',
    ]);
  });

  it('names the packages of a workspace that can be started, and no others', () => {
    const more = { 'b/package.json': '{"scripts":{"start":"node b"}}', 'c/package.json': '{"name":"c"}' };
    const plan = planBuild(treeOf({ ...NPM_WORKSPACE, ...more }));
    expect(plan.kind === 'undecided' && plan.questions.map(({ seen }) => seen)).toEqual([
      'package.json is of a workspace. Of its packages these can be started: a, b.',
    ]);
  });

  it('names ten of many packages, and tries none where there are too many', () => {
    const start = '{"scripts":{"start":"node a"}}';
    const many = (count: number) =>
      Object.fromEntries(Array.from({ length: count }, (_, at) => [`p${100 + at}/package.json`, start]));
    const asked = (count: number) => {
      const plan = planBuild(treeOf({ ...LOCKED, 'package.json': '{"workspaces":["*"]}', ...many(count) }));
      return plan.kind === 'undecided' && plan.questions.map(({ seen }) => seen).join();
    };
    const ten = 'p100, p101, p102, p103, p104, p105, p106, p107, p108, p109';
    expect(asked(12)).toContain(`these can be started: ${ten} and 2 more.`);
    expect(asked(101)).toContain(`It has 101 packages: ${ten} and 91 more.`);
  });

  it.each([
    ['web: node server.js', 'Node.js'],
    ['web: NODE_ENV=production exec ./node_modules/.bin/next start', 'Node.js'],
    ['web: bundle exec ruby app.rb', 'Ruby'],
    ['web: bin/start', 'Ruby'],
  ])('is of the language of the program that is started: %s', (line, language) => {
    const files = {
      'package.json': '{"name":"shop","dependencies":{"express":"5"}}',
      'package-lock.json': '{"lockfileVersion":3,"packages":{}}',
      'server.js': '',
      Gemfile: 'gem "sass"\n',
      'app.rb': '',
    };
    expect(planBuild(treeOf({ ...files, Procfile: line }))).toMatchObject({ language });
    expect(planBuild(treeOf(files), { start: line.slice('web: '.length) })).toMatchObject({ language });
  });

  it.each(['one/Shop.csproj', 'one/config.ru', 'one/deno.jsonc', 'one/main.py', 'one/Shop.fsproj'])(
    'asks for a folder where what there is to build is further below: %s',
    (path) => {
      const plan = planBuild(treeOf({ [path]: '', 'README.md': '' }));
      expect(plan).toMatchObject({
        questions: [{ name: 'directory', seen: expect.stringContaining('one.') }],
      });
    },
  );

  it('says which package of a workspace it builds, and where each decision comes from', () => {
    const plan = planBuild(treeOf(PNPM_WORKSPACE));
    expect(plan.kind === 'planned' && plan.decisions.map(({ what, from }) => [what, from])).toEqual([
      ['builds apps/api', 'package.json'],
      ['Node 22', 'apps/api/package.json'],
      ['installs with pnpm', 'pnpm-lock.yaml'],
      ['starts ["node", "main.js"]', 'apps/api/package.json'],
      ['builds packages/base before', 'packages/base/package.json'],
      ['builds packages/words before', 'packages/words/package.json'],
      ['PORT is 8080', null],
    ]);
  });

  it('says that versions are not pinned where no lock file is', () => {
    const plan = planBuild(treeOf(GOLDEN['node-without-lock'] ?? {}));
    expect(plan.kind === 'planned' && plan.decisions).toContainEqual({
      what: 'installs with npm, the versions not pinned',
      why: expect.stringContaining('package-lock.json'),
      from: 'package.json',
    });
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
    'requirements.txt',
    'pyproject.toml',
    'Pipfile',
    'uv.lock',
    'poetry.lock',
    'Procfile',
    '.python-version',
    'manage.py',
    'app.py',
    'src/a/main.py',
    'index.html',
    'vite.config.js',
    'brainpod.toml',
    'a/package.json',
    'a/pyproject.toml',
    'a/go.mod',
    'a/main.go',
    'go.work',
    'turbo.json',
    'Cargo.toml',
    'Cargo.lock',
    'src/main.rs',
  );
  const text = fc.oneof(
    fc.string(),
    fc.json(),
    fc.constantFrom(
      ...[
        MODULE,
        MAIN,
        '{"scripts":{"start":"node a"}}',
        '{"devDependencies":{"vite":"7"}}',
        'flask\n-r requirements.txt\n',
        'web: a $PORT\n',
      ],
      'app = Flask(__name__)\n',
      '{"workspaces":["a"]}',
      'packages:\n  - a\n',
      'go 1.26\n\nuse ./a\n',
      '[workspace]\n',
      '[project]\nname = "a"\n[tool.uv.workspace]\nmembers = ["a"]\n',
      '[package]\nname = "a"\n',
      'directory = "a"\n[versions]\ngo = "1.26"\n',
      '[project]\ndependencies = ["fastapi[standard]"]\n[build-system]\nrequires = []\n',
    ),
  );

  it.each([
    'mix.exs',
    'Gemfile',
    'build.gradle',
    'pom.xml',
    'package.json',
    'composer.json',
    'rust-toolchain',
  ])('takes time in proportion to a file that was made to be a burden: %s', (path) => {
    const blank = '\n'.repeat(100_000);
    const own = { 'Cargo.toml': '[package]\nname = "a"\n', 'system.properties': blank };
    expect(() => planBuild(treeOf({ ...own, [path]: `ruby${blank}gem${blank}` }))).not.toThrow();
    expect(() => planBuild(treeOf({ [path]: blank }))).not.toThrow();
  });

  it('never throws, and does not depend on the order of files', () => {
    fc.assert(
      fc.property(fc.dictionary(path, text), (texts) => {
        const reversed = Object.fromEntries(Object.entries(texts).reverse());
        expect(planBuild(treeOf(reversed))).toEqual(planBuild(treeOf(texts)));
      }),
    );
  });
});
