import { describe, expect, it } from 'vitest';
import type { Overrides } from '../build-plan.ts';
import { planBuild } from '../plan-build.ts';
import { treeOf } from '../testing/file-tree.ts';

const lock = (...gems: string[]): string =>
  `GEM\n  specs:\n${gems.map((name) => `    ${name} (1.0.0)\n      rack (>= 2)\n`).join('')}\nDEPENDENCIES\n`;

const GOLDEN: Record<string, Record<string, string>> = {
  'ruby-rails': {
    Gemfile: 'gem "rails"\n',
    'Gemfile.lock': lock('rails', 'railties', 'pg', 'propshaft', 'puma'),
    'config.ru': '',
    'package.json': '{"devDependencies":{"esbuild":"1"},"scripts":{"build":"esbuild"}}',
    'yarn.lock': '# yarn lockfile v1\n',
    '.ruby-version': '3.4.2\n',
  },
  'ruby-sinatra': { Gemfile: 'gem "sinatra"\ngem "puma"\n', 'config.ru': '' },
  'ruby-rack': {
    'config.ru': '',
    Procfile: 'web: rackup -o 0.0.0.0 -p $PORT\n',
    'brainpod.toml': 'install = "gem install rack rackup puma"\n',
  },
  'ruby-hanami': {
    Gemfile: 'gem "hanami"\n',
    'Gemfile.lock': lock('hanami', 'hanami-assets', 'puma'),
    'config.ru': '',
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

const command = (files: Record<string, string>, overrides: Overrides = {}) =>
  /CMD (.+)/.exec(planned(files, overrides).dockerfile)?.[1];

describe('a project of Ruby', () => {
  it.each(Object.keys(GOLDEN))('has the golden plan: %s', async (name) => {
    await expect(planned(GOLDEN[name] ?? {}).dockerfile).toMatchFileSnapshot(
      `../testdata/${name}.Dockerfile`,
    );
  });

  it('is told by its framework', () => {
    expect(Object.values(GOLDEN).map((files) => planned(files).framework)).toEqual([
      'Rails',
      'Sinatra',
      null,
      'Hanami',
    ]);
  });

  it.each([
    [{ '.ruby-version': 'ruby-3.2.1\n' }, 'Ruby 3.2'],
    [{ '.tool-versions': 'nodejs 24\nruby 3.4.1\n' }, 'Ruby 3.4'],
    [{ Gemfile: 'ruby "3.1.4"\n' }, 'Ruby 3.1'],
    [{ Gemfile: 'ruby "~> 3.4"\n' }, 'Ruby 3.4'],
    [{ Gemfile: 'ruby "~> 3.1.0"\n' }, 'Ruby 3.1'],
    [{ Gemfile: 'ruby ">= 3.0"\n' }, 'Ruby 3.3'],
    [{ Gemfile: "ruby '>= 3.1', '< 3.3'\n" }, 'Ruby 3.2'],
    [{ Gemfile: 'ruby ">= 4"\n' }, 'Ruby 4.0'],
    [{ 'Gemfile.lock': 'RUBY VERSION\n   ruby 3.4.7p1\n' }, 'Ruby 3.4'],
    [{}, 'Ruby 3.3'],
  ])('runs the version that it asks for: %j', (files: Record<string, string>, version) => {
    const tree = { Gemfile: '', 'app.rb': '', ...files };
    expect(planned(tree).decisions.map(({ what }) => what)).toContain(version);
    expect(planned(tree, { rubyVersion: '4.0' }).images).toEqual(['ruby:4.0-slim-trixie']);
  });

  it('asks all at once', () => {
    expect(asked({ Gemfile: 'ruby "2.7.0"\n' })).toEqual([
      ['rubyVersion', 'Gemfile asks for Ruby "2.7.0".'],
      ['start', 'There is no config.ru, no Procfile and none of app.rb, main.rb, server.rb.'],
    ]);
    expect(asked({ Gemfile: '', 'config.ru': '' })).toEqual([
      ['start', 'There is a config.ru, and no server for it among the gems.'],
    ]);
    expect(asked({ 'config.ru': '', Procfile: 'web: rackup\n' })).toEqual([
      ['install', 'There is a config.ru and no Gemfile, so neither Rack nor a server is installed.'],
    ]);
    expect(asked({ Gemfile: '', 'app.rb': '', 'main.rb': '' }, { rubyVersion: 'new' })).toEqual([
      ['rubyVersion', 'The override asks for Ruby "new".'],
      ['start', 'There are app.rb, main.rb.'],
    ]);
  });

  it.each([
    ['puma', '["bundle", "exec", "puma", "-b", "tcp://0.0.0.0:8080", "config.ru"]'],
    ['falcon', '["bundle", "exec", "falcon", "serve", "-b", "http://0.0.0.0:8080"]'],
    ['unicorn', '["bundle", "exec", "unicorn", "-l", "0.0.0.0:8080", "config.ru"]'],
    ['thin', '["bundle", "exec", "thin", "start", "-a", "0.0.0.0", "-p", "8080", "-R", "config.ru"]'],
  ])('is started by the server that is among its gems: %s', (gem, words) => {
    expect(command({ Gemfile: `gem '${gem}'\n`, 'config.ru': '' })).toBe(words);
  });

  it('is started by its one script, or as is said', () => {
    expect(command({ Gemfile: '', 'app.rb': '' })).toBe('["bundle", "exec", "ruby", "app.rb"]');
    expect(command(GOLDEN['ruby-rails'] ?? {}, { start: 'bin/thrust bin/rails server' })).toBe(
      '["bin/thrust", "bin/rails", "server"]',
    );
  });

  it('does as it is told', () => {
    const { dockerfile } = planned(GOLDEN['ruby-sinatra'] ?? {}, {
      install: 'bundle install --full-index',
      build: 'bundle exec rake pages',
    });
    expect(dockerfile).toContain(
      'COPY . ./\nRUN mkdir -p /usr/local/bundle && bundle install --full-index\n',
    );
    expect(dockerfile).toContain('RUN bundle exec rake pages\n');
    expect(dockerfile).toContain('COPY --from=build /app ./\n');
  });

  it('is installed with all of the source where its Gemfile reads other files', () => {
    for (const files of [
      { Gemfile: 'gemspec\n' },
      { Gemfile: 'gem "shop", path: "engines/shop"\n' },
      { Gemfile: 'ruby file: ".ruby-version"\n' },
      { Gemfile: 'gem "a"\n', 'vendor/cache/a-1.0.0.gem': '' },
    ]) {
      expect(planned({ 'app.rb': '', ...files }).dockerfile).toContain('COPY . ./\nRUN mkdir');
    }
  });

  it.each([
    [['arm64-darwin-24', 'x86_64-darwin-23'], ' only for arm64-darwin-24, x86_64-darwin-23.'],
    [['arm64-darwin-24', 'x86_64-linux-gnu'], null],
    [['arm64-darwin-24', 'ruby'], null],
  ])('needs gems for Linux in its lock file: %j', (platforms, seen) => {
    const files = {
      Gemfile: 'gem "puma"\n',
      'app.rb': '',
      'Gemfile.lock': `${lock('puma')}\nPLATFORMS\n${platforms.map((each) => `  ${each}\n`).join('')}\nBUNDLED WITH\n   2.6.2\n`,
    };
    if (seen === null) expect(command(files)).toBe('["bundle", "exec", "ruby", "app.rb"]');
    else expect(asked(files)).toEqual([[null, `Gemfile.lock has no gems for Linux,${seen}`]]);
    expect(planned(files, { install: 'bundle install' }).language).toBe('Ruby');
  });

  it('says that it needs a database', () => {
    const told = (files: Record<string, string>) => planned(files).decisions.map(({ what }) => what);
    const needs = 'needs DATABASE_URL in the environment of its App';
    expect(told(GOLDEN['ruby-rails'] ?? {})).toContain(needs);
    expect(told(GOLDEN['ruby-hanami'] ?? {})).not.toContain(needs);
  });

  it('sends no key of Rails', () => {
    expect(planned(GOLDEN['ruby-rails'] ?? {}).dockerignore.split('\n')).toContain('config/master.key');
  });
});
