import type { BuildPlan, FileTree } from './build-plan.ts';

/** What is below a folder, as if that were all. */
export function treeBelow(tree: FileTree, folder: string): FileTree {
  const prefix = `${folder}/`;
  return {
    paths: tree.paths.filter((path) => path.startsWith(prefix)).map((path) => path.slice(prefix.length)),
    readText: (path) => tree.readText(`${prefix}${path}`),
  };
}

/** The plan of a folder as one of what it is in: the whole is sent, and of it the folder is copied. */
export function planFromAbove(plan: BuildPlan, folder: string): BuildPlan {
  if (plan.kind === 'undecided') return plan;
  return {
    ...plan,
    decisions: [
      { what: `builds ${folder}`, why: 'you chose this folder', from: null },
      ...plan.decisions.map((decision) =>
        decision.from === null ? decision : { ...decision, from: `${folder}/${decision.from}` },
      ),
    ],
    dockerfile: plan.dockerfile.replaceAll(
      // Neither what comes from another stage nor what stands in the Dockerfile itself.
      /^COPY (?!--from=|<<)(.+) (\S+)$/gm,
      (_, sources: string, target: string) =>
        `COPY ${sources
          .split(' ')
          .map((source) => (source === '.' ? folder : `${folder}/${source}`))
          .join(' ')} ${target}`,
    ),
  };
}
