import type { ImageRecipe } from './base-images.ts';
import { fileHook, type RecipeParts } from './blueprint-images.ts';

/** Debian trixie's. */
const VERSION = '8.4';

/** What the official image has switched on without more; the rest is there, and waits to be asked for. */
const LATER = (
  'apcu bcmath bz2 calendar exif ffi ftp gd gettext gmp intl ldap mysqli opcache pdo_mysql pdo_pgsql pgsql redis ' +
  'shmop soap sockets sysvmsg sysvsem sysvshm tidy xsl zip'
).split(' ');

const PACKAGES = [
  ...['apache2', `libapache2-mod-php${VERSION}`, `php${VERSION}-cli`, 'xz-utils'],
  ...[
    'apcu',
    'bcmath',
    'bz2',
    'curl',
    'gd',
    'gmp',
    'intl',
    'ldap',
    'mbstring',
    'mysql',
    'opcache',
    'pgsql',
  ].map(of),
  ...['redis', 'soap', 'sqlite3', 'tidy', 'xml', 'zip'].map(of),
];

/** Where Dockerfiles for the official image put configuration. */
const INI_FOLDER = '/usr/local/etc/php/conf.d';

/** What the official image compiles is switched on here: Dockerfiles ask for either in the same words. */
const ENABLE = `#!/bin/sh
set -eu
for name in "$@"; do
  case "$name" in
    # Flags of a compiler, and what Debian's PHP has built in.
    -*|pcntl) continue ;;
  esac
  if [ ! -e "/etc/php/${VERSION}/mods-available/$name.ini" ]; then
    echo "This image is made of Debian's packages, and has no extension $name." >&2
    exit 1
  fi
  phpenmod -v ${VERSION} "$name"
done
`;

const NOTHING_TO_DO = '#!/bin/sh\n# There is nothing to compile.\nexit 0\n';

const FOREGROUND = `#!/bin/sh
set -eu
. /etc/apache2/envvars
exec apache2 -DFOREGROUND "$@"
`;

/** Those of the environment count more. */
const VARIABLES = `: "\${APACHE_RUN_USER:=www-data}" "\${APACHE_RUN_GROUP:=www-data}" "\${APACHE_RUN_DIR:=/var/run/apache2}"
: "\${APACHE_PID_FILE:=$APACHE_RUN_DIR/apache2.pid}" "\${APACHE_LOCK_DIR:=/var/lock/apache2}" "\${APACHE_LOG_DIR:=/var/log/apache2}"
export APACHE_RUN_USER APACHE_RUN_GROUP APACHE_RUN_DIR APACHE_PID_FILE APACHE_LOCK_DIR APACHE_LOG_DIR
`;

const HOOKS = [
  `chroot "$1" phpdismod -v ${VERSION} ${LATER.join(' ')}`,
  `mkdir -p "$1${INI_FOLDER}"`,
  ...['docker-php-ext-enable', 'docker-php-ext-install'].map((name) => program(name, ENABLE)),
  program('docker-php-ext-configure', NOTHING_TO_DO),
  program('pecl', NOTHING_TO_DO),
  program('apache2-foreground', FOREGROUND),
  fileHook('/etc/apache2/envvars', VARIABLES),
  'rm -rf "$1/var/www/html"',
  // Whoever it runs as.
  'install -d -m 1777 "$1/var/log/apache2" "$1/var/www/html"',
  'ln -sf /dev/stdout "$1/var/log/apache2/access.log"',
  'ln -sf /dev/stdout "$1/var/log/apache2/other_vhosts_access.log"',
  'ln -sf /dev/stderr "$1/var/log/apache2/error.log"',
];

/** PHP behind Apache, and Composer, by the names of the official images. */
export function phpImages({ system, folders }: Pick<RecipeParts, 'system' | 'folders'>) {
  const apache: ImageRecipe = {
    layers: [system('php-apache', { suite: 'trixie', packages: PACKAGES, hooks: HOOKS })],
    env: [
      `PATH=${folders}`,
      // An empty place stands for Debian's own.
      `PHP_INI_SCAN_DIR=:${INI_FOLDER}`,
      'PHP_INI_DIR=/usr/local/etc/php',
    ],
    cmd: ['apache2-foreground'],
    contents: 'PHP 8.4 and Apache 2.4 of Debian trixie',
  };
  const composer: ImageRecipe = {
    layers: [system('composer', { suite: 'trixie', packages: ['composer', 'git', 'unzip'], hooks: [] })],
    env: [`PATH=${folders}`, 'COMPOSER_ALLOW_SUPERUSER=1', 'COMPOSER_HOME=/tmp'],
    cmd: ['composer'],
    contents: 'Composer 2.8 on PHP 8.4, all of Debian trixie',
  };
  return { 'php:8.4-apache': apache, 'composer:2': composer };
}

function program(name: string, content: string): string {
  return fileHook(`/usr/local/bin/${name}`, content, '0755');
}

function of(name: string): string {
  return `php${VERSION}-${name}`;
}
