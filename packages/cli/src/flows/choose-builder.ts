import type { Overrides, Planned } from '@brainpod/build-plan/build-plan';
import { hasDockerfile } from '@brainpod/builder/execute/build-image';
import { CliFailure } from '../failure.ts';
import { flagsOf, planDirectory } from './plan-directory.ts';

/** What a person says of how a directory is built. */
export type BuildChoice = {
  /** auto: by the Dockerfile where there is one, else by a plan. */
  builder?: 'auto' | 'dockerfile' | 'plan';
  /** The Dockerfile's path in the directory; `Dockerfile` where absent. */
  dockerfile?: string;
  /** Of a plan. */
  overrides?: Overrides;
};

export type ChosenBuilder = { kind: 'dockerfile'; dockerfile: string } | { kind: 'plan'; plan: Planned };

const DOCKERFILE = 'Dockerfile';

/** By which of the two a directory is built. Throws CliFailure with what stands in the way, and where what is said would be for nothing. */
export async function chooseBuilder(directory: string, choice: BuildChoice): Promise<ChosenBuilder> {
  const { builder = 'auto', dockerfile, overrides = {} } = choice;
  if (builder === 'plan') {
    if (dockerfile === undefined) return { kind: 'plan', plan: planDirectory(directory, overrides) };
    throw new CliFailure('Either --dockerfile, or --builder railpack, which does without one.', {
      exitCode: 2,
    });
  }
  const name = dockerfile ?? DOCKERFILE;
  if (await hasDockerfile(directory, name)) {
    const flags = flagsOf(overrides);
    if (flags.length === 0) return { kind: 'dockerfile', dockerfile: name };
    throw new CliFailure(
      `${directory} has a ${name}, which says how it is built: ${flags.join(', ')} would count for nothing.`,
      { exitCode: 2, advice: 'With --builder railpack it is left aside.' },
    );
  }
  if (builder === 'auto' && dockerfile === undefined) {
    return { kind: 'plan', plan: planDirectory(directory, overrides) };
  }
  throw new CliFailure(`${directory} has no ${name}.`, {
    advice: 'With --builder auto its files say how it is built. To see how: brainpod build --plan',
  });
}
