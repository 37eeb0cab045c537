export const REVISION_STATES = ['draft', 'canceled', 'pending', 'ready', 'deployed', 'failed'] as const;
export type RevisionState = (typeof REVISION_STATES)[number];

export type Transition = { from: RevisionState; to: RevisionState; trigger: string };

/**
 * Every change of state that a revision can go through; code, tests and documentation draw from this
 * table. One that was deployed stays `deployed` when a later one takes its place: which revision is live
 * is a pointer of the pod, not a state.
 */
export const TRANSITIONS: readonly Transition[] = [
  { from: 'draft', to: 'pending', trigger: 'deploy' },
  { from: 'draft', to: 'canceled', trigger: 'discarded, or an automatic deployment starts' },
  { from: 'pending', to: 'ready', trigger: 'compiled and accepted by the cluster' },
  { from: 'pending', to: 'failed', trigger: 'not compilable, or refused by the cluster' },
  { from: 'pending', to: 'canceled', trigger: 'canceled' },
  { from: 'ready', to: 'deployed', trigger: 'applied and healthy' },
  { from: 'ready', to: 'failed', trigger: 'not healthy in time' },
  { from: 'ready', to: 'canceled', trigger: 'canceled' },
  { from: 'failed', to: 'pending', trigger: 'redeploy of the latest, without checksum' },
];

/** The states in which a revision can be made, and by what. */
export const BEGINNINGS: readonly { state: RevisionState; trigger: string }[] = [
  { state: 'draft', trigger: 'the first write' },
  { state: 'pending', trigger: 'rollback' },
];

/** The word for people: `waiting` is a pending revision whose turn has not come. */
export type RevisionPhase = RevisionState | 'waiting';

/**
 * What a person is told of a revision. `isWaiting` says that an earlier revision of the pod is still on
 * its way; deploys of one pod run one after the other.
 */
export function phaseOf(revision: { state: RevisionState; isWaiting: boolean }): RevisionPhase {
  return revision.state === 'pending' && revision.isWaiting ? 'waiting' : revision.state;
}

/** Whether a revision may go from one state straight to another. Staying is not a transition. */
export function canTransition(from: RevisionState, to: RevisionState): boolean {
  return TRANSITIONS.some((transition) => transition.from === from && transition.to === to);
}

/** The tables as the text of a Mermaid state diagram. */
export function revisionStateDiagram(): string {
  const edges = TRANSITIONS.map(({ from, to, trigger }) => `  ${from} --> ${to}: ${trigger}`);
  const beginnings = BEGINNINGS.map(({ state, trigger }) => `  [*] --> ${state}: ${trigger}`);
  return ['stateDiagram-v2', ...beginnings, ...edges, '  canceled --> [*]', ''].join('\n');
}
