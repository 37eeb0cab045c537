import { ask, type BuildPlan, type Detector, type FileTree, type Overrides } from './build-plan.ts';
import { detectGo } from './detectors/go.ts';
import { detectNode } from './detectors/node.ts';
import { detectPython } from './detectors/python.ts';
import { detectSite } from './detectors/site.ts';

/** The first that can plan decides: a project of one language often has a package.json for its pages as well. */
const DETECTORS: readonly Detector[] = [detectGo, detectPython, detectNode, detectSite];

/** How to build a tree that has no Dockerfile. The same files and overrides give the same bytes; no tree makes it throw. */
export function planBuild(tree: FileTree, overrides: Overrides = {}): BuildPlan {
  const plans = DETECTORS.map((detect) => detect(tree, overrides)).filter((plan) => plan !== null);
  const plan = plans.find(({ kind }) => kind === 'planned') ?? plans[0];
  if (plan !== undefined) return plan;
  return ask({
    name: null,
    seen: 'There is no file that tells the language: package.json, go.mod, requirements.txt, pyproject.toml, Pipfile.',
    answer: 'Add a Dockerfile, or choose the folder that holds the project.',
  });
}
