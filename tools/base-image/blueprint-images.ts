import { readFileSync } from 'node:fs';
import path from 'node:path';
import type { ImageRecipe } from './base-images.ts';
import type { DebianSystem } from './debian-layer.ts';
import type { LayerRecipe } from './layer-store.ts';
import { POCKETBASE_VERSION, writePocketbaseTar } from './pocketbase-layer.ts';

/** What these images are made of, as all are. */
export type RecipeParts = {
  /** A small Debian system. */
  plain: LayerRecipe;
  /** A Debian system with programs of Debian's own in it. */
  system(name: string, wanted: DebianSystem): LayerRecipe;
  keyOf(inputs: unknown): string;
  /** Where programs are looked for. */
  folders: string;
  epochSeconds: number;
};

/**
 * The images that blueprints name, by those names. Each says in `contents` what it really is: Debian has one version of
 * each program.
 */
export function blueprintImages(parts: RecipeParts) {
  return {
    'ghcr.io/muchobien/pocketbase:0.36.7': pocketbase(parts),
    'nginxinc/nginx-unprivileged:1.29-alpine': nginx(parts),
    'wordpress:6.9-php8.2-apache': wordpress(parts),
  };
}

function pocketbase({ plain, keyOf, folders, epochSeconds }: RecipeParts): ImageRecipe {
  const layer: LayerRecipe = {
    name: 'pocketbase',
    key: keyOf({ recipe: 1, sums: fileBeside('pocketbase/go.sum'), epoch: epochSeconds }),
    createdBy: `go build pocketbase ${POCKETBASE_VERSION}`,
    write: async (tarFile, { report }) => await writePocketbaseTar(tarFile, { epochSeconds, report }),
  };
  const places = ['--dir=/pb_data', '--publicDir=/pb_public', '--hooksDir=/pb_hooks'];
  return {
    layers: [plain, layer],
    env: [`PATH=${folders}`],
    cmd: ['/usr/local/bin/pocketbase', 'serve', '--http=0.0.0.0:8090', ...places],
    user: '1000:1000',
    contents: `PocketBase ${POCKETBASE_VERSION} of its Go module, on Debian trixie`,
  };
}

function nginx({ system, folders }: RecipeParts): ImageRecipe {
  const hooks = [fileHook('/etc/nginx/nginx.conf', fileBeside('nginx-unprivileged/nginx.conf'))];
  return {
    layers: [system('nginx-unprivileged', { suite: 'trixie', packages: ['nginx'], hooks })],
    env: [`PATH=${folders}`],
    cmd: ['nginx', '-g', 'daemon off;'],
    user: '101:101',
    contents: 'nginx 1.26 of Debian trixie',
  };
}

/** What WordPress and its plugins ask of PHP, beside what Debian's package brings. */
const PHP_PACKAGES = ['php-curl', 'php-intl', 'php-mbstring', 'php-mysql', 'php-xml', 'php-zip'];

function wordpress({ system, folders }: RecipeParts): ImageRecipe {
  const source = '/usr/src/wordpress';
  const hooks = [
    fileHook('/usr/local/bin/wordpress-start', fileBeside('wordpress/start.sh'), '0755'),
    fileHook('/usr/src/make-config.php', fileBeside('wordpress/make-config.php')),
    fileHook('/etc/apache2/conf-enabled/wordpress.conf', fileBeside('wordpress/apache.conf')),
    // All of it as files, since a disk will hold them: Debian's own are links, also to what its other packages have.
    `chroot "$1" cp -rL /usr/share/wordpress ${source}`,
    'rm -r "$1/usr/share/wordpress"',
    // It would look for a file for each host name in /etc.
    `rm -f "$1${source}/wp-config.php"`,
    `mv "$1${source}/index.php" "$1/usr/src/index.php"`,
    'chroot "$1" a2enmod -q rewrite',
    'rm -rf "$1/var/www/html"',
    // Not in /run, which is emptied when the system is packed.
    'install -d -o 33 -g 33 "$1/var/www/html" "$1/var/lib/apache2/run" "$1/var/log/apache2"',
    'ln -sf /dev/stdout "$1/var/log/apache2/access.log"',
    'ln -sf /dev/stdout "$1/var/log/apache2/other_vhosts_access.log"',
    'ln -sf /dev/stderr "$1/var/log/apache2/error.log"',
  ];
  const packages = [
    ...['apache2', 'libapache2-mod-php', 'wordpress', 'wordpress-theme-twentytwentyfive'],
    ...PHP_PACKAGES,
  ];
  return {
    layers: [system('wordpress', { suite: 'trixie', packages, hooks })],
    env: [
      ...[`PATH=${folders}`, 'APACHE_RUN_USER=www-data', 'APACHE_RUN_GROUP=www-data'],
      ...['APACHE_RUN_DIR=/var/lib/apache2/run', 'APACHE_PID_FILE=/var/lib/apache2/run/pid'],
      ...['APACHE_LOCK_DIR=/var/lib/apache2/run', 'APACHE_LOG_DIR=/var/log/apache2'],
    ],
    cmd: ['wordpress-start'],
    user: '33:33',
    contents: 'WordPress 6.8 on PHP 8.4 and Apache 2.4, all of Debian trixie',
  };
}

function fileBeside(name: string): string {
  return readFileSync(path.join(import.meta.dirname, name), 'utf8');
}

/** Writes a file into a system: part of the hook, so that the layer's key changes with it. */
export function fileHook(target: string, content: string, mode = '0644'): string {
  const file = `"$1${target}"`;
  return `mkdir -p "$(dirname ${file})"\ncat > ${file} <<'END_OF_FILE'\n${content}END_OF_FILE\nchmod ${mode} ${file}`;
}
