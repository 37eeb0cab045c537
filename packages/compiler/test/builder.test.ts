import { join } from 'node:path';
import { compileBuilder } from '@brainpod/compiler/builder';
import type { BuilderPlatform } from '@brainpod/compiler/builder-platform';
import { namespaceName } from '@brainpod/compiler/names';
import { expect, test } from 'vitest';
import { BUILDERS, BUILDERS_ELSEWHERE } from './builder-case.ts';
import { toYaml } from './golden-case.ts';

const CASES: [string, BuilderPlatform][] = [
  ['builder', BUILDERS],
  ['builder-elsewhere', BUILDERS_ELSEWHERE],
];

test.each(CASES)('%s compiles to its file', async (name, platform) => {
  const text = compileBuilder('green-hill', platform).map(toYaml).join('---\n');
  await expect(text).toMatchFileSnapshot(join(import.meta.dirname, `../testdata-builder/${name}.yaml`));
});

test('no pod can be called so that its namespace is that of another pod’s builds', () => {
  const builds = compileBuilder('green-hill', BUILDERS)[0]?.metadata.name ?? '';
  for (const pod of ['green-hill', 'b-green-hill', 'bpb-green-hill', builds]) {
    expect(namespaceName(pod)).not.toBe(builds);
  }
});
