import { expect, test } from 'vitest';
import { BUILD_STATES, buildStatesBefore, hasBuildEnded } from './build-state.ts';

test('exactly these changes of state are possible', () => {
  const possible = BUILD_STATES.flatMap((to) => buildStatesBefore(to).map((from) => `${from} → ${to}`));
  expect(possible.sort()).toEqual([
    'pending → cancelled',
    'pending → failed',
    'pending → ready',
    'waiting → cancelled',
    'waiting → pending',
  ]);
});

test('what is ready, failed or cancelled has ended', () => {
  expect(BUILD_STATES.filter(hasBuildEnded)).toEqual(['ready', 'failed', 'cancelled']);
});
