import { existsSync } from 'node:fs';
import path from 'node:path';
import { BaseSequencer, type TestSpecification } from 'vitest/node';

const ROOT = path.resolve(import.meta.dirname, '../..');

/** The files that take ten seconds and more, longest first. Everything else fits beside and after them. */
const LONG_FILES = [
  'e2e/control-plane.test.ts',
  'e2e/faults.test.ts',
  'tools/base-image/ensure-base-images.integration.test.ts',
  'packages/reconciler/src/cluster-outage.integration.test.ts',
  'packages/server/test/crash.integration.test.ts',
  'packages/reconciler/src/induced-failures.integration.test.ts',
  'packages/server/src/pull-keys.integration.test.ts',
  'packages/server/test/registered-cluster.integration.test.ts',
  'packages/reconciler/src/reconciler.integration.test.ts',
  'packages/reconciler/src/interleavings.integration.test.ts',
  'packages/reconciler/src/pod-life.integration.test.ts',
  'packages/server/test/outage.integration.test.ts',
  'packages/reconciler/src/real-store.integration.test.ts',
  'packages/reconciler/src/plan-predictions.integration.test.ts',
  'packages/server/test/replicas.integration.test.ts',
  'packages/server/test/clusters.integration.test.ts',
  'packages/reconciler/src/route-switch.integration.test.ts',
  'packages/cli/src/commands/domain.integration.test.ts',
  'packages/supervisor/src/supervisor.integration.test.ts',
  'packages/kube/src/reflector.integration.test.ts',
  'packages/registry/src/sweep/registry-sweep.integration.test.ts',
  'packages/compiler/test/goldens.integration.test.ts',
  'tools/registry-clients/registry-clients.integration.test.ts',
];

/** A long file that begins last keeps everybody waiting; vitest itself knows only how large each is. */
export class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const gone = LONG_FILES.filter((file) => !existsSync(path.join(ROOT, file)));
    if (gone.length > 0)
      throw new Error(`tools/test/longest-first.ts names what is not there: ${gone.join(', ')}`);
    const rank = ({ moduleId }: TestSpecification) => {
      const at = LONG_FILES.indexOf(path.relative(ROOT, moduleId));
      return at < 0 ? LONG_FILES.length : at;
    };
    return (await super.sort(files)).toSorted((a, b) => rank(a) - rank(b));
  }
}
