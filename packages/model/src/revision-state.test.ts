import { expect, test } from 'vitest';
import { canTransition, REVISION_STATES, revisionStateDiagram, TRANSITIONS } from './revision-state.ts';

test('exactly these changes of state are possible', () => {
  const possible = REVISION_STATES.flatMap((from) =>
    REVISION_STATES.filter((to) => canTransition(from, to)).map((to) => `${from} → ${to}`),
  );
  expect(possible.sort()).toEqual([
    'draft → canceled',
    'draft → pending',
    'failed → pending',
    'pending → failed',
    'pending → ready',
    'ready → deployed',
    'ready → failed',
  ]);
});

test('the diagram shows each transition once', () => {
  const lines = revisionStateDiagram().split('\n');
  expect(lines[0]).toBe('stateDiagram-v2');
  for (const { from, to } of TRANSITIONS) {
    expect(lines.filter((line) => line.startsWith(`  ${from} --> ${to}: `))).toHaveLength(1);
  }
});
