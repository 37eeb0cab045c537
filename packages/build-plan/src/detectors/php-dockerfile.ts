import { execForm, PORT } from '../build-plan.ts';
import type { PackageManager } from './node-package-manager.ts';
import { type Extensions, installExtensions } from './php-extensions.ts';

export type PhpParts = {
  image: string;
  extensions: Extensions;
  /** Whether the cache of compiled pages must be switched on; newer versions always have it. */
  hasSeparateCache: boolean;
  /** The folder whose files are reached from outside. */
  root: string;
  /** A path that is no file leads to index.php. */
  hasFrontController: boolean;
  /** Null where it has no packages. */
  composer: { image: string; files: readonly string[]; install: string } | null;
  /** Pages' scripts and styles that Node makes; null for none. */
  assets: { image: string; manager: PackageManager | null; build: string } | null;
  build: string | null;
  writes: readonly string[];
  environment: Readonly<Record<string, string>>;
  /** Null for Apache. */
  command: readonly string[] | null;
};

const INI = `COPY <<'EOF' /usr/local/etc/php/conf.d/app.ini
display_errors = Off
error_log = /dev/stderr
expose_php = Off
log_errors = On
post_max_size = 100M
upload_max_filesize = 100M
EOF
`;

/** The Dockerfile of a server of PHP. */
export function phpDockerfile(parts: PhpParts): string {
  const { composer, assets, root, build, writes, command, environment } = parts;
  const isApache = command === null;
  const variables = { ...environment, PORT: String(PORT), ...(isApache ? APACHE_VARIABLES : {}) };
  const written = Object.entries(variables).map(([name, value]) => `${name}=${value}`);
  const lines = [
    composer === null ? 'COPY . .' : 'COPY --from=packages /app ./',
    ...(assets === null ? [] : [`COPY --from=assets /app/${root} ./${root}`]),
    ...(build === null ? [] : [`RUN ${build}`]),
    ...(writes.length === 0 ? [] : [madeWritable(writes)]),
  ];
  return `${composer === null ? '' : `${packagesStage(composer)}\n`}${
    assets === null ? '' : `${assetsStage(assets, composer !== null)}\n`
  }# What runs. Proxy headers are believed, since nothing but the platform's edge reaches it.
FROM ${parts.image}
${extensionsStep(parts)}${INI}${isApache ? apache(parts) : ''}WORKDIR /app
ENV ${written.join(' \\\n    ')}
${lines.join('\n')}
# A number, not a name: so the platform can see that it is not root.
USER 1000
EXPOSE ${PORT}
${
  isApache
    ? '# Requests under way are answered before it ends.\nSTOPSIGNAL SIGWINCH\nCMD ["apache2-foreground"]'
    : `STOPSIGNAL SIGTERM\nCMD ${execForm(command)}`
}
`;
}

function madeWritable(folders: readonly string[]): string {
  const all = folders.join(' ');
  return `# It writes there while it runs. What must outlast an instance belongs on a disk.
RUN mkdir -p ${all} && chown -R 1000:1000 ${all}`;
}

function extensionsStep({ extensions, hasSeparateCache }: PhpParts): string {
  const commands = [
    ...installExtensions(extensions),
    ...(hasSeparateCache ? ['docker-php-ext-enable opcache'] : []),
  ];
  return commands.length === 0 ? '' : `RUN ${commands.join(' && \\\n    ')}\n`;
}

const APACHE_VARIABLES = {
  // Whoever it is may write there.
  APACHE_RUN_DIR: '/tmp',
  APACHE_LOCK_DIR: '/tmp',
  APACHE_PID_FILE: '/tmp/apache2.pid',
  // Each has the memory of one request: so many are answered at a time.
  APACHE_WORKERS: '20',
};

function apache({ root, hasFrontController }: PhpParts): string {
  const folder = root === '.' ? '/app' : `/app/${root}`;
  const inner = [
    '  RedirectMatch 404 "^/(vendor|node_modules)/"',
    '  RedirectMatch 404 "^/(composer|package)[\\w-]*\\.(json|lock)$"',
  ];
  return `COPY <<'EOF' /etc/apache2/ports.conf
Listen ${PORT}
EOF
COPY <<'EOF' /etc/apache2/sites-available/000-default.conf
ServerName localhost
ServerTokens Prod
ServerSignature Off
StartServers 2
MinSpareServers 2
MaxSpareServers 4
MaxRequestWorkers \${APACHE_WORKERS}
# Who asks, and how, is what the platform's edge says.
RemoteIPHeader X-Forwarded-For
SetEnvIf X-Forwarded-Proto https HTTPS=on
<VirtualHost *:${PORT}>
  DocumentRoot ${folder}
  ErrorLog /dev/stderr
  RedirectMatch 404 "/\\.(?!well-known/)"
${root === '.' ? `${inner.join('\n')}\n` : ''}  <Directory ${folder}>
    AllowOverride All
    Options FollowSymLinks
    Require all granted
    DirectoryIndex index.php index.html
${hasFrontController ? '    FallbackResource /index.php\n' : ''}  </Directory>
</VirtualHost>
EOF
RUN a2enmod -q headers remoteip rewrite && a2disconf -q other-vhosts-access-log
`;
}

function packagesStage({ image, files, install }: NonNullable<PhpParts['composer']>): string {
  const isAll = files.includes('.');
  return `# Installed apart, so that a changed source line fetches nothing anew.
FROM ${image} AS packages
WORKDIR /app
COPY ${files.join(' ')} ./
RUN --mount=type=cache,target=/tmp/cache ${install}
${isAll ? '' : 'COPY . .\n'}RUN composer dump-autoload --no-dev --no-interaction --no-scripts --optimize
`;
}

function assetsStage(
  { image, manager, build }: NonNullable<PhpParts['assets']>,
  hasPackages: boolean,
): string {
  const lines = ["# What visitors' browsers get.", `FROM ${image} AS assets`, 'WORKDIR /app'];
  if (manager !== null && manager.setUp !== null) {
    lines.push(`RUN --mount=type=cache,target=/root/.npm ${manager.setUp}`);
  }
  const environment = Object.entries(manager?.environment ?? {}).map(([name, value]) => `${name}=${value}`);
  if (environment.length > 0) lines.push(`ENV ${environment.join(' ')}`);
  if (manager !== null) {
    lines.push(
      `COPY ${manager.files.join(' ')} ./`,
      `RUN --mount=type=cache,target=${manager.cache} ${manager.installAll}`,
    );
  }
  // They may use what packages of PHP bring.
  lines.push(hasPackages ? 'COPY --from=packages /app ./' : 'COPY . .', `RUN ${build}`);
  return `${lines.join('\n')}\n`;
}
