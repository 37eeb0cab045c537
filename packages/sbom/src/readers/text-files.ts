import { type PackageFound, packageFound } from '../package-found.ts';

type Found = (PackageFound | null)[];

/** The database of dpkg, and the files of its form that images without dpkg have: those that are installed. */
export function readDpkg(text: string): Found {
  return text.split(/\n\n+/).map((paragraph) => {
    const field = (name: string): string | undefined =>
      new RegExp(`^${name}: ?(.*)$`, 'm').exec(paragraph)?.[1];
    const status = field('Status');
    if (status !== undefined && !status.endsWith(' installed')) return null;
    return packageFound('deb', field('Package'), field('Version'), 'debian');
  });
}

/** The database of apk. */
export function readApk(text: string): Found {
  return text.split(/\n\n+/).map((paragraph) => {
    const field = (name: string): string | undefined =>
      new RegExp(`^${name}:(.*)$`, 'm').exec(paragraph)?.[1];
    return packageFound('apk', field('P'), field('V'), 'alpine');
  });
}

/** A package.json among installed packages. */
export function readNpm(text: string): Found {
  const manifest = tableIn(text);
  const name = typeof manifest.name === 'string' ? manifest.name : '';
  const [, scope = null, rest = name] = /^(@[^/]+)\/(.+)$/.exec(name) ?? [];
  return [packageFound('npm', rest, manifest.version, scope)];
}

/** METADATA or PKG-INFO of an installed package of Python. */
export function readPython(text: string): Found {
  const [head = ''] = text.split(/\r?\n\r?\n/, 1);
  const field = (name: string): string | undefined => new RegExp(`^${name}: ?(.*)$`, 'm').exec(head)?.[1];
  return [packageFound('pypi', field('Name'), field('Version'))];
}

/** What Composer has installed, of either of its versions. */
export function readComposer(text: string): Found {
  const value = parsed(text);
  const list = Array.isArray(value) ? value : isTable(value) ? value.packages : [];
  return (Array.isArray(list) ? list : []).filter(isTable).map(({ name, version }) => {
    const [, vendor = null, rest = name] = /^([^/]+)\/(.+)$/.exec(typeof name === 'string' ? name : '') ?? [];
    return packageFound('composer', rest, version, vendor);
  });
}

/** A gem's specification, by its name: what it says is Ruby. */
export function readGem(path: string): Found {
  const [, name, version] = /([^/]+?)-(\d[^/-]*)(?:-[^/]+)?\.gemspec$/.exec(path) ?? [];
  return [packageFound('gem', name, version)];
}

function tableIn(text: string): Record<string, unknown> {
  const value = parsed(text);
  return isTable(value) ? value : {};
}

function isTable(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    // A file by the name of a manifest that is none: tests of package managers have such.
    if (error instanceof SyntaxError) return null;
    throw error;
  }
}
