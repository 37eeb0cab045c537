/** What package.json says of a project. */
export type Manifest = {
  name: string;
  scripts: Readonly<Record<string, string>>;
  engine: string | null;
  packageManager: string | null;
  /** Those for development too. */
  dependencies: ReadonlySet<string>;
  isWorkspace: boolean;
  /** The path of the file that it is imported by. */
  main: string | null;
};

/** Null where it is no JSON object. */
export function readManifest(text: string): Manifest | null {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return null;
  }
  if (!isRecord(value)) return null;
  const engine = isRecord(value.engines) ? value.engines.node : undefined;
  const { name, packageManager, main } = value;
  return {
    name: typeof name === 'string' ? name : '',
    scripts: Object.fromEntries(
      Object.entries(isRecord(value.scripts) ? value.scripts : {}).flatMap(([name, script]) =>
        typeof script === 'string' ? [[name, script]] : [],
      ),
    ),
    engine: typeof engine === 'string' ? engine : null,
    packageManager: typeof packageManager === 'string' ? packageManager : null,
    isWorkspace: value.workspaces !== undefined,
    main: typeof main === 'string' && /^(\.\/)?\w[\w./-]*$/.test(main) ? main.replace(/^\.\//, '') : null,
    dependencies: new Set(
      [value.dependencies, value.devDependencies].flatMap((each) =>
        isRecord(each) ? Object.keys(each) : [],
      ),
    ),
  };
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
