export const BUILD_STATES = ['waiting', 'pending', 'ready', 'failed', 'cancelled'] as const;
export type BuildState = (typeof BUILD_STATES)[number];

/** Where a build runs: here, or anywhere else and we are told of it. */
export const BUILD_ORIGINS = ['hosted', 'external'] as const;
export type BuildOrigin = (typeof BUILD_ORIGINS)[number];

/** Every change of state that a build can go through. What has ended stays as it is. */
const TRANSITIONS: readonly { from: BuildState; to: BuildState }[] = [
  { from: 'waiting', to: 'pending' },
  { from: 'waiting', to: 'cancelled' },
  { from: 'pending', to: 'ready' },
  { from: 'pending', to: 'failed' },
  { from: 'pending', to: 'cancelled' },
];

/** The states from which a build may go straight to this one. */
export function buildStatesBefore(to: BuildState): BuildState[] {
  return TRANSITIONS.filter((transition) => transition.to === to).map((transition) => transition.from);
}

/** Whether nothing will change about a build any more. */
export function hasBuildEnded(state: BuildState): boolean {
  return !TRANSITIONS.some((transition) => transition.from === state);
}

export const BUILD_LOG_KINDS = ['step-started', 'step-done', 'step-failed', 'log', 'plan', 'note'] as const;

/** One entry of a build's log. `step` is an id that is the same in all entries of a step; `name` is for people. */
export type BuildLogEntry = {
  kind: (typeof BUILD_LOG_KINDS)[number];
  step: string;
  name: string;
  line?: string;
  durationMs?: number;
  cached?: boolean;
};

/** What a person asked for beside the source. */
export type BuildOptions = {
  builder: 'auto' | 'dockerfile' | 'plan';
  /** The Dockerfile's path within the source. */
  dockerfile: string;
  /** The folder of the source that is built; "" is the whole. */
  directory: string;
  /** What is said instead of what a plan would find; by the names that a plan asks for. */
  overrides: {
    directory?: string;
    install?: string;
    build?: string;
    start?: string;
    publish?: string;
    nodeVersion?: string;
    pythonVersion?: string;
    goVersion?: string;
    rustVersion?: string;
    javaVersion?: string;
    phpVersion?: string;
    rubyVersion?: string;
    elixirVersion?: string;
    dotnetVersion?: string;
    denoVersion?: string;
  };
};

/** An image that a build made: a name for people, and a reference with its digest. */
export type BuildArtifact = { name: string; uri: string };
