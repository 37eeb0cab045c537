import { ask, type BuildPlan, type Detector, type FileTree, type Overrides } from './build-plan.ts';
import { detectGo } from './detectors/go.ts';
import { detectNode } from './detectors/node.ts';

/** The first that knows the tree decides. */
const DETECTORS: readonly Detector[] = [detectNode, detectGo];

/** How to build a tree that has no Dockerfile. The same files and overrides give the same bytes; no tree makes it throw. */
export function planBuild(tree: FileTree, overrides: Overrides = {}): BuildPlan {
  for (const detect of DETECTORS) {
    const plan = detect(tree, overrides);
    if (plan !== null) return plan;
  }
  return ask({
    name: null,
    seen: 'There is neither a package.json nor a go.mod in the folder.',
    answer: 'Add a Dockerfile, or choose the folder that holds the project.',
  });
}
