import type { FileTree } from '../build-plan.ts';
import { type Manifest, readManifest } from './node-manifest.ts';

/** A package that is installed with others of one lock file. */
export type Member = {
  /** Where it is in the whole. */
  folder: string;
  /** The folders of all packages of the whole, which an installation has to know. */
  folders: readonly string[];
  /** What package.json at the top says. */
  top: Manifest;
  /** The scripts of all others. */
  scripts: readonly Readonly<Record<string, string>>[];
  /** Folders of what it uses and that is built too, in an order in which they can be. */
  uses: readonly string[];
  /** What builds it and all it uses before; null for the scripts alone. */
  builder: { name: string; build: string; from: string } | null;
};

const LOCKS = ['package-lock.json', 'yarn.lock', 'pnpm-lock.yaml', 'bun.lock', 'bun.lockb'];
/** What counts for each package, though it lies at the top. */
const OF_ALL = [...LOCKS, 'pnpm-workspace.yaml', '.yarnrc.yml', '.nvmrc', '.node-version'];

const BUILDERS = [
  { name: 'Turborepo', build: 'npx turbo run build', from: 'turbo.json' },
  // What it would leave running would hold up the step.
  { name: 'Nx', build: 'NX_DAEMON=false npx nx build', from: 'nx.json' },
];

/** Whether its files have packages in folders of it, which one lock file is for. */
export function hasPackages(tree: FileTree, manifest: Manifest): boolean {
  return manifest.isWorkspace || /^packages:/m.test(tree.readText('pnpm-workspace.yaml') ?? '');
}

/** The folders of the packages of a workspace; null where it is none. */
export function packageFolders(tree: FileTree): readonly string[] | null {
  const top = readManifest(tree.readText('package.json') ?? '');
  if (top === null || !hasPackages(tree, top)) return null;
  return (
    tree.paths
      .filter((path) => path.endsWith('/package.json') && !/(^|\/)node_modules\//.test(path))
      .map((path) => path.slice(0, path.lastIndexOf('/')))
      // What a COPY would read as more than one path stays out.
      .filter((folder) => /^[\w@./-]+$/.test(folder))
      .sort()
  );
}

/**
 * The folder as a package of a workspace of npm, pnpm, Bun or Yarn, and its tree with what counts for it of the top; null
 * where it is none, or has a lock file of its own.
 */
export function memberOf(tree: FileTree, folder: string): { member: Member; tree: FileTree } | null {
  const folders = packageFolders(tree);
  const top = readManifest(tree.readText('package.json') ?? '');
  if (top === null || folders === null || !folders.includes(folder)) return null;
  if (LOCKS.some((lock) => tree.paths.includes(`${folder}/${lock}`))) return null;
  const prefix = `${folder}/`;
  const own = tree.paths.filter((path) => path.startsWith(prefix)).map((path) => path.slice(prefix.length));
  const ofAll = OF_ALL.filter((path) => tree.paths.includes(path) && !own.includes(path));
  const manifests = new Map(
    folders.flatMap((each) => {
      const manifest = readManifest(tree.readText(`${each}/package.json`) ?? '');
      return manifest === null ? [] : [[each, manifest]];
    }),
  );
  return {
    member: {
      folder,
      folders,
      top,
      scripts: [...manifests.values()].map(({ scripts }) => scripts),
      uses: builtBefore(folder, manifests),
      builder: BUILDERS.find(({ from }) => tree.paths.includes(from)) ?? null,
    },
    tree: {
      paths: [...own, ...ofAll],
      readText: (path) => tree.readText(ofAll.includes(path) ? path : `${prefix}${path}`),
    },
  };
}

function builtBefore(folder: string, manifests: ReadonlyMap<string, Manifest>): string[] {
  const byName = new Map([...manifests].map(([each, { name }]) => [name, each]));
  const seen = new Set([folder]);
  const found: string[] = [];
  const visit = (each: string): void => {
    const manifest = manifests.get(each);
    for (const name of [...(manifest?.dependencies ?? [])].sort()) {
      const used = byName.get(name);
      if (used === undefined || seen.has(used)) continue;
      seen.add(used);
      visit(used);
    }
    if (each !== folder && manifest?.scripts.build !== undefined) found.push(each);
  };
  visit(folder);
  return found;
}
