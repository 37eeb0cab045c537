import { describe, expect, it } from 'vitest';
import type { Overrides } from '../build-plan.ts';
import { planBuild } from '../plan-build.ts';
import { treeOf } from '../testing/file-tree.ts';

const SERVES = 'Deno.serve(() => new Response("x"));\n';

const GOLDEN: Record<string, Record<string, string>> = {
  'deno-fresh': {
    'deno.json': `{
  // Tasks of Fresh.
  "tasks": { "build": "vite build", "start": "deno serve -A _fresh/server.js", },
  "imports": { "@fresh/core": "jsr:@fresh/core@^2" }
}`,
    'deno.lock': '{}',
    'main.ts': 'export const app = new App();\n',
  },
  'deno-script': { 'server.ts': SERVES },
};

const plan = (files: Record<string, string>, overrides: Overrides = {}) =>
  planBuild(treeOf(files), overrides);

function planned(files: Record<string, string>, overrides: Overrides = {}) {
  const found = plan(files, overrides);
  if (found.kind !== 'planned') throw new Error(JSON.stringify(found.questions));
  return found;
}

function asked(files: Record<string, string>, overrides: Overrides = {}) {
  const undecided = plan(files, overrides);
  if (undecided.kind !== 'undecided') throw new Error(undecided.dockerfile);
  return undecided.questions.map(({ name, seen }) => [name, seen] as const);
}

const command = (files: Record<string, string>, overrides: Overrides = {}) =>
  /CMD (.+)/.exec(planned(files, overrides).dockerfile)?.[1];

describe('a project of Deno', () => {
  it.each(Object.keys(GOLDEN))('has the golden plan: %s', async (name) => {
    await expect(planned(GOLDEN[name] ?? {}).dockerfile).toMatchFileSnapshot(
      `../testdata/${name}.Dockerfile`,
    );
  });

  it('is told by its framework', () => {
    const imports = (name: string) => ({ 'deno.json': `{"imports":{"x":"${name}"}}`, 'main.ts': SERVES });
    expect(planned(GOLDEN['deno-fresh'] ?? {})).toMatchObject({ language: 'Deno', framework: 'Fresh' });
    expect(planned(imports('jsr:@hono/hono@4')).framework).toBe('Hono');
    expect(planned(imports('jsr:@oak/oak@17')).framework).toBe('Oak');
    expect(planned(GOLDEN['deno-script'] ?? {}).framework).toBeNull();
  });

  it('is one of Node where it has a package.json and no settings of Deno', () => {
    const files = { 'package.json': '{"scripts":{"start":"node main.js"}}', 'main.ts': SERVES };
    expect(planned(files).language).toBe('Node.js');
    expect(planned({ ...files, 'deno.json': '{}' }).language).toBe('Deno');
  });

  it('is started by its task, its first file, or as is said', () => {
    const tasks = (start: unknown) => ({ 'deno.jsonc': JSON.stringify({ tasks: { start } }) });
    expect(command(tasks('deno run -A --env=x main.ts'))).toBe('["deno", "run", "-A", "--env=x", "main.ts"]');
    expect(command(tasks({ command: 'deno run -A main.ts' }))).toBe('["deno", "run", "-A", "main.ts"]');
    expect(command(tasks('PORT=1 deno run main.ts && true'))).toBe('["deno", "task", "start"]');
    expect(command({ 'deno.json': '{}', 'main.ts': 'export default { fetch() {} };' })).toBe(
      '["deno", "serve", "--host", "0.0.0.0", "--port", "8080", "--allow-net", "--allow-env", "--allow-read=.", "main.ts"]',
    );
    expect(command({ 'deno.json': '{}', Procfile: 'web: deno run -A web.ts\n' })).toBe(
      '["deno", "run", "-A", "web.ts"]',
    );
    expect(command({ 'deno.json': '{}' }, { start: 'deno run -A web.ts' })).toBe(
      '["deno", "run", "-A", "web.ts"]',
    );
  });

  it('runs the version that is asked for', () => {
    const images = (files: Record<string, string>, overrides: Overrides = {}) =>
      planned({ ...GOLDEN['deno-script'], ...files }, overrides).images;
    expect(images({})).toEqual(['denoland/deno:2.9.6']);
    expect(images({ '.dvmrc': 'v2.4.1\n' })).toEqual(['denoland/deno:2.4.1']);
    expect(images({ '.tool-versions': 'deno 2.1.0\n' })).toEqual(['denoland/deno:2.1.0']);
    expect(images({ '.dvmrc': '2.4.1' }, { denoVersion: '2' })).toEqual(['denoland/deno:2.9.6']);
  });

  it('asks all at once', () => {
    expect(asked({ 'deno.json': '{"tasks":', '.dvmrc': '1\n' })).toEqual([
      [null, 'deno.json is no JSON object.'],
      ['denoVersion', '.dvmrc asks for Deno "1".'],
      ['start', 'There is no task "start", and none of main.ts, server.ts, mod.ts, app.ts, index.ts.'],
    ]);
  });

  it('does as it is told', () => {
    const { dockerfile } = planned(GOLDEN['deno-fresh'] ?? {}, {
      install: 'deno install --allow-scripts',
      build: 'deno task pages',
    });
    expect(dockerfile).toContain('COPY . .\nRUN deno install --allow-scripts\nRUN deno task pages\n');
  });
});
