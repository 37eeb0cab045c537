import { describe, expect, it } from 'vitest';
import type { Overrides } from '../build-plan.ts';
import { planBuild } from '../plan-build.ts';
import { treeOf } from '../testing/file-tree.ts';

const mix = (...lines: string[]): string =>
  `defmodule Shop.MixProject do\n  use Mix.Project\n\n  def project do\n    [\n${lines.map((line) => `      ${line}\n`).join('')}    ]\n  end\nend\n`;

const GOLDEN: Record<string, Record<string, string>> = {
  'elixir-phoenix': {
    'mix.exs': mix(
      'app: :shop,',
      'elixir: "~> 1.15",',
      'deps: [{:phoenix, "~> 1.8"}, {:ecto_sql, "~> 3.13"}],',
      'aliases: ["assets.deploy": ["tailwind shop --minify", "phx.digest"]]',
    ),
    'mix.lock': '%{}',
    'config/config.exs': 'import Config\n',
  },
  'elixir-umbrella': {
    'mix.exs': mix(
      'apps_path: "apps",',
      'releases: [',
      '  web: [applications: [web: :permanent]]',
      '],',
      'deps: [{:dialyxir, "~> 1.4"}]',
    ),
    'mix.lock': '%{}',
    'apps/web/mix.exs': mix('app: :web'),
  },
  'elixir-umbrella-phoenix': {
    'mix.exs': mix(
      'apps_path: "apps",',
      'releases: [shop: [applications: [shop_web: :permanent]]],',
      'deps: []',
    ),
    'mix.lock': '%{}',
    'config/config.exs': 'import Config\n',
    'apps/shop/mix.exs': mix('app: :shop,', 'deps: [{:ecto_sql, "~> 3.13"}]'),
    'apps/shop_web/mix.exs': mix(
      'app: :shop_web,',
      'deps: [{:phoenix, "~> 1.8"}, {:shop, in_umbrella: true}],',
      'aliases: ["assets.deploy": ["cmd --cd assets npm run deploy", "phx.digest"]]',
    ),
    'apps/shop_web/assets/package.json': '{"devDependencies":{"vite":"7"},"scripts":{"deploy":"vite build"}}',
    'apps/shop_web/assets/package-lock.json': '{}',
  },
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

describe('a project of Elixir', () => {
  it.each(Object.keys(GOLDEN))('has the golden plan: %s', async (name) => {
    await expect(planned(GOLDEN[name] ?? {}).dockerfile).toMatchFileSnapshot(
      `../testdata/${name}.Dockerfile`,
    );
  });

  it('is told by its framework, with what it cannot start without', () => {
    const phoenix = planned(GOLDEN['elixir-phoenix'] ?? {});
    expect(phoenix).toMatchObject({ language: 'Elixir', framework: 'Phoenix' });
    expect(phoenix.decisions.map(({ what }) => what)).toContain(
      'needs SECRET_KEY_BASE, PHX_HOST, DATABASE_URL in the environment of its App',
    );
    expect(planned(GOLDEN['elixir-umbrella'] ?? {}).framework).toBeNull();
    const umbrella = planned(GOLDEN['elixir-umbrella-phoenix'] ?? {});
    expect(umbrella).toMatchObject({
      framework: 'Phoenix',
      images: ['elixir:1.18-slim', 'node:24-trixie-slim'],
    });
    expect(umbrella.decisions).toContainEqual({
      what: 'installs with npm',
      why: 'its lock file is there',
      from: 'apps/shop_web/assets/package-lock.json',
    });
    expect(umbrella.decisions.map(({ what }) => what)).toContain(
      'needs SECRET_KEY_BASE, PHX_HOST, DATABASE_URL in the environment of its App',
    );
  });

  it('installs nothing for what its apps use of each other', () => {
    const files = {
      'mix.exs': mix('apps_path: "apps",', 'releases: [web: []],', 'deps: []'),
      'apps/one/mix.exs': mix('app: :one,', 'deps: [{:two, in_umbrella: true}]'),
      'apps/two/mix.exs': mix('app: :two,', 'deps: []'),
      'apps/two/deps/three/mix.exs': mix('deps: [{:jason, "~> 1.4"}]'),
    };
    expect(planned(files).dockerfile).not.toContain('deps.get');
  });

  it.each([
    ['_build/prod/rel/shop/bin/server', '["bin/server"]'],
    ['./_build/prod/rel/worker/bin/worker start', '["bin/worker", "start"]'],
    ['bin/migrate && bin/shop start', '["sh", "-c", "bin/migrate && bin/shop start"]'],
    ['MIX_ENV=prod mix phx.server', '["bin/shop", "start"]'],
  ])('is started as its Procfile says, within the release: %s', (web, command) => {
    const { dockerfile, decisions } = planned({ 'mix.exs': mix('app: :shop'), Procfile: `web: ${web}\n` });
    expect(dockerfile).toContain(`CMD ${command}\n`);
    expect(decisions.some(({ from }) => from === 'Procfile')).toBe(true);
  });

  it.each([
    ['~> 1.15', '1.18'],
    ['~> 1.16.0', '1.16'],
    ['~> 1.19', '1.19'],
    ['>= 1.14.0 and < 1.18.0', '1.17'],
    ['~> 1.14.0 or ~> 1.17.0', '1.17'],
    ['== 1.17.3', '1.17'],
  ])('runs a version that is within what it asks for: %s', (requirement, version) => {
    const files = { 'mix.exs': mix('app: :shop,', `elixir: "${requirement}"`) };
    expect(planned(files).images).toEqual([`elixir:${version}-slim`]);
    expect(planned({ ...files, '.tool-versions': 'elixir 1.17.2-otp-27\n' }).images).toEqual([
      'elixir:1.17-slim',
    ]);
    expect(planned(files, { elixirVersion: '1.16' }).images).toEqual(['elixir:1.16-slim']);
  });

  it('asks all at once', () => {
    expect(asked({ 'mix.exs': mix('elixir: "~> 1.9.0"') })).toEqual([
      ['elixirVersion', 'mix.exs asks for Elixir "~> 1.9.0".'],
      [null, 'mix.exs names neither an app nor a release.'],
    ]);
    const two = {
      'mix.exs': mix('app: :shop,', 'releases: [', '  web: [', '  ],', '  worker: [', '  ]', ']'),
    };
    expect(asked(two)).toEqual([['start', 'mix.exs names the releases web, worker.']]);
    expect(planned(two, { start: 'bin/worker start' }).dockerfile).toContain('RUN mix release worker --path');
  });

  it('does as it is told', () => {
    const { dockerfile } = planned(GOLDEN['elixir-phoenix'] ?? {}, {
      install: 'mix setup',
      build: 'mix pages',
      start: 'bin/server',
    });
    expect(dockerfile).toContain('COPY . .\nRUN --mount=type=cache,target=/root/.cache mix setup\n');
    expect(dockerfile).toContain('RUN mix pages\nRUN mix release --path /release\n');
    expect(dockerfile).toContain('CMD ["bin/server"]');
  });
});
