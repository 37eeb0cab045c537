export const REVISION_STATES = ['draft', 'canceled', 'pending', 'ready', 'deployed', 'failed'] as const;
export type RevisionState = (typeof REVISION_STATES)[number];

export type Transition = { from: RevisionState; to: RevisionState; trigger: string };

/**
 * Every change of state that a revision can go through; code, tests and documentation draw from this
 * table. A revision is made as `draft`. One that was deployed stays `deployed` when a later one takes
 * its place: which revision is live is a pointer of the pod, not a state.
 */
export const TRANSITIONS: readonly Transition[] = [
  { from: 'draft', to: 'pending', trigger: 'deploy' },
  { from: 'draft', to: 'canceled', trigger: 'an automatic deployment starts' },
  { from: 'pending', to: 'ready', trigger: 'compiled and accepted by the cluster' },
  { from: 'pending', to: 'failed', trigger: 'not compilable, or refused by the cluster' },
  { from: 'ready', to: 'deployed', trigger: 'applied and healthy' },
  { from: 'ready', to: 'failed', trigger: 'not healthy in time' },
  { from: 'failed', to: 'pending', trigger: 'redeploy of the latest, without checksum' },
];

/** Whether a revision may go from one state straight to another. Staying is not a transition. */
export function canTransition(from: RevisionState, to: RevisionState): boolean {
  return TRANSITIONS.some((transition) => transition.from === from && transition.to === to);
}

/** The table as the text of a Mermaid state diagram. */
export function revisionStateDiagram(): string {
  const edges = TRANSITIONS.map(({ from, to, trigger }) => `  ${from} --> ${to}: ${trigger}`);
  return ['stateDiagram-v2', '  [*] --> draft', ...edges, '  canceled --> [*]', ''].join('\n');
}
