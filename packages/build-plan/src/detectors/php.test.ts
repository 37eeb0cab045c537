import { describe, expect, it } from 'vitest';
import type { Overrides } from '../build-plan.ts';
import { planBuild } from '../plan-build.ts';
import { treeOf } from '../testing/file-tree.ts';

const composer = (require: Record<string, string>, more: Record<string, unknown> = {}): string =>
  JSON.stringify({ require, ...more });
const LOCK = { 'composer.lock': '{}' };

const GOLDEN: Record<string, Record<string, string>> = {
  'php-pages': { 'index.php': '<?php' },
  'php-slim': {
    'composer.json': composer({ php: '~8.3.0', 'slim/slim': '^4', 'ext-intl': '*', 'ext-redis': '*' }),
    ...LOCK,
    'public/index.php': '<?php',
  },
  'php-laravel': {
    'composer.json': composer({ php: '^8.2', 'laravel/framework': '^12' }),
    ...LOCK,
    artisan: '',
    'public/index.php': '<?php',
    'package.json': '{"scripts":{"build":"vite build"},"devDependencies":{"vite":"7"}}',
    'package-lock.json': '{}',
  },
  'php-symfony': {
    'composer.json': composer({ 'symfony/framework-bundle': '^7' }),
    ...LOCK,
    'public/index.php': '<?php',
  },
  'php-wordpress': { 'wp-load.php': '<?php', 'index.php': '<?php' },
  'php-drupal': { 'composer.json': composer({ 'drupal/core-recommended': '^11' }), ...LOCK },
  'php-told': { 'composer.json': composer({}), 'server.php': '<?php', Procfile: 'web: php server.php\n' },
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

describe('a project of PHP', () => {
  it.each(Object.keys(GOLDEN))('has the golden plan: %s', async (name) => {
    await expect(planned(GOLDEN[name] ?? {}).dockerfile).toMatchFileSnapshot(
      `../testdata/${name}.Dockerfile`,
    );
  });

  it('is told by its framework', () => {
    const told = Object.entries(GOLDEN).map(([name, files]) => [name, planned(files).framework]);
    expect(told).toEqual([
      ['php-pages', null],
      ['php-slim', 'Slim'],
      ['php-laravel', 'Laravel'],
      ['php-symfony', 'Symfony'],
      ['php-wordpress', 'WordPress'],
      ['php-drupal', 'Drupal'],
      ['php-told', null],
    ]);
  });

  it('runs the version that is asked for, the strongest place first', () => {
    const files = {
      'composer.json': composer({ php: '^8.1' }, { config: { platform: { php: '8.2.9' } } }),
      'index.php': '<?php',
    };
    const version = (more: Record<string, string>, overrides: Overrides = {}) =>
      planned({ ...files, ...more }, overrides).decisions.find(({ what }) => what.startsWith('PHP '));
    expect(version({})).toMatchObject({ what: 'PHP 8.2', from: 'composer.json' });
    expect(version({ '.php-version': '8.1\n' })).toMatchObject({ what: 'PHP 8.1', from: '.php-version' });
    expect(version({ '.php-version': '8.1\n' }, { phpVersion: '8.5' })).toEqual({
      what: 'PHP 8.5',
      why: 'you said so',
      from: null,
    });
    expect(version({}, { phpVersion: '8' })).toMatchObject({ what: 'PHP 8.4' });
  });

  it('asks for a version where there is none of what is asked for', () => {
    expect(asked({ 'composer.json': composer({ php: '^5.6' }), 'index.php': '<?php' })).toEqual([
      ['phpVersion', 'composer.json asks for PHP "^5.6".'],
    ]);
    expect(asked({ 'index.php': '<?php' }, { phpVersion: 'newest' })).toEqual([
      ['phpVersion', 'The override asks for PHP "newest".'],
    ]);
  });

  it('asks all at once', () => {
    const files = { 'composer.json': composer({ php: '^5.6', 'ext-oci8': '*', 'ext-parallel': '*' }) };
    expect(asked(files)).toEqual([
      ['phpVersion', 'composer.json asks for PHP "^5.6".'],
      [null, 'composer.json needs ext-oci8, ext-parallel, and how to get that is not known here.'],
      ['publish', 'There is no index.php, neither at the top nor in public or web.'],
    ]);
    expect(asked({ 'composer.json': '[]', 'index.php': '<?php' })).toEqual([
      [null, 'composer.json is no JSON object.'],
    ]);
  });

  it('hands out the folder that is named, by whom it may be', () => {
    const root = (files: Record<string, string>, overrides: Overrides = {}) =>
      /DocumentRoot (.+)/.exec(
        planned({ 'composer.json': composer({}), ...files }, overrides).dockerfile,
      )?.[1];
    const page = { 'index.php': '<?php' };
    expect(root(page)).toBe('/app');
    expect(root({ ...page, Procfile: 'web: vendor/bin/heroku-php-apache2 ./site/\n' })).toBe('/app/site');
    expect(root({ ...page, Procfile: 'web: heroku-php-nginx -C nginx.conf dist\n' })).toBe('/app/dist');
    expect(root({ ...page, Procfile: 'web: heroku-php-apache2\n' })).toBe('/app');
    expect(root(page, { publish: 'other' })).toBe('/app/other');
  });

  it('does as it is told', () => {
    const { dockerfile } = planned(GOLDEN['php-laravel'] ?? {}, {
      install: 'composer install --no-dev',
      build: 'php artisan optimize',
      start: 'php artisan octane:start --host=0.0.0.0 --port=8080',
    });
    expect(dockerfile).toContain(
      'COPY . ./\nRUN --mount=type=cache,target=/tmp/cache composer install --no-dev\n',
    );
    expect(dockerfile).toContain('RUN php artisan optimize\n');
    expect(dockerfile).toContain('CMD ["php", "artisan", "octane:start", "--host=0.0.0.0", "--port=8080"]\n');
    expect(dockerfile).not.toContain('apache2-foreground');
  });

  it('sends the whole before packages are installed where some of them are files of its own', () => {
    const files = {
      'composer.json': composer(
        { 'shop/library': '*' },
        { repositories: [{ type: 'path', url: 'library' }] },
      ),
      'index.php': '<?php',
    };
    expect(planned(files).dockerfile).toContain('WORKDIR /app\nCOPY . ./\nRUN --mount');
  });

  it('sends no token of Composer', () => {
    expect(planned(GOLDEN['php-slim'] ?? {}).dockerignore.split('\n')).toContain('**/auth.json');
  });

  it('says what is missing to start, and what is lost', () => {
    const said = planned(GOLDEN['php-laravel'] ?? {}).decisions.map(({ what }) => what);
    expect(said).toContain('needs APP_KEY in the environment of its App');
    expect(said).toContain('may write to storage, bootstrap/cache, database, which ends with each instance');
  });
});
