import { expect, test } from 'vitest';
import {
  BEGINNINGS,
  canTransition,
  phaseOf,
  REVISION_STATES,
  revisionStateDiagram,
  TRANSITIONS,
} from './revision-state.ts';

test('exactly these changes of state are possible', () => {
  const possible = REVISION_STATES.flatMap((from) =>
    REVISION_STATES.filter((to) => canTransition(from, to)).map((to) => `${from} → ${to}`),
  );
  expect(possible.sort()).toEqual([
    'draft → canceled',
    'draft → pending',
    'failed → pending',
    'pending → canceled',
    'pending → failed',
    'pending → ready',
    'ready → canceled',
    'ready → deployed',
    'ready → failed',
  ]);
});

test('a revision is made as a draft, or pending where an earlier one is taken up again', () => {
  expect(BEGINNINGS.map(({ state }) => state)).toEqual(['draft', 'pending']);
});

test.each(REVISION_STATES)('only pending is called waiting, and %s is not', (state) => {
  expect(phaseOf({ state, isWaiting: false })).toBe(state);
  expect(phaseOf({ state, isWaiting: true })).toBe(state === 'pending' ? 'waiting' : state);
});

test('the diagram shows each transition once', () => {
  const lines = revisionStateDiagram().split('\n');
  expect(lines[0]).toBe('stateDiagram-v2');
  for (const { from, to } of TRANSITIONS) {
    expect(lines.filter((line) => line.startsWith(`  ${from} --> ${to}: `))).toHaveLength(1);
  }
  for (const { state, trigger } of BEGINNINGS) expect(lines).toContain(`  [*] --> ${state}: ${trigger}`);
});
