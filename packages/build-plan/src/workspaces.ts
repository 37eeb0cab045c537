import { ask, type BuildPlan, type FileTree, type Overrides } from './build-plan.ts';
import { treeBelow } from './chosen-folder.ts';
import { detectGo } from './detectors/go.ts';
import { moduleFolders, placeOf } from './detectors/go-workspace.ts';
import { detectJava } from './detectors/java.ts';
import { gradleFolders, mavenFolders } from './detectors/java-workspace.ts';
import { detectNode } from './detectors/node.ts';
import { memberOf, packageFolders } from './detectors/node-workspace.ts';
import { detectPython } from './detectors/python.ts';
import { uvFolders, uvMemberOf } from './detectors/python-workspace.ts';
import { detectRust } from './detectors/rust.ts';
import { crateFolders, crateOf } from './detectors/rust-workspace.ts';

/** Several packages in one tree, of which each is built with what it needs of the others. */
type Workspace = {
  /** The file that says so. */
  mark: string;
  /** The folders of its packages; null where the tree is none. */
  foldersOf: (tree: FileTree) => readonly string[] | null;
  /** The plan of one of its folders; null where that is built as if it were alone. */
  plan: (tree: FileTree, folder: string, overrides: Overrides) => BuildPlan | null;
};

const MOST_TRIED = 100;
const MOST_NAMED = 10;

const WORKSPACES: readonly Workspace[] = [
  {
    mark: 'go.work',
    foldersOf: moduleFolders,
    plan: (tree, folder, overrides) => {
      const found = placeOf(tree, folder);
      return found === null ? null : detectGo(found.tree, overrides, found.place);
    },
  },
  {
    mark: 'Cargo.toml',
    foldersOf: crateFolders,
    plan: (tree, folder, overrides) => {
      const crate = crateOf(tree, folder);
      return crate === null ? null : detectRust(crate, overrides, tree);
    },
  },
  ...[
    { mark: 'pom.xml', foldersOf: mavenFolders },
    { mark: 'settings.gradle', foldersOf: gradleFolders },
  ].map(({ mark, foldersOf }) => ({
    mark,
    foldersOf,
    plan: (tree: FileTree, folder: string, overrides: Overrides) =>
      foldersOf(tree)?.includes(folder) === true
        ? detectJava(treeBelow(tree, folder), overrides, { top: tree, folder })
        : null,
  })),
  {
    mark: 'pyproject.toml',
    foldersOf: uvFolders,
    plan: (tree, folder, overrides) => {
      const found = uvMemberOf(tree, folder);
      return found === null ? null : detectPython(found.tree, overrides, found.member);
    },
  },
  {
    mark: 'package.json',
    foldersOf: packageFolders,
    plan: (tree, folder, overrides) => {
      const found = memberOf(tree, folder);
      return found === null ? null : detectNode(found.tree, overrides, found.member);
    },
  },
];

/** The plan of a folder that is built with others of the tree; null where it is built as if it were alone. */
export function planMember(tree: FileTree, folder: string, overrides: Overrides): BuildPlan | null {
  for (const { plan } of WORKSPACES) {
    const found = plan(tree, folder, overrides);
    if (found !== null) return fromAbove(found, tree, folder);
  }
  return null;
}

/** Where each decision comes from, as it is seen from the top. */
function fromAbove(plan: BuildPlan, tree: FileTree, folder: string): BuildPlan {
  if (plan.kind === 'undecided') return plan;
  const decisions = plan.decisions.map((decision) => {
    const inside = `${folder}/${decision.from}`;
    return decision.from !== null && tree.paths.includes(inside) ? { ...decision, from: inside } : decision;
  });
  return {
    ...plan,
    decisions: [{ what: `builds ${folder}`, why: 'you chose this folder', from: null }, ...decisions],
  };
}

/**
 * The plan of the one package of a workspace that can be started, where no folder was chosen; a question that names them where
 * there are more; null where the tree is no workspace, or its top is what is built.
 */
export function planOnlyMember(tree: FileTree, planFolder: (folder: string) => BuildPlan): BuildPlan | null {
  const found = WORKSPACES.map(({ mark, foldersOf }) => ({ mark, folders: foldersOf(tree) })).find(
    ({ folders }) => folders !== null,
  );
  if (found === undefined || found.folders === null) return null;
  const [first, ...more] = found.folders;
  if (first === undefined) return null;
  // Each is looked at with all others, and whoever sends a folder says how many there are.
  const tried = found.folders.length > MOST_TRIED ? [] : found.folders;
  const planned = tried.flatMap((folder) => {
    const plan = planFolder(folder);
    return plan.kind === 'planned' ? [{ folder, plan }] : [];
  });
  const [only] = planned;
  if (only !== undefined && planned.length === 1) {
    const why = 'nothing else of the workspace can be started';
    const [, ...decisions] = only.plan.decisions;
    const builds = { what: `builds ${only.folder}`, why, from: found.mark };
    return { ...only.plan, decisions: [builds, ...decisions] };
  }
  // What is missing there is what is asked.
  if (more.length === 0) return planFolder(first);
  const what =
    planned.length > 0
      ? 'Of its packages these can be started'
      : tried.length > 0
        ? 'None of its packages tells how'
        : `It has ${found.folders.length} packages`;
  const names = namesOf(planned.length > 0 ? planned.map(({ folder }) => folder) : found.folders);
  return ask({
    name: 'directory',
    seen: `${found.mark} is of a workspace. ${what}: ${names}.`,
    answer: 'Say which folder is to be built.',
  });
}

function namesOf(folders: readonly string[]): string {
  const more = folders.length - MOST_NAMED;
  return folders.slice(0, MOST_NAMED).join(', ') + (more > 0 ? ` and ${more} more` : '');
}
