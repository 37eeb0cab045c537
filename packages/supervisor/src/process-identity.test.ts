import { expect, test } from 'vitest';
import { parseProcStat } from './process-identity.ts';

test('finds state and start time behind a command name with brackets and blanks', () => {
  const stat = '4711 (a) b (c) S 1 4711 4711 0 -1 4194560 1 2 3 4 5 6 7 8 20 0 1 0 987654 10 20';
  expect(parseProcStat(stat)).toEqual({ state: 'S', startTicks: '987654' });
});

test('refuses a line that is too short', () => {
  expect(() => parseProcStat('1 (init) S 0')).toThrow('fewer fields');
});
