/** The kinds of packages that are found, by the names that package URLs have for them (https://github.com/package-url/purl-spec). */
export type PackageType =
  | 'apk'
  | 'cargo'
  | 'composer'
  | 'deb'
  | 'gem'
  | 'generic'
  | 'golang'
  | 'maven'
  | 'npm'
  | 'pypi';

export type PackageFound = {
  type: PackageType;
  /** The distribution of a package of a system, the group of one of Java, the vendor of one of PHP, the scope of one of npm; null for none. */
  namespace: string | null;
  name: string;
  version: string;
};

/** Longer ones are no names of packages. */
const LONGEST = 300;

/** Null where a name or a version is missing, or is none. */
export function packageFound(
  type: PackageType,
  name: unknown,
  version: unknown,
  namespace: string | null = null,
): PackageFound | null {
  if (!isName(name) || !isName(version)) return null;
  return { type, namespace, name: name.trim(), version: version.trim() };
}

/** The package's URL, such as `pkg:npm/%40hono/node-server@1.14.4`. */
export function purlOf({ type, namespace, name, version }: PackageFound): string {
  // PyPI takes a name in any of its forms.
  const told = type === 'pypi' ? name.toLowerCase().replaceAll('_', '-') : name;
  const parts = [...(namespace === null ? [] : [namespace]), told].flatMap((part) => part.split('/'));
  return `pkg:${type}/${parts.map(encoded).join('/')}@${encoded(version)}`;
}

function isName(value: unknown): value is string {
  return (
    typeof value === 'string' &&
    value.trim() !== '' &&
    value.length <= LONGEST &&
    // A name is one line.
    !/\p{Cc}/u.test(value.trim())
  );
}

/** All but letters, digits and ".-_~". */
function encoded(text: string): string {
  const rest = /[!'()*]/g;
  return encodeURIComponent(text).replaceAll(
    rest,
    (sign) => `%${sign.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}
