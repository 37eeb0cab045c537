import { type FileTree, hasFile } from '../build-plan.ts';
import { isTable, type Table } from '../toml.ts';
import type { AskedByComposer } from './php-version.ts';

export type PhpFramework = {
  name:
    | 'Laravel'
    | 'Symfony'
    | 'WordPress'
    | 'Drupal'
    | 'CakePHP'
    | 'CodeIgniter'
    | 'Yii'
    | 'Slim'
    | 'Laminas'
    | null;
  /** What it uses beside what the project itself names. */
  extensions: readonly string[];
  /** Folders that it writes into while it runs; each is made if it is not there. */
  writes: readonly string[];
  environment: Readonly<Record<string, string>>;
  /** What follows when packages and source are there; null for nothing. */
  build: string | null;
  /** What it cannot start without, and no image may hold. */
  needs: readonly string[];
};

export type Composer = {
  asked: AskedByComposer;
  /** Names of packages that it needs to run. */
  requires: ReadonlySet<string>;
  /** Without "ext-". */
  extensions: readonly string[];
  /** Some of its packages, or patches of them, are files of the project's own. */
  usesFiles: boolean;
};

const PLAIN: PhpFramework = {
  name: null,
  extensions: [],
  writes: [],
  environment: {},
  build: null,
  needs: [],
};

/** By a package that each of them is. */
const BY_PACKAGE: readonly (readonly [name: string, framework: PhpFramework])[] = [
  [
    'laravel/framework',
    {
      name: 'Laravel',
      extensions: ['pcntl', 'pdo_mysql', 'pdo_pgsql'],
      writes: ['storage', 'bootstrap/cache', 'database'],
      environment: { APP_ENV: 'production', APP_DEBUG: 'false', LOG_CHANNEL: 'stderr' },
      build:
        'mkdir -p storage/framework/cache/data storage/framework/sessions storage/framework/views storage/logs bootstrap/cache && php artisan package:discover && php artisan storage:link',
      needs: ['APP_KEY'],
    },
  ],
  [
    'symfony/framework-bundle',
    {
      name: 'Symfony',
      extensions: ['pdo_mysql', 'pdo_pgsql'],
      writes: ['var'],
      environment: { APP_ENV: 'prod', APP_DEBUG: '0' },
      // A file .env is never sent; what stands here is what it would be compiled to.
      build:
        "echo \"<?php return ['APP_ENV' => 'prod'];\" > .env.local.php && php bin/console cache:clear && php bin/console assets:install public",
      needs: ['APP_SECRET'],
    },
  ],
  [
    'drupal/core',
    {
      ...PLAIN,
      name: 'Drupal',
      extensions: ['gd', 'pdo_mysql', 'pdo_pgsql'],
      writes: ['web/sites/default/files'],
    },
  ],
  [
    'cakephp/cakephp',
    {
      ...PLAIN,
      name: 'CakePHP',
      extensions: ['intl', 'pdo_mysql'],
      writes: ['tmp', 'logs'],
      needs: ['SECURITY_SALT'],
    },
  ],
  [
    'codeigniter4/framework',
    {
      ...PLAIN,
      name: 'CodeIgniter',
      extensions: ['intl', 'mysqli'],
      writes: ['writable'],
      environment: { CI_ENVIRONMENT: 'production' },
    },
  ],
  [
    'yiisoft/yii2',
    {
      ...PLAIN,
      name: 'Yii',
      extensions: ['intl', 'pdo_mysql'],
      writes: ['runtime', 'web/assets'],
      environment: { YII_ENV: 'prod', YII_DEBUG: '0' },
    },
  ],
  ['roots/wordpress', wordpress('web/app/uploads')],
  ['johnpbloch/wordpress', wordpress('wp-content/uploads')],
  ['laminas/laminas-mvc', { ...PLAIN, name: 'Laminas', writes: ['data/cache'] }],
  ['slim/slim', { ...PLAIN, name: 'Slim', writes: ['var'] }],
];

const ROOTS = ['public', 'web', 'webroot', 'html', 'www', 'htdocs'];

export function findFramework(tree: FileTree, composer: Composer | null): PhpFramework {
  const requires = composer?.requires ?? new Set<string>();
  const isDrupal = requires.has('drupal/core-recommended');
  const known = BY_PACKAGE.find(([name]) => requires.has(name) || (isDrupal && name === 'drupal/core'));
  if (known !== undefined) return known[1];
  if (hasFile(tree, 'wp-load.php') || hasFile(tree, 'wp-config.php')) return wordpress('wp-content');
  return PLAIN;
}

/** The folder whose files are reached from outside; null where no first page is found. */
export function findRoot(tree: FileTree, framework: PhpFramework): string | null {
  const folder = ROOTS.find((root) => hasFile(tree, `${root}/index.php`));
  if (folder !== undefined) return folder;
  // What Composer puts there is not in the source.
  if (framework.name === 'Drupal') return 'web';
  return hasFile(tree, 'index.php') ? '.' : null;
}

/** Null where composer.json is no JSON object. */
export function readComposer(text: string): Composer | null {
  const manifest = parse(text);
  if (manifest === null) return null;
  const require = tableIn(manifest, 'require');
  const names = Object.keys(require);
  const platform = tableIn(tableIn(manifest, 'config'), 'platform').php;
  return {
    asked: { platform: textOf(platform), required: textOf(require.php ?? require['php-64bit']) },
    requires: new Set(names),
    usesFiles: /"type"\s*:\s*"path"/.test(text) || Object.hasOwn(tableIn(manifest, 'extra'), 'patches'),
    extensions: names.flatMap((name) => (name.startsWith('ext-') ? [name.slice('ext-'.length)] : [])),
  };
}

function wordpress(writes: string): PhpFramework {
  return {
    ...PLAIN,
    name: 'WordPress',
    extensions: ['exif', 'gd', 'intl', 'mysqli', 'zip'],
    writes: [writes],
  };
}

function parse(text: string): Table | null {
  try {
    const value: unknown = JSON.parse(text);
    return isTable(value) ? value : null;
  } catch (error) {
    if (error instanceof SyntaxError) return null;
    throw error;
  }
}

function tableIn(table: Table, key: string): Table {
  const value = Object.hasOwn(table, key) ? table[key] : null;
  return isTable(value) ? value : {};
}

function textOf(value: unknown): string | null {
  return typeof value === 'string' ? value : null;
}
