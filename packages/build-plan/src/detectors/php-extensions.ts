/** What the image of PHP has without more. */
const THERE = new Set(
  (
    'ctype curl date dom fileinfo filter hash iconv json libxml mbstring mysqlnd openssl pcre pdo pdo_sqlite phar posix random readline ' +
    'reflection session simplexml sodium spl sqlite3 standard tokenizer xml xmlreader xmlwriter zend-opcache zlib'
  ).split(' '),
);

/** What is compiled from PHP's own source, with the packages of Debian that this needs. */
const CORE: Readonly<Record<string, readonly string[]>> = {
  bcmath: [],
  bz2: ['libbz2-dev'],
  calendar: [],
  exif: [],
  ffi: ['libffi-dev'],
  ftp: ['libssl-dev'],
  gd: ['libfreetype-dev', 'libjpeg62-turbo-dev', 'libpng-dev', 'libwebp-dev'],
  gettext: [],
  gmp: ['libgmp-dev'],
  intl: ['libicu-dev'],
  ldap: ['libldap-dev'],
  mysqli: [],
  pcntl: [],
  pdo_mysql: [],
  pdo_pgsql: ['libpq-dev'],
  pgsql: ['libpq-dev'],
  shmop: [],
  soap: ['libxml2-dev'],
  sockets: [],
  sysvmsg: [],
  sysvsem: [],
  sysvshm: [],
  tidy: ['libtidy-dev'],
  xsl: ['libxslt1-dev'],
  zip: ['libzip-dev'],
};

/** What is a project of its own, likewise. */
const PECL: Readonly<Record<string, readonly string[]>> = {
  amqp: ['librabbitmq-dev'],
  apcu: [],
  igbinary: [],
  imagick: ['libmagickwand-dev'],
  memcached: ['libmemcached-dev', 'zlib1g-dev'],
  mongodb: ['libssl-dev'],
  redis: [],
};

/** Sorted, all three. */
export type Extensions = { core: string[]; pecl: string[]; libraries: string[] };

/** How to get extensions, by the names that composer.json has for them after "ext-"; and those for which that is not known. */
export function extensionsFor(names: readonly string[]): { found: Extensions; unknown: string[] } {
  const wanted = [...new Set(names.map((name) => name.toLowerCase()))]
    .filter((name) => !THERE.has(name))
    .sort();
  const core = wanted.filter((name) => Object.hasOwn(CORE, name));
  const pecl = wanted.filter((name) => Object.hasOwn(PECL, name));
  const libraries = [
    ...core.flatMap((name) => CORE[name] ?? []),
    ...pecl.flatMap((name) => PECL[name] ?? []),
  ];
  return {
    found: { core, pecl, libraries: [...new Set(libraries)].sort() },
    unknown: wanted.filter((name) => !core.includes(name) && !pecl.includes(name)),
  };
}

/** The commands of one step that installs them. */
export function installExtensions({ core, pecl, libraries }: Extensions): string[] {
  const commands = [
    // Without this it knows no JPEG and no font.
    ...(core.includes('gd') ? ['docker-php-ext-configure gd --with-freetype --with-jpeg --with-webp'] : []),
    ...(core.length > 0 ? [`docker-php-ext-install -j"$(nproc)" ${core.join(' ')}`] : []),
    ...(pecl.length > 0
      ? [`pecl install ${pecl.join(' ')}`, `docker-php-ext-enable ${pecl.join(' ')}`, 'rm -rf /tmp/pear']
      : []),
  ];
  if (libraries.length === 0) return commands;
  const usedOnes =
    "find \"$(php -r 'echo ini_get(\"extension_dir\");')\" -name '*.so' -exec ldd {} + | sed -n 's|.*=> /\\(usr/\\)\\?\\(lib/[^ ]*\\).*|*/\\2|p' | sort -u";
  return [
    'kept="$(apt-mark showmanual)"',
    'apt-get update',
    `apt-get install -y --no-install-recommends ${libraries.join(' ')}`,
    ...commands,
    // Only the libraries that extensions use go on, and none of what compiled them.
    "apt-mark auto '.*' > /dev/null",
    'apt-mark manual $kept > /dev/null',
    `${usedOnes} | xargs -r dpkg-query --search | cut -d: -f1 | sort -u | xargs -r apt-mark manual > /dev/null`,
    'apt-get purge -y --auto-remove',
    'rm -rf /var/lib/apt/lists/*',
  ];
}
