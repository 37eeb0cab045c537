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
  });

  it.each([
    ['~> 1.15', '1.18'],
    ['~> 1.16.0', '1.16'],
    ['~> 1.19', '1.19'],
    ['>= 1.14.0 and < 1.18.0', '1.14'],
    ['~> 1.14.0 or ~> 1.17.0', '1.14'],
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
