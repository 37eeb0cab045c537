import type { BuildPlan, FileTree } from './build-plan.ts';
import { treeBelow } from './chosen-folder.ts';
import { PROJECT_FILE, readProjectFile } from './project-file.ts';

/**
 * The names of what a project's steps may use and no image may hold, as brainpod.toml says: that of the whole, and that of the
 * folder that is built. Sorted; none of a file that is wrong, which the plan tells.
 */
export function wantedSecrets(tree: FileTree, folder?: string): string[] {
  const { overrides, secrets } = readProjectFile(tree);
  const below = folder ?? overrides.directory;
  const own = below === undefined ? [] : readProjectFile(treeBelow(tree, below)).secrets;
  return [...new Set([...secrets, ...own])].sort();
}

/** A plan whose steps see each of these as an environment variable of its name while they run, and no longer. */
export function withSecrets(plan: BuildPlan, names: readonly string[]): BuildPlan {
  if (plan.kind === 'undecided' || names.length === 0) return plan;
  const mounts = names.map((name) => `--mount=type=secret,id=${name},env=${name} \\\n    `).join('');
  const what = `lets the build's steps use ${names.join(', ')}`;
  return {
    ...plan,
    decisions: [...plan.decisions, { what, why: 'the file names secrets', from: PROJECT_FILE }],
    dockerfile: plan.dockerfile.replaceAll(/^RUN /gm, `RUN ${mounts}`),
  };
}
